"""Which part of the song the model hears and which part it makes anew, in latents.

The autoencoder turns 1920 frames at 48 kHz into one latent: 25 latents a second, latent k covers the frames
`[1920k, 1920(k+1))`. The transformer joins latents in pairs, has no absolute positions and attends over the
whole of what it is given, so its cost grows with the window and not with the song, and a window may lie
anywhere on the grid of pairs without changing the result (measured: bit for bit).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from punchin.region import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE_HZ = 48_000
FRAMES_PER_LATENT = 1920
LATENTS_PER_S = 25
PAIR = 2
"""Latents that the transformer joins into one token."""

ENCODER_EARS = 8
"""Latents at both ends of a window that only feed the encoder: it reaches 6 latents, and 8 keep the pairs."""

LEAST_WINDOW_S = 30
"""The model is steady from 30 s on (ACE-Step 1.5, docs/en/Tutorial.md)."""
LEAST_MASK_S = 3
MOST_MASK_S = 90
"""One repaint is made for 3 to 90 s (the same page) ..."""
PASS_OVERLAP_S = 15
"""... longer regions are made in passes; each goes on for this long past where the next one takes over."""
LONGEST_S = 240
"""Longest region in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule:
    """How much music the model hears.

    Attributes:
        context_s: on each side of the region.
        least_s: in all.
        buckets_s: allowed lengths of a window, for compiled models that want few shapes; empty allows all.
    """

    context_s: Fraction = Fraction(15)
    least_s: int = LEAST_WINDOW_S
    buckets_s: tuple[int, ...] = ()

    def length(self, mask: int) -> int:
        """Latents that the window of a mask of `mask` latents should have; a whole number of pairs."""
        wanted = max(self.least_s * LATENTS_PER_S, mask + 2 * self.context)
        fitting = [size * LATENTS_PER_S for size in self.buckets_s if size * LATENTS_PER_S >= wanted]
        return _up(min(fitting, default=wanted))

    @property
    def context(self) -> int:
        """Latents on each side, a whole number of pairs."""
        return _up(-(-self.context_s * LATENTS_PER_S // 1))


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of the denoiser. All numbers are latents, counted from the start of the song that was given.

    Attributes:
        window: what the model hears.
        masks: what it makes anew, sorted, inside the window.
        keep: the part of that which goes into the result; the rest of the last mask is made anew by the
            next pass.
    """

    window: Frames
    masks: tuple[Frames, ...]
    keep: tuple[Frames, ...]


def to_latents(frames: Frames) -> Frames:
    """The latents that cover these frames at 48 kHz: outward, so that all of the hole is made anew."""
    return Frames(frames.start // FRAMES_PER_LATENT, -(-frames.end // FRAMES_PER_LATENT))


def wanted_frames(holes: Sequence[Frames], total: int, rate_hz: int, rule: WindowRule) -> Frames:
    """The part of a song that the engine asks for.

    Args:
        holes: the regions, in frames of the song, sorted.
        total: length of the song in frames.
        rate_hz: the song's own rate.
        rule: how much music is heard.

    Returns:
        Frames of the song that begin on a pair of latents (exactly, for every usual rate) and hold the
        window with the encoder's ears around it; moved, not shortened, where the song begins or ends.
    """
    per_latent = Fraction(rate_hz, LATENTS_PER_S)
    song = int(-(-total // per_latent))
    masks = _masks(
        [Frames(hole.start // per_latent, int(-(-hole.end // per_latent))) for hole in holes], song
    )
    window = _window(Frames(masks[0].start, masks[-1].end), song, rule)
    heard = window.widen(ENCODER_EARS, ENCODER_EARS, song)
    end = total if heard.end == song else min(total, round(heard.end * per_latent))
    return Frames(round(heard.start * per_latent), end)


def passes(holes: Sequence[Frames], total: int, rule: WindowRule) -> list[Pass]:
    """How the holes are filled.

    The same rule that chose what to ask for finds its window again in what was given, ears left out: moving
    both by whole pairs changes nothing.

    Args:
        holes: in frames of the song that was given, at 48 kHz, sorted.
        total: its length in frames.
        rule: how much music is heard.
    """
    song = -(-total // FRAMES_PER_LATENT)
    masks = _masks([to_latents(hole) for hole in holes], song)
    whole = Frames(masks[0].start, masks[-1].end)
    if len(masks) > 1 or len(whole) <= MOST_MASK_S * LATENTS_PER_S:
        return [Pass(_window(whole, song, rule), masks, masks)]
    return _chain(whole, song, rule)


def _masks(holes: Sequence[Frames], song: int) -> tuple[Frames, ...]:
    """At least 3 s each, merged where they touch."""
    least = LEAST_MASK_S * LATENTS_PER_S
    masks: list[Frames] = []
    for hole in holes:
        mask = hole if len(hole) >= least else _around(hole, least, song)
        if masks and mask.start <= masks[-1].end:
            mask = Frames(masks.pop().start, mask.end)
        masks.append(mask)
    return tuple(masks)


def _window(mask: Frames, song: int, rule: WindowRule) -> Frames:
    window = _around(mask, rule.length(len(mask)), song)
    # Whole pairs, and always as many for a length: a compiled model knows few. The song's own end may be half
    # a pair, which the transformer fills itself.
    start = window.start - window.start % PAIR
    return Frames(start, min(song, max(start + _up(len(window)), mask.end)))


def _around(inner: Frames, length: int, song: int) -> Frames:
    """`length` latents with `inner` in the middle, moved into the song, not cut; all of a short song."""
    if length >= song:
        return Frames(0, song)
    start = min(max(0, inner.start - (length - len(inner)) // 2), song - length)
    return Frames(start, start + length)


def _chain(mask: Frames, song: int, rule: WindowRule) -> list[Pass]:
    """Passes of equal length over a long mask, left to right.

    Each hears what the one before made. Only the last hears what comes after the region, because for the
    others that music will not be there.
    """
    most, overlap = MOST_MASK_S * LATENTS_PER_S, PASS_OVERLAP_S * LATENTS_PER_S
    count = -(-(len(mask) - overlap) // (most - overlap))
    stride = -(-(len(mask) - overlap) // count)
    starts = [mask.start + number * stride for number in range(count)]
    chain: list[Pass] = []
    for start, following in pairwise([*starts, mask.end]):
        last = following == mask.end
        end = mask.end if last else following + overlap
        left = max(0, start - rule.context)
        right = mask.end + rule.context if last else end
        window = Frames(left - left % PAIR, min(song, _up(right)))
        chain.append(Pass(window, (Frames(start, end),), (Frames(start, following),)))
    return chain


def _up(latents: int | Fraction) -> int:
    return -(-int(latents) // PAIR) * PAIR

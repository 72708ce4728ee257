"""Which frames of an MP3 are made new for an edit, and where the sound can change then.

Layer III frames overlap: a granule (576 samples) fades into the next one (MDCT, 11172-3, 2.4.3.4.10.3), and
the filter bank remembers 480 samples more (2.4.3.2.2: 512 taps, 32 samples a step). Counting decoded samples
from the first that a decoder gives, frame `f` of `n` samples begins at `f * n`, and

* if frames before `first` are kept, every sample before `first * n` is kept;
* if frames from `last` on are kept, every sample from `last * n + SETTLE` on is kept.

Between kept and new frames the aliasing of one granule must cancel that of its neighbour, so the first and
the last new granules code the song's own sound: the edit itself lies LEAD samples behind the first joint and
TRAIL samples in front of the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.errors import RegionError
from punchin.region import Frames
from punchin.songfile.mpeg import GRANULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from punchin.songfile.mp3 import Mp3File

FILTER_MEMORY = 480
SETTLE = GRANULE + FILTER_MEMORY
LEAD = GRANULE * 2 + GRANULE // 4
"""One granule of overlap and half the filter bank's length (240) would do for the sound; but LAME looks for
attacks one granule ahead, and one at the start of the edit must not make the window at the joint a short one.
Measured: with 1152 samples an edit that starts with a bang has a joint of 15 dB SNR, with 1296 of 39 dB."""
TRAIL = GRANULE
LEAST_WRITABLE = GRANULE
"""Less than this is no music; the region is refused."""
SEARCHED = 3
"""So many frames are tried at each end for one at which the window is long: joints there are the cleanest."""


@dataclass(frozen=True, slots=True)
class Span:
    """The frames `[first, last)` that are made new."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first)


def writable(song: Mp3File, region: Frames) -> Frames:
    """See `Splicer.writable`; `edit_span` of the result lies inside the region.

    Raises:
        RegionError: if the region is too short.
    """
    size = song.stream.form.frame_samples
    first, last = _bounds(song, region)
    start = _best(song, range(first, first + SEARCHED), joins_at_first=True)
    end = _best(song, range(last, last - SEARCHED - 1, -1), joins_at_first=False)
    for one, other in ((start, end), (first, end), (start, last), (first, last)):
        frames = _inside(song, region, Span(one, other))
        if len(frames) >= LEAST_WRITABLE:
            return frames
    shortest = 2 * (size - 1) + LEAD + LEAST_WRITABLE + TRAIL + SETTLE
    raise RegionError(
        f"the region is {len(region) / song.rate_hz:.3f} s long; the frames of an MP3 overlap, so that it "
        f"takes {shortest / song.rate_hz:.3f} s to change something; give a longer region, or --format wav"
    )


def _bounds(song: Mp3File, region: Frames) -> tuple[int, int]:
    """The widest span of whole frames whose change stays inside the region."""
    size = song.stream.form.frame_samples
    tag = song.stream.tag
    # The frame of a VBRI tag is played, but it is no sound that could be made new.
    lowest = 1 if tag is not None and tag.is_played else 0
    first = lowest if region.start == 0 else -(-(region.start + song.skip) // size)
    last = len(song.stream)
    if region.end < song.frames:
        last = min(last, (region.end + song.skip - SETTLE) // size)
    return max(lowest, first), last


def _best(song: Mp3File, candidates: Iterable[int], *, joins_at_first: bool) -> int:
    """The first candidate at which the kept side of the joint has a long window, else the first of all."""
    stream = song.stream
    numbers = [number for number in candidates if 0 <= number <= len(stream)]
    for number in numbers:
        kept = number - 1 if joins_at_first else number
        if not 0 <= kept < len(stream):
            return number
        side = stream.side(stream.frames(kept, kept + 1)[0])
        if side.falls_long() if joins_at_first else side.rises_long():
            return number
    return numbers[0] if numbers else 0


def _inside(song: Mp3File, region: Frames, span: Span) -> Frames:
    """Where the sound can change if these frames are made new; empty if nowhere."""
    size = song.stream.form.frame_samples
    starved = song.stream.starved
    if len(span) < 1 or (span.last < len(song.stream) and starved and span.last <= max(starved)):
        # A frame that lacks its reservoir is silent; new frames in front would give it one, and noise.
        return Frames(0, 0)
    at_start, at_end = region.start == 0, region.end == song.frames
    start = 0 if at_start else max(region.start, span.first * size + LEAD - song.skip)
    end = region.end if at_end else min(region.end, span.last * size - TRAIL - song.skip)
    return Frames(start, end) if 0 <= start < end else Frames(0, 0)


def edit_span(song: Mp3File, patch: Frames) -> Span:
    """The fewest frames that must be made new so that the sound of `patch` can change.

    Raises:
        ValueError: if the patch does not leave room for the joints, or reaches beyond the song.
    """
    size = song.stream.form.frame_samples
    lowest = _bounds(song, Frames(0, song.frames))[0]
    first = lowest if patch.start == 0 else (patch.start + song.skip - LEAD) // size
    last = len(song.stream)
    if patch.end < song.frames:
        last = -(-(patch.end + song.skip + TRAIL) // size)
    if len(patch) == 0 or patch.end > song.frames or first < lowest or last > len(song.stream):
        raise ValueError(f"{patch} is not inside a range that `writable` gave")
    return Span(first, last)


def changed(song: Mp3File, span: Span) -> Frames:
    """The frames of the song whose decoded samples may differ if these frames are made new."""
    size = song.stream.form.frame_samples
    start = max(0, span.first * size - song.skip)
    if span.last == len(song.stream):
        return Frames(start, song.frames)
    return Frames(start, min(song.frames, span.last * size + SETTLE - song.skip))

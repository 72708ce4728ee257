"""Makes room: codes a few frames at the ends of an edit at a lower bitrate until everything fits.

The first new frames find no reservoir that they could use, though LAME had one; the last must leave room for
what the next kept frame looks back for. Larger containers give that room; where they may not grow
(320 kbit/s, or a song whose bitrate must not change) a few frames do with less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punchin.splice.mp3coding import settable_kbps
from punchin.splice.mp3joints import Span
from punchin.splice.mp3packing import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punchin.songfile.mpeg import Form
    from punchin.splice.mp3coding import CodedFrame
    from punchin.splice.mp3packing import Container

LENGTHS = (1, 2, 3, 4, 6, 9, 13)
"""So many frames at an end are tried at a lower bitrate."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the frames must fit into.

    Attributes:
        least: the smallest container of each frame.
        tail: bytes to be left free at the end.
        form: of all frames.
        highest: the largest bitrate index of a container.
        lightest: the lowest bitrate of a frame, as a part of what the edit is coded at.
    """

    least: Sequence[Container]
    tail: int
    form: Form
    highest: int
    lightest: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """Frames, and containers that hold them."""

    frames: list[CodedFrame]
    containers: list[Container]


@dataclass(slots=True)
class Takes:
    """The frames of an edit, coded at several bitrates; each is coded once, when it is first asked for.

    Attributes:
        code: codes a span at a bitrate.
        span: the frames of the edit.
        kbps: the bitrate of most of it.
    """

    code: Callable[[Span, int], list[CodedFrame]]
    span: Span
    kbps: int
    _done: dict[tuple[Span, int], list[CodedFrame]] = field(
        default_factory=dict[tuple[Span, int], "list[CodedFrame]"]
    )

    def all(self) -> list[CodedFrame]:
        """All frames at the edit's bitrate."""
        return self._at(self.span, self.kbps)

    def start(self, kbps: int) -> list[CodedFrame]:
        """The first frames at a bitrate."""
        return self._at(Span(self.span.first, self.span.first + self.longest), kbps)

    def end(self, kbps: int) -> list[CodedFrame]:
        """The last frames at a bitrate."""
        return self._at(Span(self.span.last - self.longest, self.span.last), kbps)

    @property
    def longest(self) -> int:
        """How many frames at each end can be had at another bitrate."""
        return min(LENGTHS[-1], len(self.span))

    def _at(self, span: Span, kbps: int) -> list[CodedFrame]:
        if (span, kbps) not in self._done:
            self._done[span, kbps] = self.code(span, kbps)
        return self._done[span, kbps]


def lighten_until_fit(takes: Takes, limits: Limits) -> Fitted | None:
    """Frames that fit: as many as possible at the edit's own bitrate. None if nothing fits."""
    lower = [
        kbps
        for kbps in reversed(settable_kbps(limits.form))
        if limits.lightest * takes.kbps <= kbps < takes.kbps
    ]
    for begun in _light_starts(takes, lower):
        if fit(begun, limits.least, 0, limits.form, limits.highest) is None:
            continue
        for frames in _light_ends(takes, begun, lower):
            containers = fit(frames, limits.least, limits.tail, limits.form, limits.highest)
            if containers is not None:
                return Fitted(frames, containers)
    return None


def _light_starts(takes: Takes, lower: Sequence[int]) -> Iterator[list[CodedFrame]]:
    frames = takes.all()
    yield frames
    for kbps in lower:
        light = takes.start(kbps)
        for count in _best_first(LENGTHS, len(light), lambda n, light=light: _meet(light, frames, n)):
            yield [*light[:count], *frames[count:]]


def _light_ends(takes: Takes, frames: list[CodedFrame], lower: Sequence[int]) -> Iterator[list[CodedFrame]]:
    yield frames
    for kbps in lower:
        light = [*frames[: len(frames) - takes.longest], *takes.end(kbps)]
        for count in _best_first(
            LENGTHS, takes.longest, lambda n, light=light: _meet(frames, light, len(frames) - n)
        ):
            at = len(frames) - count
            yield [*frames[:at], *light[at:]]


def _best_first(counts: Sequence[int], most: int, meets: Callable[[int], bool]) -> list[int]:
    """The counts that can be, first those at which windows match on both sides of the change."""
    possible = [count for count in counts if count <= most] or [most]
    return sorted(possible, key=lambda count: not meets(count))


def _meet(before: Sequence[CodedFrame], after: Sequence[CodedFrame], at: int) -> bool:
    """Whether the windows of two codings match if frames from `at` on come from the second."""
    if not 0 < at < min(len(before), len(after)):
        return True
    return before[at - 1].info.falls_long() and after[at].info.rises_long()

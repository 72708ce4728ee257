"""Where in the song: a position as people write it, and the exact frames that it means.

Positions outside are seconds (or samples), inside they are frames; the one door between the two is
`Region.frames`. All arithmetic is exact (`fractions.Fraction`): 0.1 s at 44,100 Hz is frame 4,410 and
nothing else. Everything is half-open, `[start, end)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from punchin.errors import RegionError


@dataclass(frozen=True, slots=True, order=True)
class Frames:
    """A half-open run of frames `[start, end)`; a frame is one sample of every channel."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"need 0 <= start <= end, not {self.start}, {self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, other: Frames) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Frames) -> bool:
        """Whether the two share at least one frame."""
        return self.start < other.end and other.start < self.end

    def widen(self, before: int, after: int, total: int) -> Frames:
        """This run with `before` more frames in front and `after` behind, cut to `[0, total)`."""
        return Frames(max(0, self.start - before), min(total, self.end + after))

    def within(self, outer: Frames) -> Frames:
        """This run, counted from the start of `outer`.

        Raises:
            ValueError: if this run does not lie inside `outer`.
        """
        if self not in outer:
            raise ValueError(f"{self} is not inside {outer}")
        return Frames(self.start - outer.start, self.end - outer.start)


_CLOCK = re.compile(r"(?:(?P<h>\d+):)?(?:(?P<m>\d+):)?(?P<s>\d+(?:\.\d*)?|\.\d+)s?")
_SAMPLES = re.compile(r"(?P<n>\d+)\s*(?:samples|smp)")
_FORMS = "41, 41.5, 0:41.5, 1:02:03.250, 1808100 samples, end, end-12.5 or end-0:12.5"


@dataclass(frozen=True, slots=True)
class Mark:
    """One position in a song, as it was written: seconds or samples, from the start or back from the end.

    Attributes:
        offset: how far from the origin; seconds, or frames of the song if `in_samples`.
        from_end: counted back from the end of the song.
        in_samples: `offset` counts samples of the song's own rate, not seconds.
    """

    offset: Fraction
    from_end: bool = False
    in_samples: bool = False

    @classmethod
    def parse(cls, text: str | float | Fraction) -> Self:
        """Read a position.

        Args:
            text: seconds as a number (negative counts back from the end), or one of the forms
                `41`, `41.5`, `0:41.5`, `1:02:03.250`, `1808100 samples`, `end`, `end-12.5`, `-12.5`.

        Raises:
            RegionError: if it is none of these.
        """
        if not isinstance(text, str):
            return cls._number(text)
        body = text.strip().lower()
        if body == "end":
            return cls(Fraction(0), from_end=True)
        from_end = False
        if body.startswith(("end-", "end -", "-")):
            body, from_end = body.partition("-")[2].strip(), True
        if samples := _SAMPLES.fullmatch(body):
            return cls(Fraction(samples["n"]), from_end, in_samples=True)
        clock = _CLOCK.fullmatch(body)
        if clock is None:
            raise RegionError(f"cannot read {text!r} as a time; write {_FORMS}")
        return cls(_clock_seconds(text, clock), from_end)

    @classmethod
    def _number(cls, number: float | Fraction) -> Self:
        try:
            # str() gives the shortest decimal that means this float: 0.1 is a tenth, as its writer meant.
            seconds = Fraction(str(number))
        except ValueError:
            raise RegionError(f"cannot read {number!r} as a time; write {_FORMS}") from None
        return cls(abs(seconds), from_end=seconds < 0)

    def frame(self, rate_hz: int, total: int) -> int:
        """The frame that this position means in a song of `total` frames; may lie outside the song.

        Seconds are rounded to the nearest frame (ties to even).
        """
        offset = round(self.offset if self.in_samples else self.offset * rate_hz)
        return total - offset if self.from_end else offset

    def __str__(self) -> str:
        if self.in_samples:
            body = f"{self.offset} samples"
        elif self.from_end and self.offset == 0:
            return "end"
        else:
            body = str(float(self.offset)) if self.offset.denominator > 1 else str(self.offset)
        return f"end-{body}" if self.from_end else body


def _clock_seconds(text: str, clock: re.Match[str]) -> Fraction:
    hours, minutes = clock["h"], clock["m"]
    if minutes is None:  # "m:ss" puts the minutes into the first group
        hours, minutes = None, hours
    seconds = Fraction(clock["s"].rstrip(".") or "0")
    if minutes is not None and seconds >= 60:
        raise RegionError(f"{text!r} has {float(seconds):g} seconds after the colon; they go up to 59.999")
    if hours is not None and int(minutes or 0) >= 60:
        raise RegionError(f"{text!r} has {minutes} minutes after the hours; they go up to 59")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


def clock(seconds: Fraction | float) -> str:
    """Seconds as people read them: `0:41.500`, `1:02:03.250`, rounded to a millisecond.

    >>> clock(194.605)
    '3:14.605'
    """
    ms = round(Fraction(str(seconds)) * 1000 if isinstance(seconds, float) else seconds * 1000)
    sign, ms = ("-" if ms < 0 else ""), abs(ms)
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, ms = divmod(rest, 1000)
    if hours:
        return f"{sign}{hours}:{minutes:02}:{whole:02}.{ms:03}"
    return f"{sign}{minutes}:{whole:02}.{ms:03}"


@dataclass(frozen=True, slots=True)
class Region:
    """The part to record anew: punch-in and punch-out point, half-open `[start, end)`."""

    start: Mark
    end: Mark

    @classmethod
    def parse(cls, start: str | float | Fraction, end: str | float | Fraction) -> Self:
        """Both positions, in any form that `Mark.parse` reads.

        Raises:
            RegionError: if one cannot be read.
        """
        return cls(Mark.parse(start), Mark.parse(end))

    def frames(self, rate_hz: int, total: int) -> Frames:
        """The exact frames `[start, end)` in a song of `total` frames: the only way from seconds to frames.

        Raises:
            RegionError: if a position lies outside the song, or the end is not after the start.
        """
        start, end = self.start.frame(rate_hz, total), self.end.frame(rate_hz, total)

        def at(frame: int) -> str:
            return clock(Fraction(frame, rate_hz))

        length = f"the song is {at(total)} long"
        for word, frame in (("starts", start), ("ends", end)):
            if frame < 0:
                raise RegionError(f"region {word} {at(-frame)} before the song begins; {length}")
        if start >= total:
            raise RegionError(f"region starts at {at(start)}, {length}")
        if end > total:
            raise RegionError(f"region ends at {at(end)}, {length}; write 'end' for its end")
        if start >= end:
            raise RegionError(f"region ends at {at(end)}, not after its start at {at(start)}; {length}")
        return Frames(start, end)

"""Step notation: `X... ..x. X-.. ....` is a bar of four beats in sixteenths, as drum machines write it."""

from __future__ import annotations

from dataclasses import dataclass

STEPS_A_BEAT = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One mark of a pattern.

    Attributes:
        at: which sixteenth of the bar it stands on, from 0.
        length: how many sixteenths it lasts: itself and the dashes after it.
        mark: the sign that was written; what it means depends on who plays it.
    """

    at: int
    length: int
    mark: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """One or more bars of steps.

    Attributes:
        bars: the steps of each bar, in order.
        beats: how long every bar is.
    """

    bars: tuple[tuple[Step, ...], ...]
    beats: int

    def bar(self, number: int) -> tuple[Step, ...]:
        """The bar that is played as the `number`-th: the pattern goes round."""
        return self.bars[number % len(self.bars)]


def parse_pattern(text: str, marks: str) -> Pattern:
    """Read a pattern.

    Args:
        text: marks in groups of four, one group a beat; `|` parts bars, `-` holds on, `.` is nothing.
        marks: the signs that may stand in it besides `-` and `.`.

    Raises:
        ValueError: on other signs, groups that are not four long, bars of different lengths.
    """
    bars: list[tuple[Step, ...]] = []
    beats: set[int] = set()
    for bar in text.split("|"):
        groups = bar.split()
        if not groups or any(len(group) != STEPS_A_BEAT for group in groups):
            raise ValueError(f"every beat is a group of {STEPS_A_BEAT} signs, not {bar.strip()!r}")
        beats.add(len(groups))
        bars.append(_steps("".join(groups), marks))
    if len(beats) > 1:
        raise ValueError(f"bars of {' and '.join(map(str, sorted(beats)))} beats in one pattern: {text!r}")
    return Pattern(tuple(bars), beats.pop())


def _steps(signs: str, marks: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for at, sign in enumerate(signs):
        if sign == "-":
            # A dash at the start of a bar would hold the bar before, whose note ended at the barline.
            if steps and steps[-1].at + steps[-1].length == at:
                steps[-1] = Step(steps[-1].at, steps[-1].length + 1, steps[-1].mark)
        elif sign in marks:
            steps.append(Step(at, 1, sign))
        elif sign != ".":
            raise ValueError(f"{sign!r} is none of the signs {marks} - .")
    return tuple(steps)

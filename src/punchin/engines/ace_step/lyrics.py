"""What shall be sung in the window: the right sheet from whatever the person has at hand.

The model attends over the whole sheet it is given, without times, so it must get the lines that are sung in
the window and no others: the whole song's sheet on a ten-second repaint is the best-known reason for mumbled
or missing vocals (ACE-Step-1.5 issues 458, 1116). Three forms are understood:

    new lines only          the words of the region, as they are
    braces                  the sheet of the song with the region's words in { }; the lines beside them that
                            fit into the pre-roll and post-roll stay, the rest is left out
    times (LRC)             [0:41.5] in front of each line; the lines whose time lies in the window stay
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from punchin.errors import EditError

INSTRUMENTAL = "[Instrumental]"
"""How the model is told that nobody sings (ACE-Step 1.5, docs/en/Tutorial.md)."""

SECONDS_PER_LINE = 3.75
"""A sung line in a song of 128 bpm takes two bars."""
QUICKEST_LINE_S = 1.0
"""More lines than one a second cannot be sung."""

_INST = re.compile(r"\[\s*inst(?:rumental)?\s*\]", re.IGNORECASE)
_TIME = re.compile(r"\[(\d+):(\d{1,2}(?:[.:]\d+)?)\]")
_TAG = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the region lies in what the model hears, in seconds.

    Attributes:
        before_s, region_s, after_s: pre-roll, region and post-roll.
        region_start_s: of the region in the song; None where it is not known.
    """

    before_s: float
    region_s: float
    after_s: float
    region_start_s: float | None = None

    @property
    def window_s(self) -> float:
        """All of it."""
        return self.before_s + self.region_s + self.after_s


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lyrics as the model gets them.

    Attributes:
        text: lines and section tags.
        sung: the lines of the region, without tags.
        warnings: sentences for the person.
    """

    text: str
    sung: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def build_sheet(lyrics: str, place: Place) -> Sheet:
    """The sheet of one window.

    Raises:
        EditError: if braces do not match, or hold nothing.
    """
    body = _INST.sub(INSTRUMENTAL, lyrics).strip()
    if _TIME.search(body):
        return _timed(body, place)
    if "{" in body or "}" in body:
        return _marked(body, place)
    return _checked(Sheet(body, _words(body)), place.region_s)


def fits_anywhere(lyrics: str) -> bool:
    """Whether the lyrics mean the same for several regions at once: no words, or words with times (LRC)."""
    body = _INST.sub(INSTRUMENTAL, lyrics).strip()
    return bool(_TIME.search(body)) or not _words(body.replace("{", "").replace("}", ""))


def split_sheet(sheet: Sheet, parts: int) -> list[Sheet]:
    """The sheet for each of several passes over one region: its lines dealt out evenly, in order.

    A pass without lines of its own gets none, except where nobody sings at all.
    """
    lines = sheet.text.splitlines()
    if parts == 1 or sheet.text in ("", INSTRUMENTAL):
        return [sheet] * parts
    edges = [round(len(lines) * part / parts) for part in range(parts + 1)]
    texts = ["\n".join(lines[start:end]) for start, end in pairwise(edges)]
    return [Sheet(text, _words(text)) for text in texts]


def _timed(body: str, place: Place) -> Sheet:
    if place.region_start_s is None:
        text = _TIME.sub("", body)
        why = "the times in the lyrics were not used: the region is not given in seconds from the start"
        return _checked(Sheet(text, _words(text), (why,)), place.window_s)
    start_s = place.region_start_s - place.before_s
    end_s = place.region_start_s + place.region_s + place.after_s
    kept: list[str] = []
    sung: list[str] = []
    for line in body.splitlines():
        words = _TIME.sub("", line).strip()
        for time in _TIME.finditer(line):
            at_s = int(time[1]) * 60 + float(time[2].replace(":", "."))
            if start_s <= at_s < end_s:
                kept.append(words)
                if place.region_start_s <= at_s < place.region_start_s + place.region_s:
                    sung += _words(words)
    if not kept:
        return Sheet("", (), ("no line of the lyrics has its time inside the window, so none was used",))
    return Sheet("\n".join(kept), tuple(sung))


def _marked(body: str, place: Place) -> Sheet:
    before, _, rest = body.partition("{")
    new, closing, after = rest.partition("}")
    if not closing or "}" in before or "{" in new + after or "}" in after:
        raise EditError("put the lines of the region between one { and one }")
    if not new.strip():
        raise EditError("there is nothing between { and }; write [inst] there for no vocals")
    lead = _last_lines(before, ceil(place.before_s / SECONDS_PER_LINE))
    tail = _first_lines(after, ceil(place.after_s / SECONDS_PER_LINE))
    text = "\n".join(part for part in (lead, new.strip(), tail) if part)
    return _checked(Sheet(text, _words(new)), place.region_s)


def _last_lines(text: str, count: int) -> str:
    """The last `count` sung lines, with the tag of the section in which they begin."""
    return "\n".join(reversed(_first_lines("\n".join(reversed(text.splitlines())), count).splitlines()))


def _first_lines(text: str, count: int) -> str:
    kept: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if _TAG.fullmatch(line):
            kept.append(line)
        elif count > 0:
            kept.append(line)
            count -= 1
        else:
            break
    return "\n".join(kept)


def _checked(sheet: Sheet, length_s: float) -> Sheet:
    lines = len(sheet.sung)
    if lines <= max(2, length_s / QUICKEST_LINE_S):
        return sheet
    why = (
        f"{lines} lines are more than can be sung in {length_s:.1f} s; give only the lines of the region, "
        "or the whole sheet with those lines between { and }"
    )
    return Sheet(sheet.text, sheet.sung, (*sheet.warnings, why))


def _words(text: str) -> tuple[str, ...]:
    return tuple(line for raw in text.splitlines() if (line := _TAG.sub("", raw).strip()))

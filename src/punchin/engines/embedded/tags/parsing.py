"""Tags in, style out, and an honest account of what was not used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from punchin.engine import Unused
from punchin.engines.embedded.tags import phrases
from punchin.engines.embedded.tags.blending import blend, without
from punchin.engines.embedded.tags.settings import MEANINGS, MOST_PARTS, apply
from punchin.engines.embedded.tags.style import Role, Style
from punchin.engines.embedded.tags.vocabulary import Kind, vocabulary
from punchin.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.tags.phrases import Found
    from punchin.engines.embedded.tags.vocabulary import Setting, Term, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the song and the edit offer; tags that need what is missing are reported as unused.

    Attributes:
        words: there are lyrics to sing.
        stereo: the song has two channels or more.
        beat: the song has a steady beat.
    """

    words: bool = True
    stereo: bool = True
    beat: bool = True


@dataclass(frozen=True, slots=True)
class ParsedTags:
    """What the tags mean.

    Attributes:
        style: every decision they make.
        used: the tags that shaped it, as typed; "no drums" where something is left out.
        unused: tags that are understood but change nothing here, each with the reason.
        unknown: words that mean nothing, each with near names if there are any.
    """

    style: Style
    used: tuple[str, ...]
    unused: tuple[Unused, ...]
    unknown: tuple[Unused, ...]


ALREADY = "everything it asks for is so already"
OVERRULED = "other tags decide all that it asks for"
NOTHING_TO_LEAVE_OUT = "only sounds that were added can be left out, and none of these was"

_MISSING = {
    "words": "there are no words to sing",
    "stereo": "the song has one channel",
    "beat": "no steady beat was found in the song",
}


def parse_tags(tags: Sequence[str], circumstances: Circumstances | None = None) -> ParsedTags:
    """Turn tags into a style.

    Args:
        tags: as typed; "lofi, chill" in one string is two tags, "dark lofi piano" three terms.
        circumstances: what the song and the edit offer; None offers everything.

    Raises:
        EditError: if there are tags and not one word of them is known; names near matches.
    """
    words = vocabulary()
    found: list[Found] = []
    unused: list[Unused] = []
    unknown: list[Unused] = []
    for tag in phrases.split_tags(tags):
        for item in phrases.read_tag(tag, words):
            match item:
                case phrases.Found():
                    found.append(item)
                case phrases.Settled():
                    unused.append(Unused(item.said, item.why))
                case phrases.Lost():
                    unknown.append(Unused(item.said, _not_known(item.near)))
    if unknown and not found and not unused:
        raise EditError(_refusal(unknown, words))
    return _shape(found, unused, unknown, circumstances or Circumstances())


def _not_known(near: tuple[str, ...]) -> str:
    return f"not known; near it: {', '.join(near)}" if near else "not known"


def _refusal(unknown: Sequence[Unused], words: Vocabulary) -> str:
    said = "; ".join(f"{item.what!r} is {item.why}" for item in unknown)
    some = ", ".join(term.name for term in list(words.of(Kind.GENRES))[:8])
    return f"no tag is known: {said}. Tags name genres ({some} ...), instruments, moods or effects"


def _shape(
    found: Sequence[Found], unused: list[Unused], unknown: list[Unused], here: Circumstances
) -> ParsedTags:
    """Genres make the base, as typed; then drums, instruments, moods ...; what is left out comes last."""
    order = list(Kind)
    wanted = sorted((f for f in found if not f.negated), key=lambda f: order.index(f.term.kind))
    style = Style()
    heard: list[Found] = []
    for item in [*wanted, *(f for f in found if f.negated)]:
        new, why = style, item.term.reason or ("" if item.negated else _missing(item.term, here))
        if not why:
            new = _decide(style, item, first=not heard)
            why = _why_unchanged(style, item)
        if new == style:
            unused.append(Unused(_said(item), why))
        else:
            heard.append(item)
        style = new
    while (item := _overruled(heard, style)) is not None:
        unused.append(Unused(_said(item), OVERRULED))
        heard = [other for other in heard if other is not item]
    used = tuple(dict.fromkeys(_said(item) for item in sorted(heard, key=found.index)))
    return ParsedTags(style, used, tuple(unused), tuple(unknown))


def _decide(style: Style, item: Found, *, first: bool) -> Style:
    """The style with one more term; a genre after the first is blended in."""
    if item.negated:
        return without(style, item.term)
    if item.term.kind is not Kind.GENRES:
        return _apply_all(style, item.term.settings, asked=True)
    own = _apply_all(Style(), item.term.settings, asked=False)
    return own if first else blend(style, own)


def _decide_all(items: Sequence[Found]) -> Style:
    style = Style()
    for k, item in enumerate(items):
        style = _decide(style, item, first=k == 0)
    return style


def _overruled(heard: Sequence[Found], style: Style) -> Found | None:
    """A term without which the style would be the same, because later ones decide all that it decides."""
    for item in heard:
        if _decide_all([other for other in heard if other is not item]) == style:
            return item
    return None


def _said(item: Found) -> str:
    return f"no {item.said}" if item.negated else item.said


def _why_unchanged(style: Style, item: Found) -> str:
    """The reason to give if a term changes nothing."""
    if item.negated:
        return NOTHING_TO_LEAVE_OUT
    brings = {s.arguments[0] for s in item.term.settings if s.word in get_args(Role)}
    if brings - {part.instrument for part in style.parts} and len(style.parts) >= MOST_PARTS:
        return f"{MOST_PARTS} other instruments play already"
    return ALREADY


def _apply_all(style: Style, settings: Sequence[Setting], *, asked: bool) -> Style:
    for setting in settings:
        style = apply(style, setting, asked=asked)
    return style


def _missing(term: Term, here: Circumstances) -> str:
    """Why a term cannot be heard here: every one of its settings needs something that is not there."""
    reasons: list[str] = []
    for setting in term.settings:
        need = MEANINGS[setting.word].needs
        if need is None or getattr(here, need) or setting.arguments == ("none",):
            return ""
        reasons.append(_MISSING[need])
    return " and ".join(dict.fromkeys(reasons))

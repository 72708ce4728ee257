"""What each setting of the vocabulary does to a style: one word, one small function, no side effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast, get_args

from punchin.engines.embedded.tags.style import Bass, Delivery, Part, Role, Style, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from punchin.engines.embedded.tags.vocabulary import Setting

Need = Literal["words", "stereo", "beat"]
"""What must be there for a setting to be heard: words to sing, two channels, a steady beat."""

MOST_PARTS = 5
"""How many instruments may play at once besides drums and bass; more would only mask each other."""

STEP_BACK_DB = -4.0
"""How far a genre's instrument steps back when a tag names another for the same role."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word does.

    Attributes:
        apply: (style, arguments, asked) → style; `asked` is true unless a genre says it.
        needs: what must be there for it to be heard.
    """

    apply: Callable[[Style, Sequence[str], bool], Style]
    needs: Need | None = None


def apply(style: Style, setting: Setting, *, asked: bool) -> Style:
    """The style with one more decision made.

    Args:
        style: what is decided already.
        setting: the decision.
        asked: whether a person named it, rather than a genre bringing it.

    Raises:
        ValueError: if the word or its arguments mean nothing.
    """
    meaning = MEANINGS.get(setting.word)
    if meaning is None:
        raise ValueError(f"{setting.word!r} is no setting; these are: {', '.join(sorted(MEANINGS))}")
    try:
        return meaning.apply(style, setting.arguments, asked)
    except (IndexError, ValueError) as error:
        raise ValueError(f"cannot read the setting {str(setting)!r}: {error}") from error


# ---- Drums ------------------------------------------------------------------------------------------------


def _groove(style: Style, args: Sequence[str], asked: bool) -> Style:
    # New drums replace the song's own, or the two would flam. A genre says so in its own `bed`.
    lowered = min(style.percussive_db, -40.0 if asked else 0.0)
    asked = asked or style.drums_asked
    return replace(style, groove=args[0], tops=None, percussive_db=lowered, drums_asked=asked)


def _beat(style: Style, args: Sequence[str], asked: bool) -> Style:
    return (
        replace(style, drums_asked=asked or style.drums_asked)
        if style.groove
        else _groove(style, args, asked)
    )


def _percussion(style: Style, args: Sequence[str], asked: bool) -> Style:
    return replace(style, percussion=_joined(style.percussion, args), drums_asked=asked or style.drums_asked)


def _silence(style: Style, args: Sequence[str], _asked: bool) -> Style:
    if args[0] == "drums":
        return replace(style, groove=None, tops=None, percussion=(), percussive_db=-60.0)
    if args[0] == "bass":
        tone = replace(style.bed_tone, high_pass_hz=max(style.bed_tone.high_pass_hz or 0.0, 150.0))
        return replace(style, bass=None, bed_tone=tone)
    raise ValueError(f"only drums and bass can be silenced, not {args[0]!r}")


# ---- Bass and parts ---------------------------------------------------------------------------------------


def _bass(style: Style, args: Sequence[str], asked: bool) -> Style:
    line = style.bass.line if asked and style.bass else args[1]
    return replace(style, bass=Bass(args[0], line, _number(args, 2)))


def _line(style: Style, args: Sequence[str], _asked: bool) -> Style:
    return replace(style, bass=replace(style.bass, line=args[0])) if style.bass else style


def _part(role: str) -> Callable[[Style, Sequence[str], bool], Style]:
    def add(style: Style, args: Sequence[str], asked: bool) -> Style:
        new = Part(cast("Role", role), args[0], args[1], _number(args, 2), asked)
        return with_part(style, new)

    return add


def _part_if_none(role: str) -> Callable[[Style, Sequence[str], bool], Style]:
    def add(style: Style, args: Sequence[str], asked: bool) -> Style:
        if any(part.role == role for part in style.parts):
            return replace(style, parts=tuple(_louder(p, 1.0) if p.role == role else p for p in style.parts))
        return _part(role)(style, args, asked)

    return add


def with_part(style: Style, new: Part) -> Style:
    """The style with one more part; asked parts come first, and a genre's parts step back for them.

    An instrument that is asked for plays one part, what was asked; a genre may give it two roles.
    """
    others = [
        part
        for part in style.parts
        if part.instrument != new.instrument or not (new.asked or part.role == new.role)
    ]
    if new.asked:
        others = [_louder(p, STEP_BACK_DB) if p.role == new.role and not p.asked else p for p in others]
        asked = [part for part in others if part.asked]
        parts = [*asked, new, *(part for part in others if not part.asked)]
    else:
        parts = [*others, new]
    return replace(style, parts=tuple(parts[:MOST_PARTS]))


def _louder(part: Part, db: float) -> Part:
    return replace(part, gain_db=part.gain_db + db)


# ---- Bed and tone -----------------------------------------------------------------------------------------


def _bed(style: Style, args: Sequence[str], _asked: bool) -> Style:
    return replace(style, harmonic_db=_number(args, 0), percussive_db=_number(args, 1))


def _tone(where: Literal["tone", "bed_tone"], field: str) -> Callable[[Style, Sequence[str], bool], Style]:
    def change(style: Style, args: Sequence[str], _asked: bool) -> Style:
        old, value = cast("Tone", getattr(style, where)), _number(args, 0)
        was = cast("float | None", getattr(old, field))
        if field == "low_pass_hz":
            value = min(was or value, value)
        elif field == "high_pass_hz":
            value = max(was or value, value)
        else:
            value += was or 0.0
        new = replace(old, **{field: value})
        return replace(style, tone=new) if where == "tone" else replace(style, bed_tone=new)

    return change


# ---- Mix --------------------------------------------------------------------------------------------------


def _reverb(style: Style, args: Sequence[str], _asked: bool) -> Style:
    longest = max(style.reverb_s, _number(args, 1, style.reverb_s))
    return replace(style, reverb=min(0.7, style.reverb + _number(args, 0)), reverb_s=longest)


def _names(
    field: Literal["effects", "textures", "transitions"],
) -> Callable[[Style, Sequence[str], bool], Style]:
    def add(style: Style, args: Sequence[str], _asked: bool) -> Style:
        names = _joined(cast("tuple[str, ...]", getattr(style, field)), args)
        return replace(style, **{field: names})  # pyright: ignore[reportArgumentType]: the field is one of three

    return add


# ---- Numbers ----------------------------------------------------------------------------------------------


def _set(field: str) -> Callable[[Style, Sequence[str], bool], Style]:
    return lambda style, args, _asked: replace(style, **{field: _number(args, 0)})


def _add(field: str, low: float, high: float) -> Callable[[Style, Sequence[str], bool], Style]:
    def change(style: Style, args: Sequence[str], _asked: bool) -> Style:
        return replace(style, **{field: min(high, max(low, getattr(style, field) + _number(args, 0)))})

    return change


def _multiply(field: str, low: float, high: float) -> Callable[[Style, Sequence[str], bool], Style]:
    def change(style: Style, args: Sequence[str], _asked: bool) -> Style:
        return replace(style, **{field: min(high, max(low, getattr(style, field) * _number(args, 0)))})

    return change


def _raise_to(field: str) -> Callable[[Style, Sequence[str], bool], Style]:
    return lambda style, args, _asked: replace(style, **{field: max(getattr(style, field), _number(args, 0))})


def _kit(style: Style, args: Sequence[str], _asked: bool) -> Style:
    return replace(style, kit=args[0])


def _tops(style: Style, args: Sequence[str], _asked: bool) -> Style:
    return replace(style, tops=args[0])


# ---- Voice ------------------------------------------------------------------------------------------------


def _deliver(style: Style, args: Sequence[str], _asked: bool) -> Style:
    if args[0] not in get_args(Delivery):
        raise ValueError(f"delivery is one of {', '.join(get_args(Delivery))}")
    return replace(style, vocals=replace(style.vocals, delivery=cast("Delivery", args[0])))


def _voice(style: Style, args: Sequence[str], _asked: bool) -> Style:
    if args[0] not in ("female", "male"):
        raise ValueError("the voice is female or male")
    return replace(style, vocals=replace(style.vocals, voice=args[0]))


def _vocal(field: str, low: float, high: float) -> Callable[[Style, Sequence[str], bool], Style]:
    def change(style: Style, args: Sequence[str], _asked: bool) -> Style:
        value = min(high, max(low, getattr(style.vocals, field) + _number(args, 0)))
        return replace(
            style, vocals=replace(style.vocals, **{field: type(getattr(style.vocals, field))(value)})
        )

    return change


def _number(args: Sequence[str], index: int, default: float = 0.0) -> float:
    if index >= len(args):
        if index == 0:
            raise ValueError("a number is missing")
        return default
    return float(args[index])


def _joined(names: tuple[str, ...], more: Sequence[str]) -> tuple[str, ...]:
    return (*names, *(name for name in more if name not in names))


MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "groove": Meaning(_groove),
        "beat": Meaning(_beat),
        "tops": Meaning(_tops),
        "percussion": Meaning(_percussion),
        "kit": Meaning(_kit),
        "drums": Meaning(_add("drums_db", -9, 6)),
        "silence": Meaning(_silence),
        "swing": Meaning(_set("swing"), "beat"),
        "feel": Meaning(_multiply("feel", 0.5, 2), "beat"),
        "pull": Meaning(_set("pull")),
        "bass": Meaning(_bass),
        "line": Meaning(_line),
        **{role: Meaning(_part(role)) for role in get_args(Role)},
        **{f"{role}_if": Meaning(_part_if_none(role)) for role in get_args(Role)},
        "sevenths": Meaning(_raise_to("sevenths")),
        "sparse": Meaning(_add("sparseness", 0, 0.85)),
        "density": Meaning(_multiply("density", 0.5, 2)),
        "loose": Meaning(_multiply("humanity", 0, 3)),
        "bed": Meaning(_bed),
        "harmonic_by": Meaning(_add("harmonic_db", -60, 6)),
        "percussive_by": Meaning(_add("percussive_db", -60, 6)),
        "bed_low_pass": Meaning(_tone("bed_tone", "low_pass_hz")),
        "bed_high_pass": Meaning(_tone("bed_tone", "high_pass_hz")),
        "low_pass": Meaning(_tone("tone", "low_pass_hz")),
        "high_pass": Meaning(_tone("tone", "high_pass_hz")),
        "lows": Meaning(_tone("tone", "lows_db")),
        "mids": Meaning(_tone("tone", "mids_db")),
        "highs": Meaning(_tone("tone", "highs_db")),
        "effect": Meaning(_names("effects")),
        "texture": Meaning(_names("textures")),
        "transition": Meaning(_names("transitions")),
        "pump": Meaning(_raise_to("pump"), "beat"),
        "reverb": Meaning(_reverb),
        "dry": Meaning(lambda style, _args, _asked: replace(style, reverb=0.0)),
        "width": Meaning(_multiply("width", 0, 2), "stereo"),
        "energy": Meaning(_add("energy", -1, 1)),
        "deliver": Meaning(_deliver, "words"),
        "voice": Meaning(_voice, "words"),
        "register": Meaning(_vocal("register_semitones", -7, 7), "words"),
        "presence": Meaning(_vocal("presence_db", -6, 4), "words"),
        "breath": Meaning(_vocal("breath", 0, 1), "words"),
        "grit": Meaning(_vocal("grit", 0, 1), "words"),
        "tuned": Meaning(_vocal("tuned", 0, 1), "words"),
        "doubles": Meaning(_vocal("doubles", 0, 3), "words"),
        "voice_reverb": Meaning(_vocal("reverb", -0.3, 0.8), "words"),
        "echo": Meaning(_vocal("echo", 0, 0.8), "words"),
    }
)
"""Every word that a line of the vocabulary may use."""

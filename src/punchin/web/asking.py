"""From the request of a client to the job: every field is checked before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from punchin.edits import split_tags
from punchin.errors import CallerError
from punchin.job import Anchor, JobSpec, Parameter, Position, RegionWish
from punchin.web.fields import Field, FieldError, shown
from punchin.web.form import ALIASES, CONTROL, CREATIVE, DEFAULT_END_S, EXTRAS, MOST_EDITS, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Wish:
    """A checked request: the job, and whether the client waits for its end."""

    spec: JobSpec
    wait: bool


def read_wish(
    body: Mapping[str, Any],
    *,
    form: Form,
    model: str,
    engine: str,
    webhook: str,
    engines: Sequence[str],
    own_key: Callable[[str], str | None],
    check: Callable[[str], None],
) -> Wish:
    """Check a request.

    Args:
        body: as it came; fields that are not known are ignored.
        form: the fields.
        model: the model that was called.
        engine: the engine that the model stands for.
        webhook: the query parameter, or "".
        engines: engines that this server has; empty: not known yet, any name is taken.
        own_key: the key of the file that an address of this server stands for, or None for other addresses.
        check: raises NotAllowed for an address that this server will never read from or send to.

    Raises:
        FieldError: a field cannot be used.
        CallerError: fields do not go together.
    """
    audio = _audio(body, form)
    edits = _edits(body, form)
    takes = _named(EXTRAS, "takes").read(body) or 1
    output_format = _named(EXTRAS, "output_format").read(body) or "source"
    asked = _named(EXTRAS, "engine").read(body) or engine
    if asked != "auto" and engines and asked not in engines:
        raise FieldError(f'field "engine" must be one of auto, {", ".join(engines)}, not {shown(asked)}')
    wait, base64 = (bool(each.read(body)) for each in CONTROL)
    address = _webhook(webhook or _named(ALIASES, "webhook_url").read(body) or "", check)
    if address and base64:
        raise Base64WithWebhook
    spec = JobSpec(
        model=model,
        engine=asked,
        audio=_place(audio, name_of_audio(body), own_key, check),
        edits=edits,
        takes=takes,
        output_format=output_format,
        base64_output=base64,
        webhook=address,
        request=_echo(body, form),
    )
    return Wish(spec, wait)


class Base64WithWebhook(CallerError):
    """webhook callback does not support base64 output, please use the normal API to use base64 output"""

    # The hosted API's own sentence, documented; clients may look for it.
    code = "base64_with_webhook"


def _named(fields: Sequence[Field], name: str) -> Field:
    return next(each for each in fields if each.name == name)


def _audio(body: Mapping[str, Any], form: Form) -> str:
    name = name_of_audio(body)
    audio: str = replace(form.audio, name=name).read(body).strip()
    if _parts(audio) is None:
        raise FieldError(
            f'field "{name}" must be an address that starts with http:// or https://, not {shown(audio)}; '
            "files are sent to POST /api/v3/media/uploads first"
        )
    return audio


def name_of_audio(body: Mapping[str, Any]) -> str:
    """Which name of the song's field the client uses, for reading and for messages."""
    return "audio_url" if "audio_url" in body and not body.get("audio") else "audio"


def _parts(address: str) -> Any:
    """An http(s) address with a host in parts, or None."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if usable and not any(sign.isspace() or not sign.isprintable() for sign in address) else None


def _place(audio: str, name: str, own_key: Callable[[str], str | None], check: Callable[[str], None]) -> str:
    try:
        key = own_key(audio)
        if key is None:
            check(audio)
    except CallerError as error:
        raise FieldError(f'field "{name}" is {shown(audio)}: {error}') from error
    return audio if key is None else f"upload:{key}"


def _webhook(address: str, check: Callable[[str], None]) -> str:
    address = address.strip()
    if not address:
        return ""
    if _parts(address) is None or len(address) > 2000:
        raise FieldError(f"webhook must be an address that starts with https://, not {shown(address)}")
    try:
        check(address)
    except CallerError as error:
        raise FieldError(f"webhook is {shown(address)}: {error}") from error
    return address


def _edits(body: Mapping[str, Any], form: Form) -> tuple[RegionWish, ...]:
    several = _named(EXTRAS, "edits").read(body)
    if several is None:
        return (_wish(body, form, "", needs_tags=True),)
    if not 1 <= len(several) <= MOST_EDITS:
        raise FieldError(f'field "edits" must have 1 to {MOST_EDITS} objects, not {len(several)}')
    common = {name: value for name, value in body.items() if value is not None}
    wishes: list[RegionWish] = []
    # What stands beside `edits` is checked too, even where every edit has its own.
    for each in (*form.edit, *CREATIVE):
        each.read(common)
    for number, one in enumerate(several):
        if not isinstance(one, dict):
            raise FieldError(f'field "edits[{number}]" must be an object, not {shown(one)}')
        own = {name: value for name, value in cast("dict[str, Any]", one).items() if value is not None}
        wishes.append(_wish(common | own, form, f"edits[{number}].", needs_tags=True))
    return tuple(wishes)


def _wish(body: Mapping[str, Any], form: Form, within: str, *, needs_tags: bool) -> RegionWish:
    fields = (replace(form.edit[0], required=needs_tags), *form.edit[1:], *CREATIVE)
    value = {each.name: each.read(body, within=within) for each in fields}
    tags = split_tags(value["tags"] or "")
    if needs_tags and not tags:
        message = f'field "{within}tags" must have a tag in it, like "lofi", not {shown(value["tags"])}'
        raise FieldError(message)
    start = _position(value, "start", 0.0)
    end = _position(value, "end", min(DEFAULT_END_S, form.max_time_s))
    _check_order(start, end, within)
    seed = value["seed"]
    parameters: dict[str, Parameter] = {
        each.name: value[each.name] for each in CREATIVE if value[each.name] is not None
    }
    return RegionWish(
        start=start,
        end=end,
        tags=tags,
        lyrics=value["lyrics"] or "",
        seed=None if seed in (None, -1) else seed,
        parameters=parameters,
    )


def _position(value: Mapping[str, Any], which: str, default_s: float) -> Position:
    seconds = value[f"{which}_time"]
    anchor = cast("Anchor", value[f"{which}_time_relative_to"] or "start")
    return Position(default_s if seconds is None else float(seconds), anchor)


def _check_order(start: Position, end: Position, within: str) -> None:
    """Refuse what is empty in every song; what only some songs make empty is known when the song is."""
    same = start.relative_to == end.relative_to
    if same and start.relative_to == "start":
        wrong = start.seconds >= end.seconds
    elif same:
        wrong = start.seconds <= end.seconds
    else:
        wrong = start.relative_to == "end" and (start.seconds == 0 or end.seconds == 0)
    if wrong:
        raise FieldError(
            f'field "{within}start_time" is {start.seconds:g} s from the {start.relative_to} and '
            f'"{within}end_time" {end.seconds:g} s from the {end.relative_to}: the region is empty; '
            "give a start before the end (times relative to the end count back from it)"
        )


def _echo(body: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """What the client asked, for the answer: known fields, without the empty ones."""
    known = {each.name for each in (*form.all, *CONTROL, *ALIASES)}
    found = {name: value for name, value in body.items() if name in known and value is not None}
    if isinstance(several := found.get("edits"), list):
        inner = {each.name for each in (*form.edit, *CREATIVE)}
        found["edits"] = [
            {name: value for name, value in cast("dict[str, Any]", one).items() if name in inner}
            for one in cast("list[Any]", several)
        ]
    return found

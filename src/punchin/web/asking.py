"""From the request of a client to the job: every field is checked before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from punchin.edits import MAX_SEED, split_tags
from punchin.errors import CallerError
from punchin.job import Anchor, JobSpec, Parameter, Position, RegionWish
from punchin.web.fields import Field, FieldError, object_schema, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DEFAULT_END_S = 30.0
MOST_EDITS = 32
FORMATS = ("source", "wav", "flac", "mp3", "ogg")
ANCHORS = ("start", "end")
_UPLOADER = {"x-ui-component": "uploader", "x-accept": "audio/*"}

CREATIVE = (
    Field(name="variance", kind="number", least=0, most=1,
          description="How far the new part may go from the original: 0 stays close, 1 is free."),
    Field(name="number_of_steps", kind="integer", least=3, most=60, description="Steps of the model."),
    Field(name="scheduler", kind="string", choices=("euler", "heun"), description="The model's solver."),
    Field(name="guidance_type", kind="string", choices=("cfg", "apg", "cfg_star"),
          description="How tags and lyrics steer the model."),
    Field(name="granularity_scale", kind="integer", least=-100, most=100,
          description="How coarse the model's noise schedule is."),
    Field(name="guidance_interval", kind="number", least=0, most=1,
          description="The middle part of the steps that is guided."),
    Field(name="guidance_interval_decay", kind="number", least=0, most=1,
          description="How much guidance falls over that part."),
    Field(name="guidance_scale", kind="number", least=0, most=200, description="How strong guidance is."),
    Field(name="minimum_guidance_scale", kind="number", least=0, most=200,
          description="Where falling guidance ends."),
    Field(name="tag_guidance_scale", kind="number", least=0, most=10, description="Guidance by tags."),
    Field(name="lyric_guidance_scale", kind="number", least=0, most=10, description="Guidance by lyrics."),
)  # fmt: skip
"""fal's names and ranges (schema of fal-ai/ace-step/audio-inpaint in @fal-ai/client 1.10.1)."""

EXTRAS = (
    Field(name="takes", kind="integer", least=1, most=8, default=1,
          description="How many different outputs to make; the best seams first."),
    Field(name="edits", kind="array",
          description="Several regions: objects with the fields of one edit; what one leaves out is as "
          "beside `edits`."),
    Field(name="output_format", kind="string", choices=FORMATS, default=FORMATS[0],
          description="The format of the outputs; source is the song's own."),
    Field(name="engine", kind="string", longest=100,
          description="Whom to let do it, of GET /v1/engines; auto is the best of this server."),
)  # fmt: skip

CONTROL = (
    Field(name="enable_sync_mode", kind="boolean", default=False,
          description="Wait for the result and answer with it."),
    Field(name="enable_base64_output", kind="boolean", default=False,
          description="Give outputs as base64 instead of addresses."),
)  # fmt: skip

ALIASES = (
    Field(name="audio_url", kind="string", longest=4096, description="Another name for audio."),
    Field(name="webhook_url", kind="string", longest=2000, description="Another place for ?webhook=."),
)


@dataclass(frozen=True)
class Form:
    """All fields of the endpoint, with this server's limit for times.

    Attributes:
        max_time_s: the largest start_time and end_time.
    """

    max_time_s: float

    @cached_property
    def edit(self) -> tuple[Field, ...]:
        """The fields of one edit, in the order of the hosted API's page; `tags` is not required in each."""
        time: dict[str, Any] = {"kind": "number", "least": 0, "most": self.max_time_s}
        return (
            Field(name="tags", kind="string", longest=2000,
                  description="Comma-separated genre tags that say what style the region shall have.",
                  form={"examples": ["lofi, chill"]}),
            Field(name="start_time_relative_to", kind="string", choices=ANCHORS, default="start",
                  description="Whether start_time counts from the start or back from the end.",
                  form={"x-ui-component": "select"}),
            Field(name="start_time", **time, default=0, description="Where the region starts, in seconds.",
                  form={"x-ui-component": "slider"}),
            Field(name="end_time_relative_to", kind="string", choices=ANCHORS, default="start",
                  description="Whether end_time counts from the start or back from the end.",
                  form={"x-ui-component": "select"}),
            Field(name="end_time", **time, default=min(30, self.max_time_s),
                  description="Where the region ends, in seconds; past the end of the song means its end.",
                  form={"x-ui-component": "slider"}),
            Field(name="lyrics", kind="string", longest=10_000,
                  description="Words to sing there; [inst] or [instrumental] for no vocals."),
            Field(name="seed", kind="integer", least=-1, most=MAX_SEED, default=-1,
                  description="The same seed gives the same sound; -1 draws one."),
        )  # fmt: skip

    @cached_property
    def audio(self) -> Field:
        """The song."""
        return Field(name="audio", kind="string", required=True, longest=4096, form=_UPLOADER,
                     description="The song: an http(s) address, or one that an upload here gave. WAV, FLAC, "
                     "MP3, Ogg Vorbis or Opus, up to 60 minutes.")  # fmt: skip

    @cached_property
    def hosted(self) -> tuple[Field, ...]:
        """The eight documented fields, in their order."""
        tags, *rest = self.edit
        return (self.audio, replace(tags, required=True), *rest)

    @cached_property
    def all(self) -> tuple[Field, ...]:
        """Every field that is understood, but the two that only control the answer and the aliases."""
        return (*self.hosted, *CREATIVE, *EXTRAS)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the whole request."""
        found = object_schema((*self.all, *CONTROL, *ALIASES))
        found["properties"]["edits"]["items"] = object_schema((*self.edit, *CREATIVE))
        found["properties"]["edits"] |= {"minItems": 1, "maxItems": MOST_EDITS}
        return found


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
        audio=_place(audio, own_key, check),
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
    given = body if body.get("audio") else {"audio": body.get("audio_url") or body.get("audio")}
    audio: str = form.audio.read(given).strip()
    parts = _parts(audio)
    if parts is None:
        raise FieldError(
            f'field "audio" must be an address that starts with http:// or https://, not {shown(audio)}; '
            "files are sent to POST /api/v3/media/uploads first"
        )
    return audio


def _parts(address: str) -> Any:
    """An http(s) address with a host in parts, or None."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if usable and not any(sign.isspace() or not sign.isprintable() for sign in address) else None


def _place(audio: str, own_key: Callable[[str], str | None], check: Callable[[str], None]) -> str:
    try:
        key = own_key(audio)
        if key is None:
            check(audio)
    except CallerError as error:
        raise FieldError(f'field "audio" is {shown(audio)}: {error}') from error
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

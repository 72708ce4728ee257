"""The fields of the endpoint with their ranges: the documented, fal's creative ones, and our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from punchin.edits import MAX_SEED
from punchin.web.fields import Field, object_schema

DEFAULT_END_S = 30.0
MOST_EDITS = 32
FORMATS = ("source", "wav", "flac", "mp3", "ogg")
ANCHORS = ("start", "end")
_UPLOADER = {"x-ui-component": "uploader", "x-accept": "audio/*"}

FALS = (
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

OURS = (
    Field(name="language", kind="string", longest=20,
          description="Of the lyrics, as in en or es-MX; without it the engine tells it from the words, "
          "or takes English."),
    Field(name="quality", kind="string", choices=("normal", "high"),
          description="high lets a model hear twice as much of the song around the region."),
    Field(name="bpm", kind="number", least=0, most=300, description="Tempo that a model is told of."),
    Field(name="keyscale", kind="string", longest=40,
          description="Key that a model is told of, as in C minor."),
    Field(name="timesignature", kind="string", longest=10,
          description="Metre that a model is told of, as in 4/4."),
)  # fmt: skip
"""What engines of ours honour besides."""

CREATIVE = (*FALS, *OURS)

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

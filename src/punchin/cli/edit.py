"""`punchin edit`: the whole thing from the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.progress import shown_progress
from punchin.cli.report import take_as_json, take_as_text
from punchin.edits import Edit, edits_from_json, split_tags
from punchin.errors import EditError, OutputError
from punchin.region import Region

if TYPE_CHECKING:
    from punchin.join import JoinSettings

_EXAMPLES = """
\b
Examples:
  punchin edit song.mp3 0:41 0:49 --tags "lofi, chill piano" --seed 7
  punchin edit song.flac 1:02.5 end --takes 4 --plot song.png
  punchin edit song.wav end-12.5 end-4 -o fixed.wav --json
  punchin edit song.wav --edits edits.json

\b
START and END: 41, 41.5, 0:41.5, 1:02:03.25, "1808100 samples", end, end-12.5 (or -12.5).
An edit list is JSON: [{"start": "0:12", "end": "0:15", "tags": "lofi", "seed": 7}, ...];
each entry may also have lyrics, variance and parameters.
"""


class _Times(click.Command):
    """Lets a position count back from the end, `-12.5`, without being taken for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write such positions as `end-12.5`; what follows an option that takes a value is its value."""
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        for place, word in enumerate(args):
            if word[:1] == "-" and word[1:2].isdigit() and (place == 0 or args[place - 1] not in valued):
                args[place] = f"end{word}"
        return super().parse_args(ctx, args)


@click.command(cls=_Times, epilog=_EXAMPLES)
@click.argument("song", type=click.Path(path_type=Path))
@click.argument("start", required=False)
@click.argument("end", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where to write; default: NAME.punched.EXT beside the song.",
)
@click.option("-t", "--tags", default="", help='Style words, with commas: "lofi, chill piano".')
@click.option("-l", "--lyrics", default="", help='Words to sing there; "[inst]" for no vocals.')
@click.option("--lyrics-file", type=click.Path(path_type=Path), help="The same, from a text file.")
@click.option(
    "-s", "--seed", type=int, help="0..2147483647: the same seed makes the same take. Default: drawn."
)
@click.option("--variance", type=float, help="0..1: how far from the original the new part may go.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A further setting of the engine; may be repeated.",
)
@click.option(
    "--takes", type=int, default=1, show_default=True, help="Candidates to make (1..8); the best seams win."
)
@click.option("--keep-takes", is_flag=True, help="Write every take, numbered, not just the best.")
@click.option(
    "-e", "--engine", default="auto", show_default=True, help="Who fills the hole; see `punchin engines`."
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["wav", "flac", "mp3", "ogg"]),
    help="Format of the output. Default: the song's own.",
)
@click.option("--crossfade-ms", type=float, help="Crossfade at both edges, inside the region: 50 by default.")
@click.option(
    "--edits",
    "edit_list",
    type=click.Path(path_type=Path),
    help="Several regions from a JSON list, in one pass.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw waveform and spectrogram before and after, as PNG."
)
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON, for machines.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def edit(**given: Any) -> None:
    """Re-record SONG from START to END; every sample outside stays as it was.

    The result is written beside the song with a receipt that proves it. The song itself is only read.
    """
    from punchin.plot import check_picture, plot_take
    from punchin.studio import edit_all, edit_each_take

    edits = _edits(given)
    if given["plot"]:
        check_picture(given["plot"], given["song"])
    make = edit_each_take if given["keep_takes"] else edit_all
    with shown_progress(quiet=given["quiet"] or given["as_json"]) as progress:
        made = make(
            given["song"],
            edits,
            takes=given["takes"],
            engine=given["engine"],
            output=given["output"],
            format=given["format_name"],
            joins=_joins(given["crossfade_ms"]),
            overwrite=given["overwrite"],
            progress=progress,
        )
    takes = made if isinstance(made, list) else [made]
    if given["plot"]:
        try:
            plot_take(given["song"], takes[0], given["plot"])
        except OutputError as error:
            raise OutputError(f"{error}. The edit itself is done: {takes[0].path}") from error
    for take in takes:
        if given["as_json"]:
            click.echo(take_as_json(take))
        elif not given["quiet"]:
            click.echo(take_as_text(take, plot=given["plot"]))


def _edits(given: dict[str, Any]) -> list[Edit]:
    single = given["start"] is not None
    if given["edit_list"] is not None:
        if single:
            raise EditError("give START and END, or --edits, not both")
        return edits_from_json(_text(given["edit_list"], "the edit list"))
    if given["end"] is None:
        raise EditError("say where: START and END, for example `punchin edit song.mp3 0:41 0:49`")
    if given["lyrics"] and given["lyrics_file"]:
        raise EditError("give --lyrics or --lyrics-file, not both")
    lyrics = _text(given["lyrics_file"], "the lyrics") if given["lyrics_file"] else given["lyrics"]
    return [
        Edit(
            region=Region.parse(given["start"], given["end"]),
            tags=split_tags(given["tags"]),
            lyrics=lyrics,
            seed=given["seed"],
            variance=given["variance"],
            parameters=dict(_parameter(text) for text in given["parameters"]),
        )
    ]


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EditError(f"{what} cannot be read from {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EditError(f"{what} in {path} is not UTF-8 text: {error.reason}") from error


def _parameter(text: str) -> tuple[str, str | int | float | bool]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise EditError(f"parameter is {text!r}; write NAME=VALUE")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _joins(crossfade_ms: float | None) -> JoinSettings:
    from punchin.join import JoinSettings

    joins = JoinSettings()
    if crossfade_ms is None:
        return joins
    if not 0 <= crossfade_ms <= 2000:
        raise EditError(f"crossfade is {crossfade_ms:g} ms; it goes from 0 to 2000")
    return replace(joins, fade_in_s=crossfade_ms / 1000, fade_out_s=crossfade_ms / 1000)

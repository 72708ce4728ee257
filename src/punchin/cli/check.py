"""`punchin verify` and `punchin replay`: check a result, and make it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from punchin.cli.exits import ExitCode
from punchin.cli.progress import shown_progress
from punchin.cli.report import take_as_json, take_as_text
from punchin.region import clock

if TYPE_CHECKING:
    from punchin.proof import Verdict

_VERIFY_EXAMPLES = """
\b
Examples:
  punchin verify song.mp3 song.punched.mp3
  punchin verify song.wav fixed.wav --receipt fixed.wav.receipt.json --json

Exit code 0: nothing outside the region changed. 6: something did.
"""


@click.command(epilog=_VERIFY_EXAMPLES)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("-r", "--receipt", type=click.Path(path_type=Path), help="Check what this receipt says, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def verify(source: Path, output: Path, receipt: Path | None, as_json: bool) -> int:
    """Decode SOURCE and OUTPUT, find what changed, and say whether the rest is the same."""
    from punchin.proof import verify as compare
    from punchin.receipt import Receipt
    from punchin.songfile import open_song

    record = Receipt.read(receipt) if receipt else None
    with open_song(source) as before, open_song(output) as after, shown_progress(quiet=as_json) as progress:
        verdict = compare(before, after, record, lambda fraction: progress("compare", fraction))
        rate_hz = before.rate_hz
    click.echo(
        json.dumps(asdict(verdict)) if as_json else _verdict_text(verdict, rate_hz, checked=bool(receipt))
    )
    return ExitCode.DONE if verdict.holds else ExitCode.NOT_PROVED


def _verdict_text(verdict: Verdict, rate_hz: int, *, checked: bool) -> str:
    lines = [f"problem  {problem}" for problem in verdict.problems]
    for change in verdict.changes:
        place = f"{clock(change.start / rate_hz)} to {clock(change.end / rate_hz)}"
        lines.append(f"changed  {place}, frames {change.start} to {change.end}")
    if not verdict.changes and verdict.holds:
        lines.append("changed  nothing: the two songs sound the same")
    if verdict.holds:
        lines.append(f"holds    {verdict.unchanged_s:.3f} s outside are identical, sample for sample")
        if "brought to" in verdict.compared_as:
            lines.append(f"compared {verdict.compared_as}")
        if checked:
            lines.append("receipt  true: hashes and regions agree with the files")
    else:
        lines.append("broken   the promise does not hold for these files")
    return "\n".join(lines)


_REPLAY_EXAMPLES = """
\b
Examples:
  punchin replay song.punched.mp3.receipt.json
  punchin replay fixed.wav.receipt.json --source ~/songs/song.wav -o again.wav
"""


@click.command(epilog=_REPLAY_EXAMPLES)
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option(
    "--source", type=click.Path(path_type=Path), help="The song, if it is not where the receipt says."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write; default: NAME.replayed.EXT."
)
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the new receipt as JSON.")
def replay(receipt: Path, source: Path | None, output: Path | None, overwrite: bool, as_json: bool) -> int:
    """Make the take of RECEIPT again and say whether it came out as the same bytes."""
    from punchin.studio import replay as make_again

    with shown_progress(quiet=as_json) as progress:
        again = make_again(receipt, source=source, output=output, overwrite=overwrite, progress=progress)
    if as_json:
        click.echo(take_as_json(again.take))
    else:
        click.echo(take_as_text(again.take))
        click.echo(
            "replay   the same bytes as before"
            if again.same_bytes
            else "replay   other bytes than before: "
            + ("; ".join(again.differs) or "the same versions, a fault")
        )
    return ExitCode.DONE if again.same_bytes else ExitCode.NOT_PROVED

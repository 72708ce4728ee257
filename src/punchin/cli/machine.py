"""`punchin engines` and `punchin doctor`: what is installed, and whether it works here."""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.exits import ExitCode
from punchin.errors import EngineOutOfMemory, EngineUnavailable

if TYPE_CHECKING:
    from punchin.engine import Engine, EngineSpec
    from punchin.engines import EngineEntry

_ENGINE_EXAMPLES = """
\b
Examples:
  punchin engines
  punchin engines --json
"""


@click.command(epilog=_ENGINE_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def engines(as_json: bool) -> None:
    """List the installed engines, what each acts on, and whether it runs here."""
    from punchin.engines import installed_engines

    rows = [_engine_row(entry) for entry in installed_engines().values()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['name']:<17} {row['summary']}")
        acts_on = row["honours"] or "the region alone"
        click.echo(f"{'':<17} version {row['version']} of {row['package']}; acts on: {acts_on}")
        if row["unavailable"]:
            click.echo(f"{'':<17} not available here: {row['unavailable']}")


def _engine_row(entry: EngineEntry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "package": entry.package,
        "summary": "",
        "version": "",
        "honours": "",
        "unavailable": "",
    }
    try:
        engine = entry.make()
        spec: EngineSpec = engine.spec
        row |= {"summary": spec.summary, "version": spec.version, "honours": ", ".join(sorted(spec.honours))}
        _try(engine)
    except (EngineUnavailable, EngineOutOfMemory) as error:
        row["unavailable"] = str(error)
    return row


def _try(engine: Engine) -> None:
    """Load an engine, or look at whether it would load where that takes a minute and gigabytes.

    Raises:
        EngineUnavailable: if it cannot run here.
    """
    from punchin.engine import CheckedEngine

    if isinstance(engine, CheckedEngine):
        engine.check()
    else:
        engine.load()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor looked at."""

    what: str
    good: bool
    says: str


_DOCTOR_EXAMPLES = """
\b
Examples:
  punchin doctor
  punchin doctor --json
"""


@click.command(epilog=_DOCTOR_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(as_json: bool) -> int:
    """Look at this machine and say what works, what does not, and which command mends it.

    Models are named with the memory that they take here, and `next` is the command that comes next.
    """
    findings = [_python(), _libraries(), _mp3(), _m4a(), *_engines(), *_models(), _disk_space()]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            click.echo(f"{'ok' if finding.good else '--'}  {finding.what:<{width}} {finding.says}")
    needed = ("python", "libraries", "mp3", "embedded")
    return ExitCode.DONE if all(f.good for f in findings if f.what in needed) else ExitCode.ENGINE


def _python() -> Finding:
    cores = os.cpu_count() or 1
    says = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores} cores"
    return Finding("python", True, says)


def _libraries() -> Finding:
    names = ("numpy", "scipy", "soundfile", "soxr", "msgspec", "matplotlib")
    missing = [name for name in names if _version(name) is None]
    if missing:
        return Finding(
            "libraries", False, f"missing: {', '.join(missing)}; reinstall with `pip install punchin`"
        )
    return Finding("libraries", True, ", ".join(f"{name} {_version(name)}" for name in names))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _mp3() -> Finding:
    import soundfile

    library = soundfile.__libsndfile_version__
    if "MP3" in soundfile.available_formats():
        return Finding("mp3", True, f"libsndfile {library} reads and writes MP3")
    return Finding(
        "mp3",
        False,
        f"libsndfile {library} has no MP3; `pip install --upgrade soundfile` brings 1.1 or newer",
    )


def _m4a() -> Finding:
    found = _version("av")
    if found:
        return Finding("m4a", True, f"PyAV {found} reads M4A")
    return Finding("m4a", False, "M4A and AAC cannot be read; `pip install 'punchin[m4a]'` adds that")


def _engines() -> list[Finding]:
    from punchin.engines import installed_engines

    rows = [_engine_row(entry) for entry in installed_engines().values()]
    return [
        Finding(row["name"], not row["unavailable"], row["unavailable"] or row["summary"]) for row in rows
    ]


def _models() -> list[Finding]:
    """What a model would run on, what each takes there, and the next command."""
    from punchin.cli.advice import device_line, model_line, next_command
    from punchin.cli.hardware import survey
    from punchin.engines.ace_step import MODELS
    from punchin.engines.ace_step.places import models_folder
    from punchin.engines.ace_step.weights import look, missing_packages

    machine = survey()
    shelf = [look(model, models_folder()) for model in MODELS.values()]
    findings = [Finding("device", machine.torch is not None, device_line(machine))]
    for each in shelf:
        runs, takes = model_line(each.model, machine)
        there = "" if each.state == "ready" else f"; {each.says}"
        findings.append(Finding(each.model.name, runs and each.state == "ready", f"{takes}{there}"))
    command = next_command(machine, shelf, missing_packages())
    return [*findings, Finding("next", good=True, says=command)]


def _disk_space() -> Finding:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding("disk", free_gb > 1, f"{free_gb:.1f} GB free in this folder")

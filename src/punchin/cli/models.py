"""`punchin models`: weights on this machine, fetched, checked and removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.exits import ExitCode
from punchin.cli.ledger import ListByDefault
from punchin.cli.progress import shown_progress
from punchin.errors import Cancelled, EngineUnavailable

if TYPE_CHECKING:
    from punchin.engines.ace_step import Model
    from punchin.engines.ace_step.weights import Fault, Shelved

_EXAMPLES = """
\b
Examples:
  punchin models list
  punchin models pull ace-step-1.5-turbo
  punchin models pull ace-step-1.5-turbo --from ~/ACE-Step-1.5/checkpoints
  punchin models check
  punchin models remove ace-step-1.5-base
  punchin models path ace-step-1.5-turbo

\b
They live in PUNCHIN_HOME/models. Pulling goes through huggingface_hub: HF_ENDPOINT, HF_TOKEN and
HF_HUB_OFFLINE mean what they mean there. A pull that was broken off goes on where it was.
"""


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def models() -> None:
    """Fetch, check and remove the weights of the ACE-Step engines. Names: `punchin models list`."""


_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@models.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List all models: which are here, how large they are, and the engine that runs them."""
    from punchin.engines.ace_step.weights import PACKAGES

    found = _shelf()
    if as_json:
        click.echo(json.dumps([_row(each) for each in found]))
        return
    for each in found:
        size = each.bytes if each.state == "ready" else PACKAGES[each.model.name].download_bytes
        about = f"{size / 1e9:.1f} GB" if each.state == "ready" else f"about {size / 1e9:.1f} GB"
        click.echo(
            f"{each.model.name:<24} {_STATES[each.state]:<11} {about:<14} --engine {each.model.engine}"
        )
        click.echo(f"{'':<24} {each.model.summary}")
        for fault in each.faults:
            click.echo(f"{'':<24} {fault}")


@models.command()
@click.argument("name", default="ace-step-1.5-turbo")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A folder that has the files already; they are linked or copied.",
)
@click.option("--again", is_flag=True, help="Read every byte of a model that is here; fetch what is damaged.")
@_JSON
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def pull(name: str, source: Path | None, again: bool, as_json: bool, quiet: bool) -> None:
    """Fetch NAME, ace-step-1.5-turbo by default: only the files that are needed, each one verified."""
    from punchin.engines.ace_step import weights

    model, folder = weights.find_model(name), _folder()
    try:
        with shown_progress(quiet=quiet or as_json) as progress:
            if source is None:
                done = weights.pull(model, folder, progress=progress, again=again)
            else:
                done = weights.adopt(model, source, folder, progress=progress)
    except (KeyboardInterrupt, Cancelled) as error:
        kept = _kept(model, folder)
        if kept:
            raise Cancelled(kept) from error
        raise
    missing = weights.missing_packages()
    if as_json:
        row = {"name": model.name, "folder": str(done.folder), "bytes": done.bytes, "fetched": done.fetched}
        click.echo(json.dumps(row | {"origin": list(done.origin), "notes": list(done.notes)}))
    elif not quiet:
        click.echo(f"model    {model.name}, {done.bytes / 1e9:.2f} GB, {done.fetched / 1e9:.2f} GB of it new")
        click.echo(f"folder   {done.folder}")
        click.echo(f"from     {', '.join(done.origin) or 'a folder that was filled by hand'}")
        for note in done.notes:
            click.echo(f"note     {note}")
        hint = "pip install 'punchin[ace-step]'" if missing else f"punchin edit … --engine {model.engine}"
        click.echo(f"next     {hint}")


@models.command()
@click.argument("name", required=False)
@_JSON
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
def check(name: str | None, as_json: bool, quiet: bool) -> int:
    """Read every byte of NAME, or of all models that are here, and say what is wrong with which file."""
    found = [_here(name)] if name else [each for each in _shelf() if each.state != "absent"]
    rows = [(each, _faults(each, quiet=quiet or as_json)) for each in found]
    if as_json:
        told = [_row(each) | {"faults": [str(fault) for fault in faults]} for each, faults in rows]
        click.echo(json.dumps(told))
    else:
        for each, faults in rows:
            _tell(each, faults, quiet=quiet)
        if not rows:
            click.echo("There is no model here; `punchin models pull` fetches the usual one.")
    return ExitCode.ENGINE if any(faults for _, faults in rows) else ExitCode.DONE


@models.command()
@click.argument("name")
@_JSON
def remove(name: str, as_json: bool) -> None:
    """Delete NAME, and what is left of an unfinished pull of it, without asking."""
    from punchin.engines.ace_step import weights

    model = weights.find_model(name)
    freed = weights.remove(model, _folder())
    if as_json:
        click.echo(json.dumps({"name": model.name, "freed": freed}))
    else:
        click.echo(f"{model.name} is removed; {freed / 1e9:.2f} GB are free again")


@models.command()
@click.argument("name", required=False)
@_JSON
def path(name: str | None, as_json: bool) -> None:
    """Print the folder of NAME, or the one that holds all models."""
    folder = _here(name).folder if name else _folder()
    click.echo(json.dumps({"path": str(folder)}) if as_json else str(folder))


_STATES = {"ready": "here", "broken": "broken", "unfinished": "unfinished", "absent": "not here"}


def _folder() -> Path:
    from punchin.engines.ace_step.places import models_folder

    return models_folder()


def _kept(model: Model, folder: Path) -> str:
    """What a pull that was stopped leaves behind, as a sentence; "" for nothing."""
    from punchin.engines.ace_step.weights import look

    found = look(model, folder)
    if found.state != "unfinished":
        return ""
    return (
        f"cancelled; {found.bytes / 1e6:.1f} MB of {model.name} are kept, the same command goes on from "
        f"there and `punchin models remove {model.name}` deletes them"
    )


def _shelf() -> list[Shelved]:
    from punchin.engines.ace_step import MODELS
    from punchin.engines.ace_step.weights import look

    folder = _folder()
    return [look(model, folder) for model in MODELS.values()]


def _here(name: str) -> Shelved:
    """A model that is here, whole or not.

    Raises:
        EngineUnavailable: if it is not, or only in part; says which command fetches it.
    """
    from punchin.engines.ace_step.weights import find_model, look

    found = look(find_model(name), _folder())
    if found.state == "absent":
        raise EngineUnavailable(f"{found.model.name} is not in {found.folder}; `{found.cure}` fetches it")
    if found.state == "unfinished":
        raise EngineUnavailable(
            f"{found.model.name} is half fetched ({found.bytes / 1e9:.2f} GB); `{found.cure}` goes on"
        )
    return found


def _faults(each: Shelved, *, quiet: bool) -> list[Fault]:
    from punchin.engines.ace_step import weights

    if each.state == "unfinished":
        return [weights.Fault(each.model.name, f"is half fetched; `{each.cure}` goes on")]
    with shown_progress(quiet=quiet) as progress:
        return weights.check(each.model, each.folder, progress)


def _tell(each: Shelved, faults: list[Fault], *, quiet: bool) -> None:
    if not faults and quiet:
        return
    click.echo(
        f"{'--' if faults else 'ok'}  {each.model.name:<24} {each.bytes / 1e9:.2f} GB in {each.folder}"
    )
    for fault in faults:
        click.echo(f"    {fault}")
    if faults and each.state != "unfinished":
        click.echo(f"    punchin models pull {each.model.name} --again   mends it")
    elif not faults and not each.origin:
        click.echo("    without a list of hashes: filled by hand, only its shape was looked at")


def _row(each: Shelved) -> dict[str, Any]:
    return {
        "name": each.model.name,
        "engine": each.model.engine,
        "state": each.state,
        "folder": str(each.folder),
        "bytes": each.bytes,
        "origin": list(each.origin),
        "faults": [str(fault) for fault in each.faults],
        "cure": each.cure,
    }

"""What is wrong with a model folder, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engine import no_progress
from punchin.engines.ace_step.layouts import Checkpoint, find_checkpoint
from punchin.engines.ace_step.weights.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    hashes,
    safetensors_fault,
)
from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.engines.ace_step.catalogue import Model


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: with which file, and what, as the end of a sentence."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def check(model: Model, folder: Path, progress: Progress = no_progress) -> list[Fault]:
    """Read every byte of a model and compare it with its manifest.

    A folder without one was filled by hand: then files are looked for, and whether they are whole.

    Args:
        model: what the folder should hold.
        folder: where.
        progress: told how far the reading is; may raise `Cancelled`.
    """
    found = list(quick_faults(model, folder))
    known = {fault.path for fault in found}
    manifest = None if MANIFEST in known else Manifest.read(folder)
    files = [each for each in manifest.files if each.path not in known] if manifest else []
    total, done = sum(each.bytes for each in files) or 1, 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        progress("check", min(1.0, done / total))

    for each in files:
        sha, _ = hashes(folder / each.path, on_bytes)
        if sha != each.sha256:
            found.append(Fault(each.path, f"is damaged: its SHA-256 is {sha[:12]}…, not {each.sha256[:12]}…"))
    return found


def quick_faults(model: Model, folder: Path) -> Iterator[Fault]:
    """What is seen without reading the weights: files that are missing, of another size, or no weights."""
    try:
        manifest = Manifest.read(folder)
    except EngineUnavailable:
        yield Fault(MANIFEST, "cannot be read")
        return
    listed = [fault for each in manifest.files for fault in _listed(folder, each)] if manifest else []
    yield from listed
    if listed:
        return
    try:
        checkpoint = find_checkpoint(folder, model.checkpoint)
        faults = list(shape_faults(checkpoint, folder)) + list(_kind(model, checkpoint))
    except EngineUnavailable as error:
        faults = [_of_folder(folder, str(error))]
    yield from faults


def _of_folder(folder: Path, why: str) -> Fault:
    own = f"{folder} "
    return Fault(
        str(folder), why.removeprefix(own) if why.startswith(own) else f"is not a whole model: {why}"
    )


def shape_faults(checkpoint: Checkpoint, folder: Path) -> Iterator[Fault]:
    """Files of weights that are not whole; paths are told as they are inside the folder."""
    for path in checkpoint.weights:
        inside = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
        if path.stat().st_size == 0:
            yield Fault(inside, "is empty")
        elif path.suffix == ".safetensors" and (fault := safetensors_fault(path)):
            yield Fault(inside, fault)


def _listed(folder: Path, each: FileRecord) -> Iterator[Fault]:
    path = folder / each.path
    if not path.is_file():
        yield Fault(each.path, "is missing")
    elif path.stat().st_size != each.bytes:
        yield Fault(each.path, f"has {path.stat().st_size} bytes and must have {each.bytes}")


def _kind(model: Model, checkpoint: Checkpoint) -> Iterator[Fault]:
    """Weights of turbo are not taken for base, nor the other way round."""
    config = checkpoint.transformer.config
    if "is_turbo" not in config and "model_version" not in config:
        return
    turbo = bool(config.get("is_turbo")) or config.get("model_version") == "turbo"
    if turbo != model.turbo:
        kind = "a turbo model" if turbo else "no turbo model"
        yield Fault("config.json", f"is of {kind}, so this is not {model.name}")

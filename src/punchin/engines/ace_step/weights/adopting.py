"""From a folder of this machine to the shelf: linked where the disk is the same, copied where it is not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from punchin.engine import no_progress
from punchin.engines.ace_step.layouts import Checkpoint, find_checkpoint
from punchin.engines.ace_step.weights.checks import quick_faults
from punchin.engines.ace_step.weights.folders import check_replaceable, discard
from punchin.engines.ace_step.weights.manifest import MANIFEST, FileRecord, Manifest, hashes
from punchin.engines.ace_step.weights.packages import PACKAGES, Package
from punchin.engines.ace_step.weights.pulling import Pulled, check_disk, make_room, settle
from punchin.errors import EngineUnavailable, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.engines.ace_step.catalogue import Model

SMALL = {".json", ".txt", ".jinja"}
"""Configurations and tokenizers; of everything else only the weights that the engine reads are taken."""


def adopt(
    model: Model,
    source: Path,
    models: Path,
    *,
    progress: Progress = no_progress,
    free_bytes: Callable[[Path], int] | None = None,
) -> Pulled:
    """Put a model that is on this machine already on the shelf; the folder itself is only read.

    Args:
        model: which it is.
        source: a folder with either layout: ACE-Step's own `checkpoints`, a clone, a diffusers folder.
        models: the folder of all models.
        progress: told how far it is; may raise `Cancelled`.
        free_bytes: says how much room a folder's disk has.

    Raises:
        EngineUnavailable: if it is not that model, or not a whole one; says what is missing.
        OutputError: if there is not enough room, or the folder cannot be written.
    """
    source, folder = source.expanduser().absolute(), models / model.name
    _check_source(model, source, folder)
    check_replaceable(model, folder)
    checkpoint = find_checkpoint(source, model.checkpoint)
    root = checkpoint.text_encoder.parent
    files = {path.relative_to(root).as_posix(): path.resolve() for path in _needed(checkpoint, root)}
    total = sum(path.stat().st_size for path in files.values())
    make_room(models)
    part = models / f".{model.name}.adopted"
    if part.exists():
        discard(part)
    linked = _can_link(next(iter(files.values())), models / f".{model.name}.link")
    check_disk(model, models, 0 if linked else total, free_bytes)
    try:
        records = list(_brought(files, part, progress, total, linked=linked))
        settle(model, part, folder, Manifest(model.name, [str(source)], records))
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Pulled(folder, total, 0 if linked else total, (str(source),), tuple(_notes(model, records)))


def _check_source(model: Model, source: Path, folder: Path) -> None:
    if not source.is_dir():
        raise EngineUnavailable(f"there is no folder {source}; give the one that holds {model.checkpoint}, "
                                "vae and Qwen3-Embedding-0.6B, or model_index.json")  # fmt: skip
    if folder.exists() and source.resolve() == folder.resolve():
        raise EngineUnavailable(
            f"{source} is where {model.name} belongs already; `punchin models check {model.name}` looks at it"
        )
    faults = [fault for fault in quick_faults(model, source) if fault.path != MANIFEST]
    if faults:
        of_files = f"{source} holds no whole {model.name}: {'; '.join(map(str, faults[:3]))}"
        told = str(faults[0]) if faults[0].path == str(source) else of_files
        raise EngineUnavailable(
            f"{told}. Complete that folder, give another, or let `punchin models pull {model.name}` fetch it"
        )


def _needed(checkpoint: Checkpoint, root: Path) -> Iterator[Path]:
    """Every file that the engine reads, and the small ones beside them."""
    yield from checkpoint.weights
    if checkpoint.layout == "diffusers":
        yield root / "model_index.json"
    inside = {path.parent for path in checkpoint.weights} | {checkpoint.text_encoder, checkpoint.tokenizer}
    for folder in sorted(inside):
        yield from (path for path in sorted(folder.iterdir()) if path.suffix in SMALL and path.is_file())


def _can_link(file: Path, trial: Path) -> bool:
    try:
        trial.unlink(missing_ok=True)
        trial.hardlink_to(file)
        trial.unlink()
    except OSError:
        return False
    return True


def _brought(
    files: dict[str, Path], part: Path, progress: Progress, total: int, *, linked: bool
) -> Iterator[FileRecord]:
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        progress("verify" if linked else "copy", min(1.0, done / (total or 1)))

    for place, source in files.items():
        target = part / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Small files are edited in place now and then; weights are not.
            if linked and source.suffix not in SMALL:
                target.hardlink_to(source)
            else:
                shutil.copyfile(source, target)
        except OSError as error:
            raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error
        sha256, _ = hashes(target, on_bytes)
        yield FileRecord(place, target.stat().st_size, sha256)


def _notes(model: Model, records: list[FileRecord]) -> Iterator[str]:
    package: Package | None = PACKAGES.get(model.name)
    known = {
        f"{shipment.place}/{name}": sha256
        for shipment in (package.shipments if package else ())
        for name, sha256 in shipment.sha256.items()
    }
    for each in records:
        if each.path in known and known[each.path] != each.sha256:
            yield f"{each.path} is not the file that was published (fine if you trained or converted it)"

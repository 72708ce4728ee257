"""What lies on the shelf: the folders of models below `PUNCHIN_HOME/models`, and how they are taken off."""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from punchin.engines.ace_step.catalogue import MODELS, Model
from punchin.engines.ace_step.weights.checks import Fault, quick_faults
from punchin.engines.ace_step.weights.manifest import MANIFEST, Manifest
from punchin.errors import EngineUnavailable, OutputError, UnknownEngine

if TYPE_CHECKING:
    from pathlib import Path

NEEDED_PACKAGES = ("torch", "diffusers", "transformers", "safetensors", "huggingface_hub")
STATES = {"ready": "ready", "absent": "not here", "unfinished": "half fetched", "broken": "broken"}
INSTALL = "pip install 'punchin[ace-step]'"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A model as it is on this machine.

    Attributes:
        model: which.
        folder: where it is, or would be.
        state: "ready", "broken", "unfinished" (a pull was broken off) or "absent".
        bytes: what it takes on the disk.
        origin: where it came from, as its manifest says; empty where nobody knows.
        faults: what is wrong with a broken one, found without reading the weights.
    """

    model: Model
    folder: Path
    state: str
    bytes: int = 0
    origin: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def says(self) -> str:
        """The state, in words."""
        return STATES[self.state]

    @property
    def cure(self) -> str:
        """The command that makes it ready; empty for one that is."""
        return "" if self.state == "ready" else f"punchin models pull {self.model.name}"


def find_model(name: str) -> Model:
    """A model by its name, or by the name of its engine.

    Raises:
        UnknownEngine: if there is none; names those that come near.
    """
    by_engine = {model.engine: model for model in MODELS.values()}
    if found := MODELS.get(name) or by_engine.get(name):
        return found
    near = difflib.get_close_matches(name, MODELS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownEngine(f"there is no model {name!r}; {hint}there are {', '.join(MODELS)}")


def part_of(folder: Path) -> Path:
    """Where a model is put together before it goes to its folder as a whole."""
    return folder.with_name(f"{folder.name}.part")


def look(model: Model, models: Path) -> Shelved:
    """What is there of a model; reads no weights, so it takes milliseconds.

    Args:
        model: which.
        models: the folder of all models, `places.models_folder()`.
    """
    folder = models / model.name
    if not folder.is_dir():
        part = part_of(folder)
        return Shelved(model, folder, "unfinished" if part.is_dir() else "absent", _size(part))
    faults = tuple(quick_faults(model, folder))
    try:
        manifest = Manifest.read(folder)
    except EngineUnavailable:
        manifest = None
    origin = tuple(manifest.origin) if manifest else ()
    return Shelved(model, folder, "broken" if faults else "ready", _size(folder), origin, faults)


def remove(model: Model, models: Path) -> int:
    """Take a model off the disk, and whatever is left of a pull that was broken off.

    Where the folder is a link to another place, only the link goes.

    Returns:
        How many bytes that freed; files that another folder still holds free none.

    Raises:
        EngineUnavailable: if nothing of it is there.
        OutputError: if it cannot be removed.
    """
    folder = models / model.name
    found = [each for each in (folder, part_of(folder)) if each.is_symlink() or each.exists()]
    if not found:
        raise EngineUnavailable(f"{model.name} is not in {models}; `punchin models list` shows what is")
    freed = sum(_freed(each) for each in found)
    for each in found:
        discard(each)
    return freed


def discard(folder: Path) -> None:
    """Remove a folder in such a way that half of it is never taken for a model.

    Raises:
        OutputError: if it cannot be removed.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        gone = folder.with_name(f".{folder.name}.removed")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise OutputError(f"{folder} cannot be removed: {error.strerror}") from error


def check_replaceable(model: Model, folder: Path) -> None:
    """Refuse to replace what somebody filled by hand: it may be the only copy of their training.

    Raises:
        EngineUnavailable: if the folder is there and was not made here.
    """
    if folder.is_dir() and not (folder / MANIFEST).is_file():
        raise EngineUnavailable(
            f"{folder} was filled by hand and is not replaced: complete it, move it away, or give it up with "
            f"`punchin models remove {model.name}`"
        )


def missing_packages() -> list[str]:
    """Which of the packages that the engine needs are not installed; nothing is imported."""
    return [name for name in NEEDED_PACKAGES if find_spec(name) is None]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder)) if folder.is_dir() else 0


def _freed(folder: Path) -> int:
    if folder.is_symlink():
        return 0
    found = [path.stat() for path in _files(folder)]
    return sum(each.st_size for each in found if each.st_nlink == 1)

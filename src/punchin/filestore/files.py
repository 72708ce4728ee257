"""Files by key, through obstore: one interface for a local folder and for S3 and its like."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from punchin.errors import SettingsError, StoreError
from punchin.filestore import local
from punchin.filestore.keys import check_key
from punchin.filestore.tally import Stored, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from obstore import Attributes
    from obstore.store import ObjectStore

BLOCK_BYTES = 1 << 18
CONNECT_S = "5s"
REQUEST_S = "1h"
"""A request lasts as long as its file takes; obstore's own limit of 30 s would break off large songs."""
RETRIES = 4
RETRY_S = 15
"""How long obstore tries by itself while the store is away: the API answers 503 instead of hanging."""
LONGEST_SIGNED_S = 7 * 86400
"""The longest that Signature Version 4 allows."""
MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "webm": "audio/webm",
}
"""All others are only bytes: an upload must never be shown as a page."""
_INCOMING = "incoming"


class FileStore:
    """Keeps files under keys. Methods block unless their name ends in `_async`; safe from several threads.

    A file is under its key when it is whole: readers see the old one or the new one, never a part. In a local
    folder it is on the disk, not only in memory, when `put` returns.

    Every method raises `NotAllowed` for a key that is none (see `check_key`), `FileNotFoundError` where there
    is no such file, and `StoreError` where the store cannot be used: full, unreachable, no permission.
    """

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def open(cls, address: str | Path) -> Self:
        """Open a store; a local folder is made.

        Args:
            address: a folder, or an address that obstore knows: `s3://bucket/prefix`, `gs://…`, `az://…`.
                Their credentials come from where their own tools take them.

        Raises:
            SettingsError: there is no store of that kind, or the folder cannot be made.
        """
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url

        text = str(address).removeprefix("file://")
        try:
            if "://" in text:
                return cls(from_url(text, **_patience(text)), None)
            folder = Path(text).expanduser().absolute()
            folder.mkdir(parents=True, exist_ok=True)
            return cls(LocalStore(folder, automatic_cleanup=True), folder)
        except (BaseError, OSError, ValueError) as error:
            raise SettingsError(f"files cannot be kept in {text!r}: {_short(error)}") from error

    # Writing

    def put(
        self,
        key: str,
        content: bytes | Iterable[bytes],
        *,
        max_bytes: int | None = None,
        replace: bool = True,
    ) -> Stored:
        """Store bytes; memory stays bounded when they come in pieces.

        Args:
            key: where.
            content: the bytes, or an iterable of pieces; what it raises is raised here, nothing is stored.
            max_bytes: the most it may have.
            replace: whether a file of that key gives way.

        Raises:
            TooLarge: it has more; nothing is stored.
            FileExistsError: there is one and it may not be replaced. In an object store this is looked up
                before the bytes are sent; in a folder it is also certain against another writer.
        """
        import obstore

        tally = Tally(check_key(key), max_bytes)
        target = self._target(key, replace)
        with _translated(key):
            pieces = tally.over([content] if isinstance(content, bytes) else content)
            obstore.put(self._store, target, pieces, attributes=self._attributes(key))
        self._land(key, target)
        return tally.stored

    async def put_async(
        self, key: str, content: AsyncIterable[bytes], *, max_bytes: int | None = None, replace: bool = True
    ) -> Stored:
        """Like `put`, of pieces that come from an event loop."""
        import asyncio

        import obstore

        tally = Tally(check_key(key), max_bytes)
        target = await asyncio.to_thread(self._target, key, replace)
        with _translated(key):
            attributes = self._attributes(key)
            await obstore.put_async(self._store, target, tally.over_async(content), attributes=attributes)
        await asyncio.to_thread(self._land, key, target)
        return tally.stored

    def put_file(self, key: str, path: Path, *, move: bool = False) -> int:
        """Store a file and give its length in bytes.

        Args:
            key: where; a file of that key gives way.
            path: the file.
            move: it is not needed any more; on the same disk this costs no copy.
        """
        import obstore

        check_key(key)
        size = path.stat().st_size
        with _translated(key):
            moved = bool(move and self._folder and local.moved(path, self._folder, key))
        if not moved:
            with _translated(key), path.open("rb") as source:
                blocks = iter(lambda: source.read(BLOCK_BYTES), b"")
                obstore.put(self._store, key, blocks, attributes=self._attributes(key))
            self._land(key, key)
            if move:
                path.unlink()
        return size

    def _attributes(self, key: str) -> Attributes | None:
        """What an object store tells of a file that is read there directly; folders keep no such things."""
        return None if self._folder else {"Content-Type": media_type(key)}

    def _target(self, key: str, replace: bool) -> str:
        if replace:
            return key
        if self.exists(key):
            raise FileExistsError(key)
        return f"{_INCOMING}/{uuid.uuid4().hex}" if self._folder else key

    def _land(self, key: str, target: str) -> None:
        if self._folder is None:
            return
        with _translated(key):
            local.sync(self._folder, target)
            if target != key:
                local.rename_new(self._folder, target, key)

    # Reading

    def size(self, key: str) -> int:
        """Its length in bytes."""
        import obstore

        with _translated(check_key(key)):
            return obstore.head(self._store, key)["size"]

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        try:
            self.size(key)
        except FileNotFoundError:
            return False
        return True

    def open_range(
        self, key: str, start: int = 0, end: int | None = None, *, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[bytes]:
        """The bytes from `start` up to, not with, `end`, in pieces of about `block_bytes`.

        Args:
            key: which file.
            start, end: half-open; None and what is past the end mean the end. An empty range gives nothing.
            block_bytes: how much is held in memory, about.

        Raises:
            ValueError: `start` is negative.
        """
        import obstore

        if start < 0:
            raise ValueError(f"a range starts at 0 or later, not at {start}")
        if self._folder is not None:
            with _translated(check_key(key)):
                return local.blocks(self._folder / key, start, end, block_bytes)
        size = self.size(key)
        end = size if end is None else min(end, size)
        if start >= end:
            return iter(())
        with _translated(key):
            opened = obstore.get(self._store, key, options={"range": (start, end)})
        return self._blocks(key, opened.stream(min_chunk_size=block_bytes))

    def read(self, key: str) -> bytes:
        """All its bytes, for small files."""
        return b"".join(self.open_range(key))

    def local_path(self, key: str) -> Path | None:
        """Where it lies on this machine, for reading only; None where the store is not local.

        Raises:
            FileNotFoundError: the store is local and has no such file.
        """
        check_key(key)
        if self._folder is None:
            return None
        path = self._folder / key
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def fetch_to(self, key: str, path: Path) -> int:
        """Copy it to a place on this machine and give its length in bytes; whole or not there at all."""
        blocks = self.open_range(key)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with part.open("xb") as into:
                into.writelines(blocks)
            size = part.stat().st_size
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return size

    @staticmethod
    def _blocks(key: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        with _translated(key):
            yield from map(bytes, blocks)

    # Addresses at the store itself

    def address(self, key: str, method: Literal["GET", "PUT"], seconds: float) -> str | None:
        """Where a file can be read from or sent to directly, without this server; None where it cannot.

        Object stores sign such addresses; a folder cannot. What is sent there has no limit of size and no
        hash: look at `size` afterwards.

        Args:
            key: which file.
            method: what is allowed.
            seconds: for how long; a store may allow less.
        """
        import obstore
        from obstore.store import AzureStore, GCSStore, S3Store

        check_key(key)
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        span = timedelta(seconds=max(1, min(seconds, LONGEST_SIGNED_S)))
        with _translated(key):
            return obstore.sign(self._store, method, key, span)

    # Keeping order

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; those that are not there are deleted already."""
        import obstore

        for key in keys:
            check_key(key)
            with _translated(key):
                try:
                    obstore.delete(self._store, key)
                except FileNotFoundError:
                    continue

    def old(self, before: datetime, *, prefix: str = "", limit: int = 10_000) -> list[str]:
        """Keys of files last written before a moment (with its time zone), `limit` at most."""
        import obstore

        keys: list[str] = []
        with _translated(prefix):
            for metas in obstore.list(self._store, check_key(prefix) if prefix else None):
                keys += [meta["path"] for meta in metas if meta["last_modified"] < before]
                if len(keys) >= limit:
                    break
        return keys[:limit]

    def delete_unfinished(self, before: datetime) -> int:
        """Delete what killed writers left in a local folder before a moment; give how many files that were.

        An object store does this by its own rule for unfinished uploads.
        """
        if self._folder is None:
            return 0
        unfinished = self.old(before, prefix=_INCOMING)
        self.delete(unfinished)
        return len(unfinished) + local.delete_staged(self._folder, before.timestamp())


def media_type(key: str) -> str:
    """What a file is, by its ending."""
    return MEDIA_TYPES.get(key.rpartition(".")[2].lower(), "application/octet-stream")


def _patience(address: str) -> dict[str, Any]:
    """How long to wait for a store that is reached through the network."""
    if address.startswith(("memory://", "file://")):
        return {}
    return {
        # The operator's endpoint says whether it is http; with options of ours here, obstore would not take
        # AWS_ALLOW_HTTP from the environment.
        "client_options": {"allow_http": True, "connect_timeout": CONNECT_S, "timeout": REQUEST_S},
        "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
    }


@contextmanager
def _translated(key: str) -> Generator[None]:
    """Foreign errors as ours: there is no such file, it is there already, or the store cannot be used."""
    from obstore.exceptions import AlreadyExistsError, BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(key) from error
    except (FileExistsError, AlreadyExistsError) as error:
        raise FileExistsError(key) from error
    except (BaseError, OSError) as error:
        raise StoreError(f"the file store cannot be used: {_short(error)}") from error


def _short(error: Exception) -> str:
    """The first line: the rest of obstore's texts is for its own makers."""
    return str(error).strip().split("\n", 1)[0]

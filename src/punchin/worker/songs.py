"""Gets a job's song onto this machine: from the file store, or through the one door to the network."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.errors import SongError, UploadNotFound
from punchin.filestore import key_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.filestore import FileStore
    from punchin.worker.keeping import Kept

    Fetch = Callable[[str, Path, Progress], str]
    """fetch(address, into, progress): writes the file and gives its name, which may be empty."""

UPLOAD = "upload:"


@dataclass(frozen=True, slots=True)
class Songs:
    """Where songs come from.

    Attributes:
        files: uploads.
        fetch: reads a song from the network, with the rules of this server.
        kept: uploads of an object store that this machine has fetched before.
    """

    files: FileStore
    fetch: Fetch
    kept: Kept | None = None

    def bring(self, audio: str, folder: Path, progress: Progress) -> Path:
        """Put the song into a folder under a name that people know it by.

        Args:
            audio: as in `JobSpec.audio`.
            folder: where to.
            progress: told while it arrives.

        Raises:
            UploadNotFound: it was uploaded here and is gone, or never came.
            FetchError, NotAllowed, TooLarge: as `punchin.fetching.fetch`.
            SongError: the address is none.
        """
        progress("fetch", 0.0)
        if audio.startswith(UPLOAD):
            return self._uploaded(audio.removeprefix(UPLOAD), folder)
        if not audio.lower().startswith(("http://", "https://")):
            raise SongError(f"the song's address {audio[:80]!r} does not start with http:// or https://")
        arriving = folder / "arriving"
        name = key_name(self.fetch(audio, arriving, progress), "song")
        return arriving.rename(folder / name)

    def _uploaded(self, key: str, folder: Path) -> Path:
        path = folder / key.rpartition("/")[2]
        with suppress(FileNotFoundError):
            if local := self.files.local_path(key):
                # Uploads are written once: a link is as good as a copy, and free.
                path.symlink_to(local.absolute())
            else:
                (self.kept.bring if self.kept else self.files.fetch_to)(key, path)
            return path
        raise UploadNotFound(
            "the uploaded song is not here; it may have expired, or never arrived: send it again"
        )

"""Uploads: announced, then whole; written once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from punchin.errors import NotAllowed, UploadNotFound
from punchin.store.ids import new_id
from punchin.store.records import Upload
from punchin.store.sessions import Ledger
from punchin.store.tables import uploads

if TYPE_CHECKING:
    from sqlalchemy import Row


class Uploads(Ledger):
    """The songs that clients send."""

    def create_upload(
        self, key_id: str, filename: str, content_type: str = "", size: int | None = None
    ) -> Upload:
        """Announce a file.

        Args:
            key_id: whose it is.
            filename: as the client calls it; only its harmless characters come into the file's key.
            content_type: as the client says, or "".
            size: bytes as announced, or None.
        """
        upload_id = new_id()
        new = insert(uploads).values(
            id=upload_id,
            key_id=key_id,
            file_key=f"up/{upload_id}/{_harmless(filename)}",
            filename=filename,
            content_type=content_type,
            size=size,
            created_at=self.now(),
        )
        with self.writing() as session:
            return _upload(session.execute(new.returning(uploads)).one())

    def uploaded(self, upload_id: str, size: int, sha256: str) -> Upload:
        """The file is whole and in the file store.

        Args:
            upload_id: which.
            size: bytes that arrived.
            sha256: their hash, in hex.

        Raises:
            NotAllowed: it was there already; an upload is written once.
            UploadNotFound: there is none.
        """
        whole = (
            update(uploads)
            .where(uploads.c.id == upload_id, uploads.c.stored_at.is_(None))
            .values(bytes=size, sha256=sha256, stored_at=self.now())
            .returning(uploads)
        )
        with self.writing() as session:
            row = session.execute(whole).one_or_none()
        if row is None:
            self.upload(upload_id)
            raise NotAllowed(f"upload {upload_id} is there already; announce a new one")
        return _upload(row)

    def upload(self, upload_id: str) -> Upload:
        """An upload by its id.

        Raises:
            UploadNotFound: there is none.
        """
        return self._one(uploads.c.id == upload_id, upload_id)

    def upload_at(self, file_key: str) -> Upload:
        """An upload by where it lies in the file store.

        Raises:
            UploadNotFound: there is none.
        """
        return self._one(uploads.c.file_key == file_key, file_key)

    def _one(self, condition: Any, called: str) -> Upload:
        with self.reading() as session:
            row = session.execute(select(uploads).where(condition)).one_or_none()
        if row is None:
            raise UploadNotFound(f"there is no upload {called}")
        return _upload(row)


def _harmless(filename: str) -> str:
    """A short name of letters, digits, `-` and `_` with its extension: `My Song!.WAV` → `My-Song.wav`."""
    base = re.split(r"[\\/]", filename)[-1]
    stem, dot, extension = base.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,5}", extension):
        stem, extension = base, ""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:60] or "upload"
    return f"{stem}.{extension.lower()}" if extension else stem


def _upload(row: Row[*tuple[Any, ...]]) -> Upload:
    return Upload(
        id=row.id,
        key_id=row.key_id,
        file_key=row.file_key,
        filename=row.filename,
        content_type=row.content_type,
        size=row.size,
        bytes=row.bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        stored_at=row.stored_at,
    )

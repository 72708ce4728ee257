"""The secret that addresses are signed with: made at first start, readable by its owner alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from punchin.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_NAME = "secret"


def signing_key(home: Path, secret: str = "") -> bytes:
    """The key for a `Signer`, 32 bytes.

    Args:
        home: PUNCHIN_HOME; its file `secret` is read, or made if it is not there. Processes that start at the
            same moment get the same key: the file appears whole, once, under its name.
        secret: used instead of the file, so that several machines can share one.

    Raises:
        SettingsError: the file cannot be made or read, or is no secret of ours; or `secret` is too short.
    """
    if secret:
        if len(secret) < KEY_BYTES:
            raise SettingsError(f"the secret has {len(secret)} characters; give {KEY_BYTES} or more")
        return hashlib.sha256(b"punchin signing key\0" + secret.encode()).digest()
    path = home / _NAME
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the secret {path} cannot be made or read: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"{path} has {len(key)} bytes where a secret has {KEY_BYTES}; delete it to get a new one "
            "(addresses given out before will stop working)"
        )
    return key


def _make(path: Path) -> None:
    """Write beside it and link: of two at once one wins, and both read the winner's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()

"""What a model folder holds: every file with its size and SHA-256, written once all of them were verified."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Self

import msgspec

from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST = "punchin-model.json"
PIECE = 1 << 22
"""Bytes that are read at once: enough for speed, little enough to stop between."""
_HEADER_LIMIT = 100_000_000
"""The longest header that the safetensors format allows, in bytes."""


class FileRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: `path` inside the folder with forward slashes, size and hash."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole model.

    Attributes:
        name: of the model.
        origin: where its files came from: "REPO@REVISION", or the folder.
        files: all of them, by path.
    """

    name: str
    origin: list[str]
    files: list[FileRecord]

    def write(self, folder: Path) -> None:
        """Put it into the folder."""
        text = json.dumps(msgspec.to_builtins(self), indent=1)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The manifest of a folder; None where there is none, as in a folder that was filled by hand.

        Raises:
            EngineUnavailable: if it is there and cannot be read.
        """
        path = folder / MANIFEST
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, OSError, UnicodeDecodeError) as error:
            raise EngineUnavailable(f"{path} cannot be read ({error})") from error


def hashes(path: Path, on_bytes: Callable[[int], None]) -> tuple[str, str]:
    """SHA-256 of a file, and the name that git gives to its content.

    Args:
        path: the file.
        on_bytes: told how much was read; may raise to stop.
    """
    sha = hashlib.sha256()
    # git names what it stores by SHA-1; here it finds damage, and the connection is what is trusted.
    git = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            sha.update(piece)
            git.update(piece)
            on_bytes(len(piece))
    return sha.hexdigest(), git.hexdigest()


def safetensors_fault(path: Path) -> str:
    """What is wrong with the shape of a file of weights, without reading the weights; "" if nothing.

    The format (huggingface/safetensors, README, "Format"): eight bytes with the length of the header, little
    endian; the header in JSON with the place of every tensor behind it; the tensors, without a gap.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(_HEADER_LIMIT, size - 8):
            return f"is not a whole safetensors file ({size} bytes)"
        try:
            header: dict[str, Any] = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return "is not a safetensors file: its header cannot be read"
    whole = 8 + length + max(ends, default=0)
    return "" if size == whole else f"has {size} bytes and must have {whole}"

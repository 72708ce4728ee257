"""Copies runs of bytes from file to file, by the operating system where it can."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from punchin.errors import SongError

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_BYTES = 1 << 24
"""How much is copied between two looks at whether the person has changed their mind."""


def copy_bytes(
    source: BinaryIO, output: BinaryIO, offset: int, length: int, report: Callable[[int], None]
) -> None:
    """Append `length` bytes of `source`, from `offset`, to where `output` stands.

    Uses copy_file_range(2), which shares blocks on file systems that can, and plain reads elsewhere.

    Args:
        source, output: open files; the output's position moves on, the source's is not defined afterwards.
        offset: first byte in the source.
        length: how many bytes.
        report: told how many bytes are done; may raise `Cancelled`.

    Raises:
        SongError: if the source ends early.
        OSError: if the output cannot be written.
    """
    output.flush()
    done = 0
    by_system = hasattr(os, "copy_file_range")
    at = output.tell()
    while done < length:
        want = min(BLOCK_BYTES, length - done)
        copied = 0
        if by_system:
            try:
                copied = os.copy_file_range(source.fileno(), output.fileno(), want, offset + done, at + done)
            except OSError:
                by_system = False  # across file systems, or a kernel that cannot
                continue
        else:
            source.seek(offset + done)
            output.seek(at + done)
            copied = output.write(source.read(want))
        if copied == 0:
            raise SongError(f"{source.name} got shorter while it was read")
        done += copied
        report(done)
    output.seek(at + done)

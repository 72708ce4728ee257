"""The one door to a song on disk: looks at the first bytes and opens the right kind of `SongFile`."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.errors import SongError
from punchin.region import clock
from punchin.songfile.flacblocks import id3v2_length
from punchin.songfile.model import state_of
from punchin.songfile.sniff import HEAD_BYTES, Kind, kind_of, looks_like

if TYPE_CHECKING:
    from punchin.songfile.model import SongFile

MOST_CHANNELS = 8
SLOWEST_HZ, FASTEST_HZ = 8_000, 192_000
LONG_S = 3600.0
"""The length up to which a song may swell as it likes when it is decoded."""
MOST_SWELLING = 1000
"""How many times larger a longer song may become. MP3 of 128 kbit/s grows 22-fold in 32-bit floats, speech in
Opus at 6 kbit/s (the lowest of RFC 6716, 2.1.1) 256-fold; hours of silence that were made to keep a decoder
busy 11,000-fold (Opus) or 29,000-fold (FLAC)."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
    (stat.S_ISSOCK, "a socket"),
)


def open_song(path: str | Path, *, any_length: bool = False) -> SongFile:
    """Open a song; takes milliseconds whatever its length.

    Args:
        path: a WAV, FLAC, MP3, Ogg Vorbis, Opus, AIFF, CAF or (with the extra `m4a`) M4A file; what it is
            named does not matter. Songs are read back and forth: it must be a plain file, or a link to one.
        any_length: also take what looks like a decompression bomb: more than an hour of sound in less than a
            thousandth of its size. For those who have limits of their own.

    Raises:
        SongError: if it is missing, not music, damaged, or has channels, a rate or a length beyond what is
            handled.
    """
    path = Path(path)
    _insist_on_file(path)
    head = _head(path)
    if not head:
        raise SongError(f"{path} is empty")
    kind = _kind(path, head)
    if kind is None:
        raise SongError(
            f"{path} is not music: it looks like {looks_like(head)}; give a WAV, FLAC, MP3, Ogg or M4A file"
        )
    state = state_of(path)
    song = _open(path, kind)
    try:
        _check_limits(song)
        if not any_length:
            _check_swelling(song)
    except SongError:
        song.close()
        raise
    song.state = state
    return song


def _insist_on_file(path: Path) -> None:
    """Refuse what is no plain file: opening a pipe waits for whoever writes to it, and devices never end.

    Raises:
        SongError: says what it is.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise SongError(f"{path} does not exist") from None
    except PermissionError:
        raise SongError(f"{path} may not be read by this user") from None
    except (OSError, ValueError) as error:
        said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise SongError(f"{path} cannot be read: {said}") from error
    if not stat.S_ISREG(mode):
        what = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
        cure = "give a file" if stat.S_ISDIR(mode) else "songs are read back and forth, so save it to a file"
        raise SongError(f"{path} is {what}; {cure}")


def _head(path: Path, offset: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(HEAD_BYTES)
    except PermissionError:
        raise SongError(f"{path} may not be read by this user") from None
    except OSError as error:
        raise SongError(f"{path} cannot be read: {error.strerror}") from error


def _kind(path: Path, head: bytes) -> Kind | None:
    kind = kind_of(head)
    # An ID3v2 tag may stand before FLAC, too.
    if kind is Kind.MP3 and (length := id3v2_length(head)) and _head(path, length)[:4] == b"fLaC":
        return Kind.FLAC
    return kind


def _open(path: Path, kind: Kind) -> SongFile:
    if kind is Kind.WAV:
        from punchin.songfile.wav import open_wav

        return open_wav(path)
    if kind is Kind.FLAC:
        from punchin.songfile.flac import FlacFile

        return FlacFile(path)
    if kind is Kind.MP3:
        from punchin.songfile.mp3 import Mp3File

        return Mp3File(path)
    if kind is Kind.M4A:
        from punchin.songfile.m4a import M4aFile

        return M4aFile(path)
    from punchin.songfile.sndfile import SndFile

    return SndFile(path)


def _check_limits(song: SongFile) -> None:
    if song.frames <= 0:
        raise SongError(f"{song.path} holds no sound: its length is 0")
    if not 1 <= song.channels <= MOST_CHANNELS:
        raise SongError(f"{song.path} has {song.channels} channels; 1 to {MOST_CHANNELS} can be edited")
    if not SLOWEST_HZ <= song.rate_hz <= FASTEST_HZ:
        raise SongError(
            f"{song.path} has a rate of {song.rate_hz} Hz; {SLOWEST_HZ} to {FASTEST_HZ} Hz can be edited"
        )


def _check_swelling(song: SongFile) -> None:
    size = song.path.stat().st_size
    decoded = song.frames * song.channels * song.sample_format.dtype.itemsize
    if song.duration_s > LONG_S and decoded > MOST_SWELLING * size:
        raise SongError(
            f"{song.path} holds {clock(song.duration_s)} of sound in {size / 1e6:.3g} MB and would become "
            f"{decoded // size} times larger; what is longer than {clock(LONG_S)} may become {MOST_SWELLING} "
            "times larger. If it is music, decode it to WAV first, or cut out the part around the edit"
        )

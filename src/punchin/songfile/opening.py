"""The one door to a song on disk: looks at the first bytes and opens the right kind of `SongFile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from punchin.errors import SongError
from punchin.songfile.flacblocks import id3v2_length
from punchin.songfile.sniff import HEAD_BYTES, Kind, kind_of, looks_like

if TYPE_CHECKING:
    from punchin.songfile.model import SongFile

MOST_CHANNELS = 8
SLOWEST_HZ, FASTEST_HZ = 8_000, 192_000


def open_song(path: str | Path) -> SongFile:
    """Open a song; takes milliseconds whatever its length.

    Args:
        path: a WAV, FLAC, MP3, Ogg Vorbis, Opus, AIFF, CAF or (with the extra `m4a`) M4A file; what it is
        named
            does not matter.

    Raises:
        SongError: if it is missing, not music, damaged, or has channels or a rate beyond what is handled.
    """
    path = Path(path)
    head = _head(path)
    if not head:
        raise SongError(f"{path} is empty")
    kind = _kind(path, head)
    if kind is None:
        raise SongError(
            f"{path} is not music: it looks like {looks_like(head)}; give a WAV, FLAC, MP3, Ogg or M4A file"
        )
    song = _open(path, kind)
    try:
        _check_limits(song)
    except SongError:
        song.close()
        raise
    return song


def _head(path: Path, offset: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise SongError(f"{path} does not exist") from None
    except IsADirectoryError:
        raise SongError(f"{path} is a folder; give a file") from None
    except PermissionError:
        raise SongError(f"{path} may not be read by this user") from None
    except (OSError, ValueError) as error:
        raise SongError(f"{path} cannot be read: {error}") from error


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

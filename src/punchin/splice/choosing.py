"""Which splicer writes the output: by the rule that the promise is kept in its strongest form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.songfile import Container
from punchin.splice.model import CannotSplice
from punchin.splice.recode import RecodeSplicer

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.songfile import SongFile
    from punchin.splice.model import Splicer

_SUFFIXES = {
    Container.WAV: ".wav",
    Container.FLAC: ".flac",
    Container.MP3: ".mp3",
    Container.OGG: ".ogg",
    Container.OPUS: ".opus",
    Container.M4A: ".m4a",
    Container.AIFF: ".aiff",
}
_NAMES = {Container.OGG: "Ogg Vorbis", Container.OPUS: "Opus", Container.M4A: "AAC"}


def splicer_for(source: SongFile, container: Container | None = None) -> Splicer:
    """The splicer that writes an output of this song.

    Args:
        source: the song.
        container: the format asked for; None is the song's own, where that keeps the promise: WAV, FLAC and MP3
            are spliced, Ogg, Opus and AAC (which would have to be coded again as a whole) become FLAC of the
            decoded sound.

    Raises:
        OutputError: if the format asked for cannot hold this song.
    """
    if container not in (None, source.container):
        return RecodeSplicer(source, container)
    try:
        return _own_format(source)
    except CannotSplice as reason:
        if container is Container.MP3:
            return RecodeSplicer(source, Container.MP3, f"the MP3 was coded again as a whole: {reason}")
        return RecodeSplicer(source, _lossless_for(source), f"the frames of this file cannot be spliced: {reason}")


def _own_format(source: SongFile) -> Splicer:
    if source.container is Container.WAV:
        from punchin.songfile.wav import WavFile
        from punchin.splice.wav import WavSplicer

        if isinstance(source, WavFile):
            return WavSplicer(source)
        raise CannotSplice(f"its samples are coded ({source.codec})")
    if source.container is Container.FLAC:
        from punchin.songfile.flac import FlacFile
        from punchin.splice.flac import FlacSplicer

        if isinstance(source, FlacFile):
            return FlacSplicer(source)
    if source.container is Container.MP3:
        from punchin.songfile.mp3 import Mp3File
        from punchin.splice.mp3 import Mp3Splicer

        if isinstance(source, Mp3File):
            return Mp3Splicer(source)
    name = _NAMES.get(source.container)
    if name:
        why = f"{name} cannot keep the rest untouched (it would be coded again as a whole); FLAC holds the decoded sound"
        return RecodeSplicer(source, Container.FLAC, why)
    why = f"{source.codec} is not written here; the decoded sound is kept without loss"
    return RecodeSplicer(source, _lossless_for(source), why)


def _lossless_for(source: SongFile) -> Container:
    """FLAC where it holds every bit of the samples, else WAV."""
    fmt = source.sample_format
    wav_only = (fmt.is_float and source.lossless) or (not fmt.is_float and fmt.bits > 24)
    return Container.WAV if wav_only else Container.FLAC


def suffix(container: Container) -> str:
    """The usual ending of a file name, with its dot."""
    return _SUFFIXES.get(container, ".wav")


def container_of(path: Path) -> Container | None:
    """The format that a file name asks for by its ending, or None if it asks for none."""
    endings = {ending: container for container, ending in _SUFFIXES.items()} | {".aif": Container.AIFF}
    return endings.get(path.suffix.lower())

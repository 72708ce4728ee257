"""Which splicer writes the output: by the rule that the promise is kept in its strongest form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.errors import RegionError
from punchin.songfile import Container
from punchin.splice.model import CannotSplice
from punchin.splice.recode import LOSSLESS, RecodeSplicer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punchin.region import Frames
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
_SPLICED = (Container.WAV, Container.FLAC, Container.MP3)
_NAMES = {
    Container.OGG: "Ogg Vorbis",
    Container.OPUS: "Opus",
    Container.M4A: "AAC",
    Container.MP3: "MP3",
    Container.FLAC: "FLAC",
    Container.WAV: "WAV",
}
_ASKED_LOSSLESS = "{name} was asked for, so the whole song was written anew, without loss"
_ASKED_LOSSY = (
    "{name} was asked for, so the whole song was coded anew: that changes the sound outside the region, too, "
    "if only a little"
)
_NO_FRAMES = (
    "{name} cannot be changed in one part: all of it would be coded again, with a loss everywhere; "
    "{instead} keeps the decoded sound as it is"
)
_NOT_WRITTEN = "{codec} is not written here; {instead} keeps the decoded sound as it is"
_CANNOT = "this {name} file cannot be changed in one part, because {reason}; "


def splicer_for(
    source: SongFile, container: Container | None = None, regions: Sequence[Frames] = ()
) -> Splicer:
    """The splicer that writes an output of this song.

    Args:
        source: the song.
        container: the format asked for; None is the song's own, where that keeps the promise: WAV, FLAC and
            MP3 are spliced; Ogg, Opus and AAC (which would have to be coded again as a whole) become FLAC of
            the decoded sound. Asked for by name, they are coded again, with method LOSSY.
        regions: where the sound will change. One that is too short for the song's own coded frames (MP3,
            under 0.13 s) makes the output FLAC unless a format was asked for.

    Raises:
        OutputError: if the format asked for cannot hold this song.
    """
    own = container is source.container and container in _SPLICED
    by_default = source.container not in _SPLICED and container is _lossless_for(source)
    if container is None or own or by_default:
        try:
            splicer = _own_format(source)
        except CannotSplice as reason:
            return _instead(source, container, str(reason))
        if splicer and container is None and (short := _too_short(splicer, regions)):
            return _instead(source, None, short)
        return splicer or _decoded(source, container)
    asked = _ASKED_LOSSLESS if container in LOSSLESS else _ASKED_LOSSY
    return RecodeSplicer(source, container, asked.format(name=_name(container)))


def _too_short(splicer: Splicer, regions: Sequence[Frames]) -> str:
    """Why one of the regions cannot be spliced, or "" if all can."""
    try:
        for region in regions:
            splicer.writable(region)
    except RegionError:
        return "a region is shorter than its overlapping frames allow"
    return ""


def _own_format(source: SongFile) -> Splicer | None:
    """The splicer of the song's own format, if it has one.

    Raises:
        CannotSplice: if the structure of this very file forbids it.
    """
    if source.container is Container.WAV:
        from punchin.songfile.wav import WavFile
        from punchin.splice.wav import WavSplicer

        return WavSplicer(source) if isinstance(source, WavFile) else None
    if source.container is Container.FLAC:
        from punchin.songfile.flac import FlacFile
        from punchin.splice.flac import FlacSplicer

        return FlacSplicer(source) if isinstance(source, FlacFile) else None
    if source.container is Container.MP3:
        from punchin.songfile.mp3 import Mp3File
        from punchin.splice.mp3 import Mp3Splicer

        return Mp3Splicer(source) if isinstance(source, Mp3File) else None
    return None


def _decoded(source: SongFile, asked: Container | None) -> Splicer:
    """FLAC or WAV of the decoded sound, for formats that have no splicer."""
    instead = asked or _lossless_for(source)
    plain = source.lossless or source.container not in (Container.OGG, Container.OPUS, Container.M4A)
    words = {"name": _name(source.container), "codec": source.codec, "instead": _name(instead)}
    return RecodeSplicer(source, instead, (_NOT_WRITTEN if plain else _NO_FRAMES).format(**words))


def _instead(source: SongFile, asked: Container | None, reason: str) -> Splicer:
    """What is written where a WAV, FLAC or MP3 file cannot be spliced."""
    cannot = _CANNOT.format(name=_name(source.container), reason=reason)
    if asked is Container.MP3:
        return RecodeSplicer(source, asked, cannot + "as MP3 was asked for, all of it was coded again")
    instead = asked or _lossless_for(source)
    return RecodeSplicer(source, instead, cannot + f"{_name(instead)} keeps the decoded sound as it is")


def _name(container: Container) -> str:
    return _NAMES.get(container, container.value.upper())


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

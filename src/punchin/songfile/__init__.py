"""Sound on disk: opens any song, reads any window of it sample-exactly, without reading the rest."""

from punchin.songfile.model import Container, Native, SampleFormat, SongFile
from punchin.songfile.opening import open_song

__all__ = ["Container", "Native", "SampleFormat", "SongFile", "open_song"]

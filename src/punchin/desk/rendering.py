"""A song, or a part of it, as a file in the format of the listener's choice."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from punchin.desk.outline import part_of
from punchin.desk.window import Window
from punchin.errors import OutputError
from punchin.songfile import Container
from punchin.splice.recode import RecodeSplicer, coding_for

if TYPE_CHECKING:
    from typing import BinaryIO

    from punchin.desk.protocol import Answer, Form, Render
    from punchin.songfile import SongFile

BLOCK_BYTES = 1 << 18


def render(song: SongFile, question: Render, answer: Answer) -> None:
    """Give the bytes of a file.

    Raises:
        RegionError: the part lies outside the song.
        OutputError: the format cannot hold the song.
    """
    part = Window(song, part_of(song, question.start, question.frames))
    with tempfile.TemporaryFile(dir=question.scratch) as file:
        RecodeSplicer(part, container_for(part, question.form)).write([], file, _nobody)
        _give(file, answer)


def container_for(song: SongFile, form: Form) -> Container:
    """The format that is written: the one asked for, or the song's own, or FLAC, or WAV where that is less.

    Raises:
        OutputError: the one asked for cannot hold the song.
    """
    if form != "source":
        return Container(form)
    for container in (song.container, Container.FLAC):
        try:
            coding_for(song, container)
        except OutputError:
            continue
        return container
    return Container.WAV


def _give(file: BinaryIO, answer: Answer) -> None:
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        answer.give(block)


def _nobody(fraction: float) -> None:
    """Nobody waits for reports."""

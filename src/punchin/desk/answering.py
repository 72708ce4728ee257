"""Which question is answered where, and the songs that lie open on the table."""

from __future__ import annotations

from collections import OrderedDict
from functools import singledispatchmethod
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.desk.protocol import About, Answer, Beats, Difference, Peaks, Render, Sound
from punchin.songfile import open_song

if TYPE_CHECKING:
    from punchin.desk.protocol import AnyQuestion
    from punchin.songfile import SongFile

READERS = ("songfile.flac", "songfile.mp3", "songfile.sndfile", "songfile.wav")
OPEN = 4
"""Songs that stay open: the next part of one that is decoded from its start (Opus, AAC) then costs little."""


def get_ready() -> None:
    """Import what most questions need, so that the first one need not wait for it."""
    for name in ("desk.about", "desk.outline", "desk.sound", *READERS):
        import_module(f"punchin.{name}")


class Table:
    """Answers questions about songs."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, SongFile] = OrderedDict()

    def answer(self, question: AnyQuestion, answer: Answer) -> None:
        """Answer one question.

        Raises:
            SongError: the song cannot be read.
            CallerError: that cannot be done with this song.
        """
        self._answer(question, answer)

    def song(self, path: str) -> SongFile:
        """A song, open."""
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        song = self._open[path] = open_song(Path(path))
        if len(self._open) > OPEN:
            self._open.popitem(last=False)[1].close()
        return song

    def close(self) -> None:
        """Close all songs."""
        while self._open:
            self._open.popitem()[1].close()

    @singledispatchmethod
    def _answer(self, question: AnyQuestion, answer: Answer) -> None:  # noqa: ARG002
        raise TypeError(f"nobody answers {question}")

    @_answer.register
    def _(self, question: About, answer: Answer) -> None:
        from punchin.desk.about import about

        about(self.song(question.path), question, answer)

    @_answer.register
    def _(self, question: Peaks, answer: Answer) -> None:
        from punchin.desk.outline import outline

        outline(self.song(question.path), question, answer)

    @_answer.register
    def _(self, question: Beats, answer: Answer) -> None:
        from punchin.desk.beats import beats

        beats(self.song(question.path), answer)

    @_answer.register
    def _(self, question: Sound, answer: Answer) -> None:
        from punchin.desk.sound import sound

        sound(self.song(question.path), question, answer)

    @_answer.register
    def _(self, question: Difference, answer: Answer) -> None:
        from punchin.desk.difference import difference

        difference(self.song(question.path), self.song(question.against), question, answer)

    @_answer.register
    def _(self, question: Render, answer: Answer) -> None:
        from punchin.desk.rendering import render

        render(self.song(question.path), question, answer)

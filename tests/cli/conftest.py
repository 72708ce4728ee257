import sys
from dataclasses import dataclass

import pytest

from punchin.cli import main
from support.songs import made_song, wav_of


@dataclass
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def punchin(monkeypatch, capsys):
    """Run a command line in this process, the way the shell would."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["punchin", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return Outcome(left.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def song(tmp_path):
    return wav_of(made_song(6.0, 8000), tmp_path / "song.wav")


@pytest.fixture
def files_beside(song):
    """The names of what was left beside the song."""
    return lambda: sorted(file.name for file in song.parent.iterdir() if file != song)

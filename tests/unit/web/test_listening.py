"""Questions about songs wait in lanes: none of one kind waits for another kind."""

import asyncio
import threading

import pytest

from punchin.web.listening import Heard, Listening

SONG = Heard("up/song.wav", "bytes of the song", "song.wav")
LIMIT_S = 20


class Files:
    """Every file lies on this machine."""

    def __init__(self, folder):
        self.folder = folder

    def local_path(self, key):
        return self.folder / key


@pytest.fixture
def listening(tmp_path):
    made = Listening(Files(tmp_path), None, tmp_path / "heard", 1 << 20)
    yield made
    made.close()


def test_nothing_waits_for_the_beats_of_a_long_song(listening):
    go = threading.Event()
    begun = threading.Event()

    def answered(question, take, limit_s):
        if question["ask"] == "beats":
            begun.set()
            assert go.wait(LIMIT_S)
        take(question["ask"].encode())

    listening._working().desks.ask = answered
    try:
        beats = listening.ask([SONG], "beats", slow=True)
        assert begun.wait(LIMIT_S)
        for ask, slow in (("difference", True), ("peaks", False)):
            finding = listening.ask([SONG], ask, slow=slow)
            asyncio.run(asyncio.wait_for(finding.whole(), LIMIT_S))
            assert finding.read(0) == ask.encode()
        assert not beats.over
    finally:
        go.set()
    asyncio.run(asyncio.wait_for(beats.whole(), LIMIT_S))

"""Desks that crash, hang, want too much or talk nonsense: one request fails, the next one works."""

import os
import sys
import textwrap
import threading
import time
from contextlib import suppress

import pytest

from punchin.confinement.folders import version
from punchin.errors import RegionError, SongError
from punchin.web.desks import DeskBusy, Desks
from punchin.web.finding import trim

UNRULY = """
    import json, os, struct, sys
    out = sys.stdout.buffer

    def give(content):
        out.write(struct.pack("<I", len(content)) + content)
        out.flush()

    for line in sys.stdin.buffer:
        ask = json.loads(line)["ask"]
        if ask == "good":
            give(b"an ")
            give(b"answer")
        elif ask == "crash":
            give(b"half an")
            os.abort()
        elif ask == "segfault":
            os.kill(os.getpid(), 11)
        elif ask == "end":
            sys.exit(0)
        elif ask == "hang":
            while True:
                pass
        elif ask == "bomb":
            bytearray(3 << 30)
        elif ask == "cut":
            out.write(struct.pack("<I", 1000) + b"short")
            out.flush()
            sys.exit(0)
        elif ask == "refuse":
            told = json.dumps({"code": "invalid_region", "message": "no such part"}).encode()
            out.write(struct.pack("<II", 0xFFFFFFFF, len(told)) + told)
            out.flush()
            continue
        elif ask == "read":
            give(open("/etc/hostname", "rb").read() or b"nothing")
        give(b"")
"""


@pytest.fixture
def desks(tmp_path):
    script = tmp_path / "unruly.py"
    script.write_text(textwrap.dedent(UNRULY))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    made = Desks(1, [tmp_path], scratch, [sys.executable, str(script)])
    yield made
    made.close()


def asked(desks, ask, limit_s=20.0):
    pieces = []
    desks.ask({"ask": ask, "path": "/songs/a.wav", "name": "a.wav"}, pieces.append, limit_s)
    return b"".join(pieces)


no_landlock = pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")


@pytest.mark.parametrize(
    "trick", ["crash", "segfault", "bomb", "cut", pytest.param("read", marks=no_landlock)]
)
def test_one_request_fails_and_the_next_works(desks, trick, capfd):
    with pytest.raises(SongError, match=r"a\.wav could not be read safely"):
        asked(desks, trick)
    assert asked(desks, "good") == b"an answer"
    capfd.readouterr()


def test_one_that_hangs_is_given_up(desks):
    began = time.monotonic()
    with pytest.raises(SongError, match=r"could not be looked at in 0\.5 s"):
        asked(desks, "hang", 0.5)
    assert time.monotonic() - began < 10
    assert asked(desks, "good") == b"an answer"


def test_a_refusal_is_told_and_the_desk_stays(desks):
    assert asked(desks, "good") == b"an answer"
    pid = desks._idle[0]._process.pid
    with pytest.raises(RegionError, match="no such part"):
        asked(desks, "refuse")
    assert asked(desks, "good") == b"an answer"
    assert desks._idle[0]._process.pid == pid


def test_a_listener_who_goes_away_does_not_spoil_the_next_answer(desks):
    def gone(piece):
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        desks.ask({"ask": "good", "path": "/a", "name": "a"}, gone, 10)
    assert asked(desks, "good") == b"an answer"


def test_closing_ends_those_at_work(desks):
    asking = threading.Thread(target=lambda: suppressed(desks, "hang"), daemon=True)
    asking.start()
    while not desks._at_work:
        time.sleep(0.01)
    desks.close()
    asking.join(20)
    assert not asking.is_alive()
    with pytest.raises(DeskBusy):
        asked(desks, "good")


def suppressed(desks, ask):
    with suppress(SongError):
        asked(desks, ask, 60)


def test_what_was_used_longest_ago_goes_first(tmp_path):
    for age, name in enumerate(["new", "old", "oldest"]):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "being-written.part").write_bytes(bytes(1000))
    (tmp_path / "left.part").write_bytes(bytes(10))
    os.utime(tmp_path / "left.part", (0, 0))
    trim(tmp_path, 250, time.time())
    assert {path.name for path in tmp_path.iterdir()} == {"new", "old", "being-written.part"}

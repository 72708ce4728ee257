import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from punchin.engines.tone import ToneEngine
from punchin.errors import Cancelled
from punchin.song import Song
from support.songs import made_song, wav_of


def test_an_edit_says_where_it_is_what_was_done_and_the_proof(punchin, song):
    done = punchin("edit", song, 1, 3, "--engine", "tone", "--seed", 7, "--tags", "lofi")
    assert done.code == 0
    assert f"wrote    {song.with_name('song.punched.wav')}" in done.out
    assert "region   0:01.000 to 0:03.000, frames 8000 to 24000" in done.out
    assert "made by  tone" in done.out
    assert "seed 7" in done.out
    assert "not used tag 'lofi'" in done.out
    assert "proof    outside: identical" in done.out
    assert done.err == "", "progress is quiet when piped"


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [
        ("1", "3", (8000, 24000)),
        ("0:01.5", "end", (12000, 48000)),
        ("end-2.5", "end-0:01", (28000, 40000)),
        ("-2.5", "-1", (28000, 40000)),
        ("100 samples", "0:00:01", (100, 8000)),
    ],
)
def test_every_way_to_write_a_time(punchin, song, start, end, frames):
    done = punchin("edit", song, start, end, "--engine", "tone", "--json")
    punch = json.loads(done.out)["punches"][0]
    assert (punch["start_frame"], punch["end_frame"]) == frames


def test_json_is_the_receipt_with_paths(punchin, song):
    record = json.loads(punchin("edit", song, 1, 2, "--engine", "tone", "--json").out)
    assert record["proof"]["identical"] is True
    assert record["output_path"] == str(song.with_name("song.punched.wav"))
    saved = json.loads(song.with_name("song.punched.wav.receipt.json").read_text())
    assert record.items() >= saved.items()


def test_an_edit_list_makes_several_regions(punchin, song, tmp_path):
    edits = tmp_path / "edits.json"
    edits.write_text('[{"start": 1, "end": 2, "seed": 1}, {"start": "end-1", "end": "end", "tags": "jazz"}]')
    record = json.loads(punchin("edit", song, "--edits", edits, "--engine", "tone", "--json").out)
    assert [punch["start_frame"] for punch in record["punches"]] == [8000, 40000]
    assert record["punches"][1]["tags"] == ["jazz"]


def test_parameters_keep_their_type(punchin, song):
    words = ("-p", "steps=8", "-p", "scale=1.5", "-p", "fast=true", "-p", "mode=high")
    record = json.loads(punchin("edit", song, 1, 2, "-e", "tone", "--json", *words).out)
    assert record["punches"][0]["parameters"] == {"steps": 8, "scale": 1.5, "fast": True, "mode": "high"}


def test_lyrics_come_from_a_file_too(punchin, song, tmp_path):
    lyrics = tmp_path / "lyrics.txt"
    lyrics.write_text("[verse]\nhello\n")
    record = json.loads(punchin("edit", song, 1, 2, "-e", "tone", "--json", "--lyrics-file", lyrics).out)
    assert record["punches"][0]["lyrics"] == "[verse]\nhello\n"


def test_the_crossfade_is_as_long_as_asked(punchin, song):
    record = json.loads(punchin("edit", song, 1, 2, "-e", "tone", "--json", "--crossfade-ms", 12).out)
    assert record["joins"]["fade_in_s"] == record["joins"]["fade_out_s"] == 0.012


def test_every_take_is_kept_on_request(punchin, song, files_beside):
    done = punchin("edit", song, 1, 2, "-e", "tone", "--takes", 2, "--keep-takes", "-q")
    assert (done.code, done.out) == (0, "")
    assert [name for name in files_beside() if name.endswith(".wav")] == [
        "song.punched.take1.wav",
        "song.punched.take2.wav",
    ]


@pytest.mark.slow
def test_a_picture_is_drawn(punchin, song, tmp_path):
    picture = tmp_path / "edit.png"
    assert punchin("edit", song, 1, 2, "-e", "tone", "--plot", picture).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


MISTAKES = [
    # words after `edit`, exit code, what the line says
    (["missing.wav", "1", "2"], 3, "missing.wav does not exist"),
    (["{song}", "2", "1"], 2, "ends at 0:01.000, not after its start at 0:02.000"),
    (["{song}", "1", "99"], 2, "ends at 1:39.000, the song is 0:06.000 long"),
    (["{song}", "abc", "2"], 2, "cannot read 'abc' as a time"),
    (["{song}", "1"], 2, "START and END"),
    (["{song}", "1", "2", "--seed", "-3"], 2, "seed is -3"),
    (["{song}", "1", "2", "--seed", "x"], 2, "--seed"),
    (["{song}", "1", "2", "--variance", "1.5"], 2, "variance is 1.5"),
    (["{song}", "1", "2", "--takes", "9"], 2, "takes is 9"),
    (["{song}", "1", "2", "-e", "tnoe"], 2, "did you mean 'tone'"),
    (["{song}", "1", "2", "--crossfade-ms", "-1"], 2, "crossfade is -1 ms"),
    (["{song}", "1", "2", "-p", "oops"], 2, "NAME=VALUE"),
    (["{song}", "1", "2", "-o", "{folder}/no/out.wav"], 5, "there is no folder"),
    (["{song}", "1", "2", "-o", "{song}"], 5, "the song itself"),
    (["{song}", "1", "2", "-o", "{folder}"], 5, "is a folder"),
    (["{song}", "1", "2", "-o", "{folder}/out.xyz"], 5, "'.xyz' tells no format"),
    (["{song}", "1", "2", "--edits", "{song}"], 2, "not both"),
    (["{song}", "--edits", "{folder}/none.json"], 2, "cannot be read"),
    (["{song}", "1", "2", "--plot", "{folder}/a.jpg"], 5, "a.png"),
    (["{text}", "1", "2"], 3, "is not music: it looks like text"),
    (["{folder}", "1", "2"], 3, "is a folder"),
    (["{empty}", "1", "2"], 3, "is empty"),
    (["{song}", "1", "2", "--bogus"], 2, "--bogus"),
]


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES)
def test_mistakes_get_one_clear_line_and_leave_nothing(punchin, song, tmp_path, words, code, says):
    (tmp_path / "notes.txt").write_text("just words")
    (tmp_path / "empty.wav").touch()
    before, there = song.read_bytes(), set(tmp_path.iterdir())
    places = {
        "song": song,
        "folder": tmp_path,
        "text": tmp_path / "notes.txt",
        "empty": tmp_path / "empty.wav",
    }
    words = [word.format(**places) for word in words]
    done = punchin("edit", *words, *([] if "-e" in words else ["-e", "tone"]))
    assert says in done.err
    assert done.code == code
    assert done.out == ""
    assert "Traceback" not in done.err
    assert song.read_bytes() == before
    assert set(tmp_path.iterdir()) == there


def test_errors_are_json_for_machines(punchin, song):
    done = punchin("edit", song, 2, 1, "--json")
    assert json.loads(done.out)["error"]["code"] == "invalid_region"
    assert done.code == 2


@pytest.mark.parametrize("stage", ["cut", "play", "splice", "prove"])
def test_ctrl_c_at_any_stage_cancels_and_leaves_nothing(punchin, song, monkeypatch, files_beside, stage):
    """The signal may come while libsndfile calls back: the work stops at the next report, not inside."""
    from punchin.inpaint.stages import Stages

    began = Stages.stage

    def interrupted(self, name):
        if name == stage:
            signal.raise_signal(signal.SIGINT)
        return began(self, name)

    if stage != "play":
        monkeypatch.setattr(Stages, "stage", interrupted)
    else:
        fill = ToneEngine.fill

        def pressed(*args):
            signal.raise_signal(signal.SIGTERM)
            return fill(*args)

        monkeypatch.setattr(ToneEngine, "fill", pressed)
    done = punchin("edit", song, 1, 2, "-e", "tone")
    assert done.code == 130
    assert "cancelled; nothing was written" in done.err
    assert files_beside() == []


def test_what_was_compared_is_said_where_flac_cannot_hold_it(punchin, tmp_path):
    loud = wav_of(Song(made_song(3.0, 8000).samples * np.float32(3), 8000), tmp_path / "loud.wav", "FLOAT")
    done = punchin("edit", loud, 1, 2, "-e", "tone", "-o", tmp_path / "out.flac")
    assert "outside: identical as 24-bit integer samples" in done.out
    assert "beyond full scale were clipped" in done.out
    assert "brought to 24-bit integer" in punchin("verify", loud, tmp_path / "out.flac").out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(punchin, song):
    song.parent.chmod(0o500)
    done = punchin("edit", song, 1, 2, "-e", "tone")
    song.parent.chmod(0o700)
    assert done.code == 5
    assert "may not be written" in done.err


def test_a_cancelled_edit_says_so(punchin, song, monkeypatch, files_beside):
    def cancel(*_args, **_kwargs):
        raise Cancelled

    monkeypatch.setattr("punchin.studio.inpaint", cancel)
    done = punchin("edit", song, 1, 2, "-e", "tone")
    assert (done.code, done.err) == (130, "punchin: cancelled; nothing was written\n")
    assert files_beside() == []


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_real_interrupt_leaves_nothing(tmp_path, sign):
    song = wav_of(made_song(600.0, 44_100), tmp_path / "song.wav")
    words = [sys.executable, "-m", "punchin", "edit", str(song), "1", "3", "-e", "tone"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.poll() is None, "it was done before it could be stopped"
    running.send_signal(sign)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.strip() == "punchin: cancelled; nothing was written"
    assert list(tmp_path.iterdir()) == [song]


def test_disk_full_gets_one_line_and_leaves_nothing(song, files_beside):
    """The limit on file size stands in for a full disk: writing beyond it fails in the same place."""
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        f"sys.argv = ['punchin', 'edit', {str(song)!r}, '1', '2', '-e', 'tone'];"
        "from punchin.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert "no room for" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert files_beside() == []

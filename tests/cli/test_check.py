import json

import numpy as np

from punchin.song import Song
from support.songs import made_song, wav_of


def test_verify_finds_the_change_and_says_that_the_rest_is_the_same(punchin, song):
    punchin("edit", song, 1, 3, "-e", "tone")
    done = punchin("verify", song, song.with_name("song.punched.wav"))
    assert done.code == 0
    assert "changed  0:01.0" in done.out
    assert "identical, sample for sample" in done.out


def test_verify_checks_the_receipt(punchin, song):
    punchin("edit", song, 1, 3, "-e", "tone")
    receipt = song.with_name("song.punched.wav.receipt.json")
    words = ("verify", song, song.with_name("song.punched.wav"), "--receipt", receipt)
    assert "receipt  true" in punchin(*words).out
    receipt.write_text(receipt.read_text().replace('"start_frame": 8000', '"start_frame": 9000'))
    done = punchin(*words)
    assert done.code == 6
    assert "broken" in done.out


def test_verify_of_another_song_fails_with_its_own_code(punchin, song, tmp_path):
    other = wav_of(Song(made_song(6.0, 8000).samples * np.float32(0.5), 8000), tmp_path / "other.wav")
    done = punchin("verify", song, other, "--json")
    verdict = json.loads(done.out)
    assert done.code == 6
    assert verdict["holds"] is False


def test_replay_makes_the_same_bytes(punchin, song):
    punchin("edit", song, 1, 3, "-e", "tone", "-q")
    done = punchin("replay", song.with_name("song.punched.wav.receipt.json"))
    assert done.code == 0
    assert "the same bytes as before" in done.out
    assert (
        song.with_name("song.punched.replayed.wav").read_bytes()
        == song.with_name("song.punched.wav").read_bytes()
    )


def test_a_broken_receipt_gets_one_line(punchin, tmp_path):
    broken = tmp_path / "receipt.json"
    broken.write_text("{}")
    done = punchin("replay", broken)
    assert done.code == 3
    assert len(done.err.splitlines()) == 1

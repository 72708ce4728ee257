import numpy as np
import pytest

from punchin.engines.embedded.mix.surroundings import listen_around
from punchin.region import Frames
from punchin.song import Song

RATE_HZ = 22_050
HOLE = Frames(8 * RATE_HZ, 12 * RATE_HZ)


def song(before_db, inside_db, after_db):
    """Noise of three levels: 8 s before the hole, 4 s inside, 8 s after it."""
    rng = np.random.default_rng(0)
    gains = np.repeat([before_db, inside_db, after_db], [8 * RATE_HZ, 4 * RATE_HZ, 8 * RATE_HZ])
    return Song((rng.standard_normal((2, gains.size)) * 10 ** (gains / 20)).astype(np.float32), RATE_HZ)


def test_even_music_gives_one_level_everywhere():
    heard = listen_around(song(-20, -20, -20), HOLE)
    assert heard.before_lufs == pytest.approx(heard.song_lufs, abs=0.3)
    assert heard.after_lufs == pytest.approx(heard.song_lufs, abs=0.3)


def test_edges_are_heard_by_themselves():
    heard = listen_around(song(-30, -20, -20), HOLE)
    assert heard.after_lufs - heard.before_lufs == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize(("inside_db", "less_lu"), [(-24, 2), (-40, 3), (-18, -1)])
def test_a_softer_passage_stays_softer_by_half_and_within_bounds(inside_db, less_lu):
    even = listen_around(song(-20, -20, -20), HOLE).song_lufs
    assert even - listen_around(song(-20, inside_db, -20), HOLE).song_lufs == pytest.approx(less_lu, abs=0.3)


def test_silence_around_leaves_what_was_inside():
    heard = listen_around(song(-200, -20, -200), HOLE)
    assert heard.song_lufs == pytest.approx(listen_around(song(-20, -20, -20), HOLE).song_lufs, abs=0.3)
    assert heard.before_lufs < -100


def test_a_silent_song_is_called_silent():
    silent = Song(np.zeros((2, 20 * RATE_HZ), np.float32), RATE_HZ)
    assert listen_around(silent, HOLE).silent
    assert not listen_around(song(-20, -200, -20), HOLE).silent


def test_music_far_away_is_better_than_none():
    samples = np.zeros((2, 60 * RATE_HZ), np.float32)
    samples[:, -5 * RATE_HZ :] = song(-20, -20, -20).samples[:, : 5 * RATE_HZ]
    assert not listen_around(Song(samples, RATE_HZ), HOLE).silent


def test_the_whole_song_is_its_own_measure():
    whole = song(-20, -20, -20)
    heard = listen_around(whole, Frames(0, whole.frames))
    assert np.isfinite(heard.song_lufs)
    assert heard.before_lufs == heard.after_lufs == -np.inf
    assert heard.peak == pytest.approx(float(np.abs(whole.samples).max()))

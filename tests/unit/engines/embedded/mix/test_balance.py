import numpy as np
import pytest

from punchin.engines.embedded.mix.balance import (
    ASKED_LU,
    LEAST_ASKED_LU,
    PLACES,
    ROLE_LU,
    gain,
    levelled,
    placed,
)
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.score import Track
from punchin.engines.embedded.synthesis import Stem

RATE_HZ = 22_050


def noise(seconds=3.0):
    return (0.03 * np.random.default_rng(0).standard_normal((2, round(seconds * RATE_HZ)))).astype(np.float32)


def tone(pitch_hz):
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    return np.tile((0.1 * np.sin(2 * np.pi * pitch_hz * t)).astype(np.float32), (2, 1))


def track(role="chords", gain_db=0.0, asked=False):
    return Track("piano", role, (), gain_db, asked)


def level(stem, song_lufs=-15.0, bed_lufs=-15.0, drums_db=0.0):
    return loudness(levelled(stem, RATE_HZ, song_lufs, bed_lufs, drums_db), RATE_HZ)


@pytest.mark.parametrize("role", ["chords", "pad", "arp", "lead", "hits"])
@pytest.mark.parametrize("song_lufs", [-10.0, -25.0])
def test_a_part_has_the_level_of_its_role_whatever_it_was_played_at(role, song_lufs):
    for loud in (0.1, 10.0):
        stem = Stem(noise() * np.float32(loud), track(role, gain_db=-3))
        assert level(stem, song_lufs) == pytest.approx(song_lufs + ROLE_LU[role] - 3, abs=0.1)


def test_drums_have_theirs():
    assert level(Stem(noise(), None), drums_db=2) == pytest.approx(-15 + ROLE_LU["drums"] + 2, abs=0.1)


def test_what_is_asked_for_is_louder_and_never_lost():
    plain, asked = (level(Stem(noise(), track(asked=flag))) for flag in (False, True))
    assert asked - plain == pytest.approx(ASKED_LU, abs=0.1)
    quiet = level(Stem(noise(), track(gain_db=-20, asked=True)), bed_lufs=-12)
    assert quiet == pytest.approx(-12 + LEAST_ASKED_LU, abs=0.1)


def test_rests_do_not_make_a_part_louder():
    rests = np.concatenate([noise(), np.zeros((2, 6 * RATE_HZ), np.float32)], axis=1)
    assert level(Stem(rests, track())) == pytest.approx(level(Stem(noise(), track())), abs=0.6)


def test_a_sub_bass_is_levelled_by_its_power_and_not_by_what_ears_miss():
    bass = Track("sub-bass", "bass", ())
    powers = [
        np.square(levelled(Stem(tone(hz), bass), RATE_HZ, -15, -15, 0)).sum(axis=0).mean()
        for hz in (41.0, 82.0)
    ]
    assert abs(10 * np.log10(powers[0] / powers[1])) < 1.5


def test_silence_stays_silence():
    silent = Stem(np.zeros((2, 1000), np.float32), track())
    assert not levelled(silent, RATE_HZ, -15, -15, 0).any()


@pytest.mark.parametrize("place", [-1.0, -0.3, 0.0, 0.5])
def test_a_place_keeps_the_power(place):
    sound = tone(300)
    moved = placed(sound, place)
    assert np.square(moved).sum() == pytest.approx(np.square(sound).sum(), rel=1e-5)
    left, right = np.square(moved).sum(axis=1)
    assert np.sign(round(right - left, 3)) == np.sign(place)


def test_weight_stands_in_the_middle():
    assert PLACES["drums"] == PLACES["bass"] == (0.0,)
    assert set(PLACES) == set(ROLE_LU)


def test_decibels():
    assert gain(20) == pytest.approx(10)
    assert gain(0).dtype == np.float32

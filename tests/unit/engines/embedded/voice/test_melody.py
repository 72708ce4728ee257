import numpy as np
import pytest

from punchin.engines.embedded.voice.melody import REACH, Melodist
from punchin.engines.embedded.voice.rhythm import Timing
from support.grounds import made_ground

KEY = {0, 2, 4, 5, 7, 9, 11}


def timing_of(count, start=0.0, step=0.5):
    beats = start + np.arange(count) * step
    return Timing(beats * 0.6, (beats + step) * 0.6, beats)


def line(seed=1, count=16, ground=None, centre=61.0, stresses=None, lines=1, start=0.0):
    melodist = Melodist(ground or made_ground(32, 100), centre, np.random.default_rng(seed))
    timing = timing_of(count, start)
    for _ in range(lines):
        tune = melodist.next_line(timing, stresses or [1, 0] * (count // 2))
    return tune.pitches, timing, melodist


@pytest.mark.parametrize("seed", range(8))
def test_notes_are_in_key_and_in_reach(seed):
    pitches, _, _ = line(seed)
    assert {int(p) % 12 for p in pitches} <= KEY
    assert np.abs(pitches - 61).max() <= REACH


def test_stressed_and_last_syllables_sing_chord_tones():
    ground = made_ground(32, 100)
    inside = total = 0
    for seed in range(12):
        pitches, timing, _ = line(seed, ground=ground)
        for k, (pitch, beat) in enumerate(zip(pitches, timing.beats, strict=True)):
            if k % 2 == 0 or k == len(pitches) - 1:
                inside += int(pitch) % 12 in ground.chords[int(beat)].pitch_classes
                total += 1
    assert inside / total > 0.9


def test_melodies_move_in_steps():
    leaps = np.concatenate([np.abs(np.diff(line(seed)[0])) for seed in range(12)])
    assert np.mean(leaps <= 2) > 0.5
    assert leaps.max() <= 9
    assert np.mean(leaps == 0) < 0.5


def test_other_seeds_other_melodies_and_the_same_seed_the_same():
    tunes = [tuple(line(seed)[0]) for seed in range(8)]
    assert len(set(tunes)) == 8
    assert tuple(line(3)[0]) == tunes[3]


def test_the_register_moves_the_melody():
    low, high = (np.mean([line(seed, centre=c)[0].mean() for seed in range(6)]) for c in (58.0, 66.0))
    assert 5 < high - low < 11


def test_the_songs_tuning_is_kept():
    pitches, _, _ = line(ground=made_ground(32, 100, tuning_semitones=0.3))
    np.testing.assert_allclose(pitches % 1, 0.3)


def test_a_second_voice_sings_thirds_and_more_in_the_chord():
    ground = made_ground(32, 100)
    pitches, timing, melodist = line(4, ground=ground)
    above = melodist.above(type(melodist.next_line(timing, [1, 0] * 8))(pitches), timing).pitches
    assert np.all((above - pitches >= 3) & (above - pitches <= 7))
    assert {int(p) % 12 for p in above} <= KEY


def test_one_syllable():
    pitches, _, _ = line(count=1, stresses=[1])
    assert pitches.shape == (1,)

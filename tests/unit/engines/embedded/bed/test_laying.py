import numpy as np
import pytest

from punchin.engines.embedded.bed import LOOSE, lay_bed
from punchin.engines.embedded.bed.laying import beats_of, taste_for
from punchin.engines.embedded.bed.model import Beats
from punchin.region import Frames
from punchin.song import Song
from support.songs import made_song

RATE_HZ = 22_050


def at(start_s, end_s, rate_hz=RATE_HZ):
    return Frames(round(start_s * rate_hz), round(end_s * rate_hz))


def lay(song, hole, analysis, seed=1, variance=0.3):
    return lay_bed(song, hole, analysis, seed=seed, variance=variance)


def test_the_hole_takes_every_beat_it_touches(analysis):
    assert beats_of(analysis.grid, at(4.0, 8.0), RATE_HZ) == Beats(8, 16)
    assert beats_of(analysis.grid, at(4.1, 8.1), RATE_HZ) == Beats(8, 17)
    assert beats_of(analysis.grid, at(0.0, 0.2), RATE_HZ) == Beats(0, 1)
    assert beats_of(analysis.grid, at(31.9, 32.0), RATE_HZ) == Beats(63, 64)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(10.0, 18.0), (0.0, 7.3), (25.1, 32.0), (0.0, 32.0), (9.9, 10.2)]
)
def test_the_hole_is_filled_with_sound_as_loud_as_before(song, analysis, start_s, end_s):
    hole = at(start_s, end_s)
    bed = lay(song, hole, analysis)
    assert bed.song.samples.shape == (2, len(hole))
    assert bed.song.samples.dtype == np.float32
    before, after = (np.sqrt(np.mean(s**2)) for s in (song.cut(hole).samples, bed.song.samples))
    assert abs(20 * np.log10(after / before)) < 1.5


def test_louder_donors_get_the_level_of_a_soft_passage(song, known):
    hole = at(10, 18)
    samples = song.samples.copy()
    samples[:, hole.start : hole.end] *= 0.6
    soft = Song(samples, RATE_HZ)
    bed = lay(soft, hole, known(soft))
    before, after = (np.sqrt(np.mean(s**2)) for s in (soft.cut(hole).samples, bed.song.samples))
    assert abs(20 * np.log10(after / before)) < 1.0


def test_the_same_seed_gives_the_same_bits_and_another_one_others(song, analysis):
    hole = at(10, 18)
    takes = [lay(song, hole, analysis, seed=seed).song.samples.tobytes() for seed in (1, 1, 2, 3, 4)]
    assert takes[0] == takes[1]
    assert len(set(takes[1:])) > 1


def test_the_beat_goes_on_through_the_hole(song, analysis):
    """Kicks fall on the half seconds, in the new part as in the song."""
    hole = at(10.2, 18.2)
    bed = lay(song, hole, analysis, variance=1.0, seed=3)
    played = song.samples.copy()
    played[:, hole.start : hole.end] = bed.song.samples
    kicks = np.convolve(np.abs(played.mean(axis=0)), np.ones(200) / 200, "same")
    in_beat = kicks[at(10.5, 18).start : at(10.5, 18).end].reshape(-1, RATE_HZ // 2)
    loudest_s = np.argmax(in_beat[:, : RATE_HZ // 4], axis=1) / RATE_HZ
    reference = (
        np.argmax(kicks[: RATE_HZ * 10].reshape(-1, RATE_HZ // 2)[:, : RATE_HZ // 4], axis=1) / RATE_HZ
    )
    assert np.abs(loudest_s - np.median(reference)).max() < 0.015


def test_joins_do_not_click(song, analysis):
    hole = at(10, 26)
    for seed in range(4):
        bed = lay(song, hole, analysis, variance=1.0, seed=seed)
        bends = np.abs(np.diff(bed.song.samples, 2, axis=1)).max(axis=0)
        usual = np.percentile(np.abs(np.diff(song.samples, 2, axis=1)).max(axis=0), 99.9)
        for piece in bed.pieces[1:]:
            join = piece.target.start - hole.start
            # Up to the earliest attack of a beat that was moved: that is no click.
            assert bends[join - 5 : join + round(0.018 * RATE_HZ)].max() <= usual


def test_silence_stays_silent(known):
    silence = Song(np.zeros((2, 16 * RATE_HZ), np.float32), RATE_HZ)
    bed = lay(silence, at(4, 8), known(silence))
    assert not bed.song.samples.any()


def test_a_dropout_is_filled_with_music(song, known):
    samples = song.samples.copy()
    hole = at(10, 14)
    samples[:, hole.start : hole.end] = 0
    broken = Song(samples, RATE_HZ)
    bed = lay(broken, hole, known(broken))
    assert np.sqrt(np.mean(bed.song.samples**2)) > 0.03


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (48_000, 6)])
def test_other_rates_and_channels(known, rate_hz, channels):
    song = made_song(16.0, rate_hz, channels)
    bed = lay(song, at(4, 8, rate_hz), known(song))
    assert bed.song.samples.shape == (channels, 4 * rate_hz)
    np.testing.assert_array_equal(bed.song.samples[0], bed.song.samples[2 % channels])


def test_without_a_beat_it_plays_safe_and_says_so(song, known):
    unsure = known(song, confidence=0.1)
    assert taste_for(unsure) is LOOSE
    bed = lay(song, at(10, 14), unsure)
    assert any("no steady beat" in warning for warning in bed.warnings)
    assert len(bed.pieces) <= 2


def test_sure_music_needs_no_warning_and_little_music_gets_one(song, analysis):
    assert lay(song, at(10, 14), analysis).warnings == ()
    (warning,) = lay(song, at(0, 32), analysis).warnings
    assert "little music" in warning


def test_progress_rises(song, analysis):
    seen = []
    lay_bed(
        song, at(4, 8), analysis, seed=1, variance=0.3, progress=lambda _, fraction: seen.append(fraction)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

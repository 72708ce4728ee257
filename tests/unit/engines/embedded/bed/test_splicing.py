import numpy as np
import pytest

from punchin.engines.embedded.analysis import BeatGrid
from punchin.engines.embedded.bed import ON_THE_GRID
from punchin.engines.embedded.bed.model import Beats
from punchin.engines.embedded.bed.splicing import beat_frames, crossfade, splice
from punchin.region import Frames
from punchin.song import Song
from support.songs import made_song

RATE_HZ = 22_050
BEAT = RATE_HZ // 2


def grid(beats, slower_from=None, by_s=0.0):
    """Beats of half a second; from beat `slower_from` on each is longer by `by_s`."""
    times = np.arange(beats + 1) * 0.5
    if slower_from is not None:
        times[slower_from:] += by_s * np.arange(beats + 1 - slower_from)
    return BeatGrid(
        times_s=times,
        positions=np.arange(beats) % 4,
        beats_per_bar=4,
        swing=0.5,
        confidence=1.0,
        downbeat_confidence=1.0,
    )


def test_one_run_is_one_copy():
    song = made_song(16.0, RATE_HZ)
    hole = Frames(8 * BEAT, 16 * BEAT)
    spliced = splice(song, hole, grid(32), Beats(8, 16), tuple(range(16, 24)), ON_THE_GRID)
    (piece,) = spliced.pieces
    assert piece.target == hole
    assert abs(piece.source - 16 * BEAT) <= 0.004 * RATE_HZ
    expected = song.samples[:, piece.source : piece.source + len(hole)]
    np.testing.assert_array_equal(spliced.samples, expected)


def test_jumps_are_joined_before_the_beat_and_all_channels_alike():
    song = made_song(16.0, RATE_HZ, channels=3)
    hole = Frames(8 * BEAT + 1000, 16 * BEAT - 300)
    donors = (20, 21, 22, 23, 4, 5, 6, 7)
    spliced = splice(song, hole, grid(32), Beats(8, 16), donors, ON_THE_GRID)
    assert [piece.target.start for piece in spliced.pieces] == [
        hole.start,
        12 * BEAT - round(0.022 * RATE_HZ),
    ]
    assert spliced.pieces[-1].target.end == hole.end
    assert spliced.samples.shape == (3, len(hole))
    # Channels 0 and 2 of the song are the same, so they must have been cut at the same places.
    np.testing.assert_array_equal(spliced.samples[0], spliced.samples[2])


@pytest.mark.parametrize("by_s", [0.0018, 0.007, 0.02])
def test_a_run_that_slips_from_the_grid_is_joined_anew(by_s):
    song = made_song(18.0, RATE_HZ)
    uneven = grid(32, 16, by_s)
    begins = beat_frames(uneven, RATE_HZ)
    hole = Frames(0, 8 * BEAT)
    spliced = splice(song, hole, uneven, Beats(0, 8), tuple(range(16, 24)), ON_THE_GRID)
    assert len(spliced.pieces) > 1
    for beat in range(1, 8):
        at = beat * BEAT
        piece = next(p for p in spliced.pieces if p.target.start <= at < p.target.end)
        slip_s = abs(piece.source + at - piece.target.start - begins[16 + beat]) / RATE_HZ
        assert slip_s <= (0.005 if beat % 4 == 0 else 0.012) + 1 / RATE_HZ


def test_a_join_meets_in_phase():
    """A steady tone: whatever beats are joined, it goes on as one tone, without a dip or a bump."""
    time_s = np.arange(16 * RATE_HZ) / RATE_HZ
    song = Song((0.5 * np.sin(2 * np.pi * 311.0 * time_s))[None].astype(np.float32), RATE_HZ)
    hole = Frames(8 * BEAT, 16 * BEAT)
    donors = (3, 24, 10, 26, 5, 22, 2, 29)
    spliced = splice(song, hole, grid(32), Beats(8, 16), donors, ON_THE_GRID)
    levels = np.sqrt(np.mean(spliced.samples[0][: len(hole) // 142 * 142].reshape(-1, 142) ** 2, axis=1))
    assert levels.min() > 0.95 * levels.max()
    assert np.abs(np.diff(spliced.samples[0], 2)).max() < 1.1 * np.abs(np.diff(song.samples[0], 2)).max()


@pytest.mark.parametrize("correlation", [0.0, 1.0])
def test_a_crossfade_keeps_the_power(correlation):
    rng = np.random.default_rng(0)
    old = rng.standard_normal((1, 200_000)).astype(np.float32)
    other = rng.standard_normal(old.shape).astype(np.float32)
    new = correlation * old + (1 - correlation) * other
    mixed = crossfade(old, new)
    power = np.mean(mixed.reshape(10, -1) ** 2, axis=1)
    np.testing.assert_allclose(power, 1.0, rtol=0.03)


def test_a_crossfade_of_twins_is_the_twin_and_of_silence_is_silence():
    old = np.random.default_rng(0).standard_normal((2, 500)).astype(np.float32)
    np.testing.assert_allclose(crossfade(old, old), old, rtol=1e-5)
    assert not crossfade(np.zeros((2, 9), np.float32), np.zeros((2, 9), np.float32)).any()


def test_no_join_stands_so_near_to_an_edge_that_its_fade_does_not_fit():
    song = made_song(16.0, RATE_HZ)
    fade = round(ON_THE_GRID.fade_s * RATE_HZ)
    lead = round(ON_THE_GRID.lead_s * RATE_HZ)
    hole = Frames(8 * BEAT - lead - 100, 12 * BEAT - lead + 100)
    spliced = splice(song, hole, grid(32), Beats(7, 13), (3, 20, 21, 22, 23, 4), ON_THE_GRID)
    assert [piece.target for piece in spliced.pieces] == [hole]
    assert abs(spliced.pieces[0].source - (20 * BEAT - lead - 100)) <= 0.004 * RATE_HZ + 1
    assert min(len(piece.target) for piece in spliced.pieces) >= fade


def test_donors_at_the_songs_ends_do_not_read_beyond_it():
    song = made_song(8.0, RATE_HZ)
    hole = Frames(4 * BEAT, 12 * BEAT)
    donors = (0, 15, 0, 15, 0, 15, 0, 15)
    spliced = splice(song, hole, grid(16), Beats(4, 12), donors, ON_THE_GRID)
    assert np.isfinite(spliced.samples).all()

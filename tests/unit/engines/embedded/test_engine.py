import json
from dataclasses import replace

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engine import TakesEngine, no_progress
from punchin.engines.embedded import EmbeddedEngine
from punchin.engines.embedded.engine import LISTEN_S, LONGEST_S
from punchin.errors import Cancelled, EditError
from punchin.region import Frames, Region
from punchin.song import Song
from support.songs import made_song

RATE_HZ = 22_050
EDIT = Edit(region=Region.parse(0, 1), seed=5)


def at(start_s, end_s):
    return Frames(round(start_s * RATE_HZ), round(end_s * RATE_HZ))


@pytest.fixture(scope="module")
def song():
    return made_song(24.0, RATE_HZ)


@pytest.fixture(scope="module")
def filling(song):
    return EmbeddedEngine().fill(song, at(8, 12), EDIT, no_progress)


def window(start_s, end_s, total_s):
    frames = EmbeddedEngine().window(at(start_s, end_s), round(total_s * RATE_HZ), RATE_HZ, EDIT)
    return frames.start / RATE_HZ, frames.end / RATE_HZ


def test_it_hears_a_minute_and_a_half_on_each_side():
    assert window(100, 110, 3600) == (100 - LISTEN_S, 110 + LISTEN_S)


def test_what_one_side_lacks_the_other_makes_up():
    assert window(10, 20, 3600) == (0, 20 + 2 * LISTEN_S - 10)
    assert window(3580, 3600, 3600) == (3580 - 2 * LISTEN_S, 3600)
    assert window(10, 20, 60) == (0, 60)


def test_it_hears_a_second_around_a_gap():
    assert window(100, 100.05, 3600) == pytest.approx((99, 101.05), abs=1e-4)


def test_the_longest_hole_is_bounded_and_said():
    assert EmbeddedEngine.spec.longest_s == LONGEST_S


def test_it_says_what_it_found_and_did(filling):
    details = filling.details
    assert json.loads(json.dumps(details)) == details
    # Kicks on every beat and hats on every half: any of these is a fair reading of the tempo.
    assert min(abs(details["tempo_bpm"] - bpm) for bpm in (60, 120, 240)) < 1
    assert 0 <= details["bar_confidence"] <= 1
    assert details["sections"][0][0] <= -8
    assert details["sections"][-1][1] >= 16
    assert 0 <= details["section_confidence"] <= 1
    assert 0 <= details["donors_from_same_section"] <= 1
    played = sum(duration for _, _, duration in details["donors"])
    assert played == pytest.approx(4.0, abs=0.01)
    assert all(source <= -duration + 0.1 or source >= 3.9 for _, source, duration in details["donors"])


def test_takes_are_what_single_edits_give(song, filling):
    engine = EmbeddedEngine()
    assert isinstance(engine, TakesEngine)
    edits = [EDIT, replace(EDIT, seed=6)]
    together = engine.fill_takes(song, at(8, 12), edits, no_progress)
    assert together[0].song.samples.tobytes() == filling.song.samples.tobytes()
    alone = engine.fill(song, at(8, 12), edits[1], no_progress)
    assert together[1].song.samples.tobytes() == alone.song.samples.tobytes()


def test_between_edits_it_keeps_no_recordings(song):
    """A worker lives for weeks: what it has decoded for one edit is not to pile up."""
    rests = []
    engine = EmbeddedEngine()
    engine._player.rest = lambda: rests.append(True)
    engine.fill(song, at(8, 12), replace(EDIT, tags=("piano",)), no_progress)
    assert rests == [True]


def test_a_gap_is_repaired_and_says_what_had_no_effect(song):
    edit = replace(EDIT, tags=("lofi",), lyrics="la la", variance=0.5)
    filling = EmbeddedEngine().fill(song, at(8.2, 8.25), edit, no_progress)
    assert filling.details["method"] == "repair"
    assert "repaired" in filling.warnings[0]
    assert {entry.what for entry in filling.unused} == {"tag 'lofi'", "lyrics", "variance", "seed"}
    other = EmbeddedEngine().fill(song, at(8.2, 8.25), replace(edit, seed=99), no_progress)
    assert other.song.samples.tobytes() == filling.song.samples.tobytes()


def test_with_nothing_around_it_the_original_is_kept():
    song = made_song(0.05, RATE_HZ)
    filling = EmbeddedEngine().fill(song, Frames(0, song.frames), EDIT, no_progress)
    np.testing.assert_array_equal(filling.song.samples, song.samples)
    assert "no music outside" in filling.warnings[0]


def test_what_is_not_a_number_counts_as_silence(song):
    samples = song.samples.copy()
    samples[:, 1000:1010] = np.nan
    samples[:, 200_000] = np.inf
    filling = EmbeddedEngine().fill(Song(samples, RATE_HZ), at(8, 12), EDIT, no_progress)
    assert np.isfinite(filling.song.samples).all()


def test_what_the_bed_warns_of_is_passed_on(song):
    filling = EmbeddedEngine().fill(song, Frames(0, song.frames), EDIT, no_progress)
    assert any("little music outside" in warning for warning in filling.warnings)


@pytest.mark.parametrize("total_s", [0.11, 0.5, 2.0])
def test_very_short_songs(total_s):
    song = made_song(total_s, RATE_HZ)
    filling = EmbeddedEngine().fill(song, Frames(0, song.frames), EDIT, no_progress)
    assert filling.song.samples.shape == song.samples.shape
    assert np.sqrt(np.mean(filling.song.samples**2)) > 1e-3


def test_what_it_honours():
    assert {"tags", "lyrics", "variance"} <= EmbeddedEngine.spec.honours


def refused(song, message, **asked):
    """The edit is refused before anything slow has begun."""
    seen = []
    with pytest.raises(EditError, match=message):
        EmbeddedEngine().fill(
            song, at(8, 12), replace(EDIT, **asked), lambda stage, fraction: seen.append(stage)
        )
    assert "analyse" not in seen


def test_tags_of_which_none_is_known_are_refused_at_once(song):
    refused(song, "no tag is known", tags=("qwxyz", "flurbish"))


def test_words_in_a_script_that_cannot_be_sung_are_refused_at_once(song):
    refused(song, "cannot pronounce", lyrics="песня о весне")


@pytest.mark.parametrize("stage", ["analyse", "join bars", "play", "mix"])
def test_it_can_be_cancelled_at_every_stage(song, stage):
    def stop(now, fraction):
        if now == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        EmbeddedEngine().fill(song, at(8, 12), replace(EDIT, tags=("piano",)), stop)


def test_progress_rises_to_the_end_with_tags(song):
    seen = []
    edits = [replace(EDIT, tags=("lofi",)), replace(EDIT, tags=("house",), seed=8)]
    EmbeddedEngine().fill_takes(song, at(8, 12), edits, lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (44_100, 6)])
def test_other_rates_and_channels(rate_hz, channels):
    song = made_song(6.0, rate_hz, channels)
    hole = Frames(2 * rate_hz + 1, 4 * rate_hz)
    filling = EmbeddedEngine().fill(song, hole, replace(EDIT, tags=("lofi", "piano")), no_progress)
    assert filling.song.samples.shape == (channels, len(hole))
    assert filling.song.samples.dtype == np.float32
    assert np.isfinite(filling.song.samples).all()
    assert np.sqrt(np.mean(np.square(filling.song.samples), axis=1)).min() > 1e-3


@pytest.mark.parametrize("total_s", [0.11, 0.5, 2.0])
def test_very_short_songs_with_tags(total_s):
    song = made_song(total_s, RATE_HZ)
    edit = replace(EDIT, tags=("trap", "riser", "vinyl", "delay"))
    filling = EmbeddedEngine().fill(song, Frames(0, song.frames), edit, no_progress)
    assert filling.song.samples.shape == song.samples.shape
    assert np.isfinite(filling.song.samples).all()
    assert np.sqrt(np.mean(filling.song.samples**2)) > 1e-3


def test_noise_with_tags_plays_safe():
    rng = np.random.default_rng(0)
    noise = Song((0.1 * rng.standard_normal((2, 20 * RATE_HZ))).astype(np.float32), RATE_HZ)
    filling = EmbeddedEngine().fill(noise, at(8, 12), replace(EDIT, tags=("rock",)), no_progress)
    assert filling.details["strokes"] == 0
    assert any("no steady beat" in warning for warning in filling.warnings)

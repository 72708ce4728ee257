"""One suite over every installed engine: what any engine owes to those who call it."""

from dataclasses import replace

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engine import Engine, TakesEngine, no_progress
from punchin.engines import installed_engines, load_engine
from punchin.errors import Cancelled, EngineUnavailable
from punchin.region import Frames, Region
from punchin.song import Song
from support.songs import made_song

EDIT = Edit(region=Region.parse(0, 1), seed=11)


@pytest.fixture(scope="module", params=sorted(installed_engines()))
def engine(request):
    try:
        return load_engine(request.param)
    except EngineUnavailable as error:
        pytest.skip(f"{request.param}: {error}")


@pytest.fixture(scope="module")
def window(engine):
    spec = engine.spec
    return made_song(14.0, spec.rate_hz or 22_050, spec.channels or 2)


def seconds(window, start_s, end_s):
    return Frames(round(start_s * window.rate_hz), min(window.frames, round(end_s * window.rate_hz)))


def fill(engine, window, hole, edit=EDIT):
    return engine.fill(window, hole, edit, no_progress).song


def test_it_is_an_engine(engine):
    assert isinstance(engine, Engine)
    assert engine.spec.name in installed_engines()
    assert engine.spec.version
    assert engine.spec.summary.endswith(".")


def test_a_second_load_does_nothing(engine):
    engine.load()


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(5.0, 9.0), (0.0, 3.0), (10.0, 14.0), (0.0, 14.0), (6.0, 6.05), (6.0, 6.5)]
)
def test_it_fills_exactly_the_hole_with_finite_sound(engine, window, start_s, end_s):
    hole = seconds(window, start_s, end_s)
    song = fill(engine, window, hole)
    assert song.samples.shape == (window.channels, len(hole))
    assert song.rate_hz == window.rate_hz
    assert np.isfinite(song.samples).all()
    assert np.sqrt(np.mean(song.samples**2)) > 1e-3, "silence where there was music"


def test_the_same_seed_gives_the_same_bits(engine, window):
    hole = seconds(window, 5, 9)
    again = load_engine(engine.spec.name)
    assert fill(engine, window, hole).samples.tobytes() == fill(again, window, hole).samples.tobytes()


def test_another_seed_gives_another_take(engine, window):
    hole = seconds(window, 5, 9)
    takes = [fill(engine, window, hole, replace(EDIT, seed=seed)).samples for seed in (1, 2, 3)]
    assert len({take.tobytes() for take in takes}) > 1


def test_several_takes_at_once_are_what_single_fills_give(engine, window):
    if not isinstance(engine, TakesEngine):
        pytest.skip("makes one take at a time")
    hole = seconds(window, 5, 9)
    edits = [replace(EDIT, seed=seed) for seed in (1, 2)]
    together = engine.fill_takes(window, hole, edits, no_progress)
    for filling, edit in zip(together, edits, strict=True):
        assert filling.song.samples.tobytes() == fill(engine, window, hole, edit).samples.tobytes()


def test_the_window_it_is_given_stays_as_it_was(engine, window):
    before = window.samples.tobytes()
    fill(engine, window, seconds(window, 5, 9))
    assert window.samples.tobytes() == before


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_it_works_at_the_songs_own_rate_and_channels(engine, channels, rate_hz):
    if engine.spec.rate_hz or engine.spec.channels:
        pytest.skip("works at its own rate and channels")
    window = made_song(6.0, rate_hz, channels)
    hole = seconds(window, 2, 4)
    assert fill(engine, window, hole).samples.shape == (channels, len(hole))


def test_silence_and_noise_do_not_break_it(engine, window):
    hole = seconds(window, 5, 7)
    noise = np.random.default_rng(0).standard_normal(window.samples.shape).astype(np.float32) * 0.1
    for samples in (np.zeros_like(window.samples), noise):
        song = fill(engine, Song(samples, window.rate_hz), hole)
        assert np.isfinite(song.samples).all()


def test_the_window_it_asks_for_holds_the_hole(engine):
    rate_hz = 44_100
    for start, end, total in ((0, 10, 100), (90, 100, 100), (0, 100, 100), (40, 60, 100), (1790, 1800, 3600)):
        hole, length = Frames(start * rate_hz, end * rate_hz), total * rate_hz
        wanted = engine.window(hole, length, rate_hz, EDIT)
        assert hole in wanted
        assert wanted.end <= length
        assert len(wanted) <= 400 * rate_hz, "a window must not grow with the song"


def test_it_can_be_cancelled(engine, window):
    def refuse(stage, fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        engine.fill(window, seconds(window, 5, 9), EDIT, refuse)


def test_progress_rises_from_0_to_1(engine, window):
    seen = []
    engine.fill(window, seconds(window, 5, 9), EDIT, lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[0] >= 0
    assert seen[-1] <= 1
    assert len(seen) >= 2


def test_every_tag_is_used_or_said_to_be_unused(engine, window):
    if "tags" not in engine.spec.honours:
        pytest.skip("does not act on tags")
    edit = replace(EDIT, tags=("piano", "90 bpm"))
    filling = engine.fill(window, seconds(window, 5, 9), edit, no_progress)
    said = {*(f"tag {tag!r}" for tag in filling.tags_used), *(entry.what for entry in filling.unused)}
    assert said >= {f"tag {tag!r}" for tag in edit.tags}


def test_tags_change_what_is_heard_and_keep_its_promises(engine, window):
    if "tags" not in engine.spec.honours:
        pytest.skip("does not act on tags")
    hole = seconds(window, 5, 9)
    plain = fill(engine, window, hole)
    for tags in (("rock",), ("ambient",)):
        edit = replace(EDIT, tags=tags)
        song = fill(engine, window, hole, edit)
        assert song.samples.shape == (window.channels, len(hole))
        assert np.isfinite(song.samples).all()
        assert song.samples.tobytes() == fill(engine, window, hole, edit).samples.tobytes()
        assert np.sqrt(np.mean((song.samples - plain.samples) ** 2)) > 1e-3

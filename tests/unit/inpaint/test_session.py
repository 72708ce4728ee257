import numpy as np
import pytest
import soundfile

import punchin
from punchin.edits import Edit
from punchin.engine import Filling, no_progress
from punchin.errors import Cancelled, EngineFailed, OutputError, RegionError
from punchin.inpaint import Session, inpaint, inpaint_each_take
from punchin.region import Frames, Region
from punchin.song import Song
from punchin.songfile import open_song
from support.engines import (
    ScriptedEngine,
    cancelling_progress,
    choosy_engine,
    deaf_engine,
    echo_engine,
    nan_engine,
    noise_engine,
    short_engine,
    silent_engine,
    wrong_rate_engine,
)
from support.songs import made_song, wav_of


@pytest.fixture
def path(tmp_path):
    return wav_of(made_song(6.0, 8000), tmp_path / "song.wav")


def edit_of(start=2, end=4, **wishes):
    return Edit(region=Region.parse(start, end), **{"seed": 7, **wishes})


def make(path, engine, *edits, name="out.wav", progress=no_progress, **settings):
    with open_song(path) as source:
        session = Session(engine=engine, **settings)
        return inpaint(source, edits or [edit_of()], path.with_name(name), session, progress)


def samples(path):
    with open_song(path) as song:
        return song.read_native(Frames(0, song.frames))


def left_behind(path):
    return sorted(file.name for file in path.parent.iterdir() if file != path)


def test_only_the_region_changes_and_the_proof_says_so(path):
    take = make(path, noise_engine())
    before, after = samples(path), samples(take.path)
    assert (before[:, :16000] == after[:, :16000]).all()
    assert (before[:, 32000:] == after[:, 32000:]).all()
    assert np.mean(before[:, 16000:32000] != after[:, 16000:32000]) > 0.9
    assert take.untouched
    assert take.receipt.proof.largest_difference == 0
    assert left_behind(path) == ["out.wav", "out.wav.receipt.json"]


def test_whatever_an_engine_returns_the_outside_is_safe(path):
    """An engine that answers with full-scale garbage in a window of its own still changes only the hole."""
    loud = ScriptedEngine(
        lambda window, hole, edit: np.full((window.channels, len(hole)), 50.0, np.float32), listen_s=1
    )
    take = make(path, loud)
    before, after = samples(path), samples(take.path)
    assert (before[:, :16000] == after[:, :16000]).all()
    assert (before[:, 32000:] == after[:, 32000:]).all()


def test_samples_that_are_no_sound_beside_the_region_stay_and_are_not_heard(tmp_path):
    """A float file may hold what no decoder should: neither engines nor measures get to see it."""
    odd = np.full((1, 48000), 0.1, np.float32)
    odd[0, [100, 15990, 32010, 40000]] = [np.nan, np.inf, -np.inf, 1e38]
    path = tmp_path / "odd.wav"
    soundfile.write(path, odd.T, 8000, "FLOAT")
    engine = noise_engine()
    take = make(path, engine)
    assert samples(take.path)[:, :16000].tobytes() == odd[:, :16000].tobytes()
    assert samples(take.path)[:, 32000:].tobytes() == odd[:, 32000:].tobytes()
    heard, *_ = engine.asked[0]
    assert np.abs(heard.samples).max() <= 1000
    assert 0 <= take.seams[0].score <= 1


@pytest.mark.parametrize("engine", [silent_engine, nan_engine, short_engine, wrong_rate_engine, deaf_engine])
def test_a_broken_engine_writes_nothing(path, engine):
    with pytest.raises(EngineFailed, match="engine 'scripted'"):
        make(path, engine())
    assert left_behind(path) == []


@pytest.mark.parametrize("stage", ["cut", "script", "join", "splice", "prove"])
def test_cancelling_at_any_stage_leaves_nothing(path, stage):
    with pytest.raises(Cancelled):
        make(path, noise_engine(), progress=cancelling_progress(stage))
    assert left_behind(path) == []


def test_everything_that_can_be_refused_is_refused_before_the_engine_starts(path):
    engine = noise_engine()
    with pytest.raises(RegionError):
        make(path, engine, edit_of(2, 99))
    path.with_name("there.wav").write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        make(path, engine, name="there.wav")
    with pytest.raises(OutputError, match="the song itself"):
        make(path, engine, name="song.wav", overwrite=True)
    assert engine.asked == []
    assert path.with_name("there.wav").read_bytes() == b"precious"


def test_an_engine_hears_its_own_rate_and_channels(path):
    engine = noise_engine(rate_hz=12_000, channels=1)
    take = make(path, engine)
    window, hole, _ = engine.asked[0]
    assert (window.rate_hz, window.channels) == (12_000, 1)
    assert hole == Frames(24_000, 48_000)
    before, after = samples(path), samples(take.path)
    assert (before[:, :16000] == after[:, :16000]).all()
    assert take.untouched


def test_an_echo_at_another_rate_comes_back_in_place(path):
    """Resampled there and back, the song's own sound is where it was: nothing is moved in time."""
    take = make(path, echo_engine(rate_hz=48_000))
    before, after = samples(path)[:, 16000:32000], samples(take.path)[:, 16000:32000]
    inside = slice(1000, -1000)
    error = np.mean((before.astype(float) - after)[:, inside] ** 2)
    moved = np.mean((before.astype(float) - np.roll(after, 1, axis=1))[:, inside] ** 2)
    assert error < 1e-3 * np.mean(before.astype(float) ** 2)
    assert error < moved / 20, "one frame late would be heard"


def test_several_regions_in_one_pass(path):
    engine = noise_engine()
    take = make(path, engine, edit_of(4, 5, seed=2, tags=("b",)), edit_of(1, 2, seed=1, tags=("a",)))
    assert [(p.start_frame, p.seed, p.tags) for p in take.receipt.punches] == [
        (8000, 1, ["a"]),
        (32000, 2, ["b"]),
    ]
    before, after = samples(path), samples(take.path)
    different = (before != after).any(axis=0)
    assert not different[:8000].any()
    assert not different[16000:32000].any()
    assert not different[40000:].any()
    assert different[8000:16000].mean() > 0.9
    assert different[32000:40000].mean() > 0.9


def test_the_best_of_several_takes_is_written(path):
    def answer(window, hole, edit):
        if edit.seed == 8:  # the second take is the song itself: no seam can be better
            return window.cut(hole).samples.copy()
        return noise_engine().answer(window, hole, edit)

    take = make(path, ScriptedEngine(answer), takes=3)
    assert [one.seed for one in take.receipt.punches[0].takes] == [7, 8, 9]
    assert take.receipt.punches[0].seed == 8
    scores = [one.seams.score for one in take.punches[0].candidates]
    assert scores[1] == max(scores)


def test_every_take_can_be_kept(path):
    with open_song(path) as source:
        session = Session(engine=noise_engine(), takes=2)
        takes = inpaint_each_take(source, [edit_of()], path.with_name("out.wav"), session)
    assert [take.path.name for take in takes] == ["out.take1.wav", "out.take2.wav"]
    assert {take.receipt.punches[0].seed for take in takes} == {7, 8}
    assert takes[0].seams[0].score >= takes[1].seams[0].score


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(path):
    outputs = [
        make(path, noise_engine(), edit_of(seed=seed), name=f"{n}.wav") for n, seed in enumerate((3, 3, 4))
    ]
    first, again, other = (take.path.read_bytes() for take in outputs)
    assert first == again
    assert first != other


def test_what_was_not_used_is_in_the_receipt(path):
    take = make(path, choosy_engine(), edit_of(tags=("lofi", "jazz"), lyrics="la la"))
    punch = take.receipt.punches[0]
    assert punch.tags_used == ["lofi"]
    assert [(one.what, one.why) for one in punch.unused] == [
        ("lyrics", "engine 'scripted' does not use it"),
        ("tag 'jazz'", "one is enough"),
    ]
    assert punch.details == {"mood": "choosy"}
    assert "this engine is choosy" in take.receipt.warnings


def test_progress_rises_over_the_whole_edit(path):
    seen = []
    make(path, noise_engine(), takes=2, progress=lambda stage, fraction: seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0
    assert fractions[-1] == pytest.approx(1.0)
    assert {"cut", "fill", "script", "join", "splice", "prove"} <= {stage for stage, _ in seen}


def test_a_repair_is_not_faded_with_what_it_repairs(tmp_path):
    """A click two milliseconds inside the region is gone, though crossfades with the original are longer."""
    song = made_song(6.0, 8000)
    clicked = song.samples.copy()
    clicked[:, 16016] = 0.9
    path = wav_of(Song(clicked, 8000), tmp_path / "song.wav")
    clean = song.cut(Frames(16000, 16400)).samples

    def repaired(continues):
        engine = ScriptedEngine(lambda w, h, e: Filling(song=Song(clean.copy(), 8000), continues=continues))
        take = make(path, engine, edit_of(2, 2.05), name=f"{continues}.wav")
        return np.abs(samples(take.path)[:, 16016] / 32768 - song.samples[:, 16016]).max()

    assert repaired(continues=True) < 1e-3
    assert repaired(continues=False) > 0.05


def test_the_whole_song_may_be_the_region(path):
    take = make(path, noise_engine(), edit_of("0", "end"))
    assert take.untouched
    assert take.receipt.proof.runs == []


def test_one_frame_may_be_the_region(path):
    take = make(path, noise_engine(), edit_of("100 samples", "101 samples"))
    different = (samples(path) != samples(take.path)).any(axis=0)
    assert not np.delete(different, 100).any()


def test_a_song_of_one_frame(tmp_path):
    path = wav_of(made_song(1 / 8000, 8000), tmp_path / "song.wav")
    assert make(path, noise_engine(), edit_of(0, "end")).path.exists()


def test_a_frame_is_a_frame_for_an_engine_of_a_lower_rate_too(tmp_path):
    path = wav_of(made_song(0.5, 192_000, 1), tmp_path / "song.wav")
    for frame in (0, 1, 95_999):
        take = punchin.edit(
            path, f"{frame} samples", f"{frame + 1} samples", engine=noise_engine(rate_hz=8000), seed=1,
            output=tmp_path / f"{frame}.wav",
        )  # fmt: skip
        assert take.untouched

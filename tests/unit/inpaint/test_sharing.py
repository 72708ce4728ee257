"""Regions that are filled in one pass, with an engine that can do that."""

from dataclasses import replace

import numpy as np
import pytest

import punchin.studio
from punchin.edits import Edit
from punchin.engine import Filling, NearRegionsEngine, no_progress
from punchin.errors import EngineFailed
from punchin.inpaint import Session, inpaint, inpaint_each_take
from punchin.receipt import Receipt
from punchin.region import Frames, Region
from punchin.song import Song
from punchin.songfile import open_song
from support.engines import ScriptedEngine, noise_engine
from support.songs import made_song, wav_of

RATE_HZ = 8000


class NearEngine(ScriptedEngine):
    """One stream of noise over all holes of a pass: which regions shared one can be seen in the samples."""

    most_s = 6.0

    def __init__(self, **settings):
        super().__init__(noise_engine().answer, listen_s=1.0)
        self.passes = []
        self.most_s = settings.get("most_s", self.most_s)

    def window_together(self, holes, total, rate_hz, edits):
        if holes[-1].end - holes[0].start > self.most_s * rate_hz:
            return None
        return Frames(holes[0].start, holes[-1].end).widen(rate_hz, rate_hz, total)

    def fill_together(self, window, holes, edits, progress):
        self.passes.append((holes, edits))
        made = []
        for number, edit in enumerate(edits):
            progress("near", (number + 1) / len(edits))
            rng = np.random.default_rng([edit.seed, 99])
            made.append([self.filling(rng, window, hole) for hole in holes])
        return made

    def filling(self, rng, window, hole):
        noise = (rng.standard_normal((window.channels, len(hole))) * 0.05).astype(np.float32)
        return Filling(song=Song(noise, window.rate_hz))


@pytest.fixture
def path(tmp_path):
    return wav_of(made_song(12.0, RATE_HZ), tmp_path / "song.wav")


def edit_of(start, end, **wishes):
    return Edit(region=Region.parse(start, end), **wishes)


NEAR = [edit_of(2, 3, seed=7), edit_of(4, 5, seed=7)]


def make(path, engine, edits, name="out.wav", progress=no_progress, **settings):
    with open_song(path) as source:
        return inpaint(source, edits, path.with_name(name), Session(engine=engine, **settings), progress)


def samples(path):
    with open_song(path) as song:
        return song.read_native(Frames(0, song.frames))


def shared_of(take):
    return [punch.shared for punch in take.receipt.punches]


def test_near_regions_share_a_pass_and_all_else_stays(path):
    engine = NearEngine()
    assert isinstance(engine, NearRegionsEngine)
    assert not isinstance(noise_engine(), NearRegionsEngine)
    take = make(path, engine, NEAR)
    ((holes, edits),) = engine.passes
    assert [len(hole) for hole in holes] == [RATE_HZ, RATE_HZ]
    assert [edit.seed for edit in edits] == [7]
    assert engine.asked == [], "nothing was filled alone"
    regions = [(2 * RATE_HZ, 3 * RATE_HZ), (4 * RATE_HZ, 5 * RATE_HZ)]
    assert shared_of(take) == [regions, regions]
    assert Receipt.read(take.receipt_path).punches == take.receipt.punches
    different = (samples(path) != samples(take.path)).any(axis=0)
    for start, end in regions:
        assert different[start:end].mean() > 0.9
        different[start:end] = False
    assert not different.any()
    assert take.untouched


@pytest.mark.parametrize(
    ("edits", "passes"),
    [
        pytest.param([NEAR[0], edit_of(4, 5, seed=8)], 0, id="other seed"),
        pytest.param([NEAR[0], edit_of(4, 5, seed=7, tags=("lofi",))], 0, id="other tags"),
        pytest.param([NEAR[0], edit_of(4, 5, seed=7, lyrics="la")], 0, id="other lyrics"),
        pytest.param([NEAR[0], edit_of(4, 5, seed=7, variance=0.5)], 0, id="other variance"),
        pytest.param([NEAR[0], edit_of(4, 5, seed=7, parameters={"bpm": 90})], 0, id="other parameters"),
        pytest.param([NEAR[0], edit_of(5.5, 6, seed=7)], 0, id="windows apart"),
        pytest.param([*NEAR, edit_of(6, 7, seed=7), edit_of(8, 9, seed=7)], 1, id="the engine wants no more"),
        pytest.param([*NEAR, edit_of(10, 11, seed=7), edit_of(9, 9.5, seed=7)], 2, id="two pairs"),
        pytest.param([NEAR[0]], 0, id="one"),
    ],
)  # fmt: skip
def test_only_what_belongs_together_does(path, edits, passes):
    engine = NearEngine()
    take = make(path, engine, edits)
    assert len(engine.passes) == passes
    assert sum(map(bool, shared_of(take))) + len(engine.asked) == len(edits)
    assert take.untouched


def test_a_drawn_seed_gives_way_and_one_that_was_asked_for_never(path):
    for edits, seed in (
        ([edit_of(2, 3), edit_of(4, 5)], None),
        ([edit_of(2, 3), edit_of(4, 5, seed=5)], 5),
        ([edit_of(2, 3, seed=6), edit_of(4, 5)], 6),
    ):
        punches = make(path, NearEngine(), edits, overwrite=True).receipt.punches
        assert punches[0].seed == punches[1].seed
        assert seed in (None, punches[0].seed)
        assert punches[0].shared


def test_takes_of_shared_regions_are_chosen_together_and_a_replay_makes_them_again(path, monkeypatch):
    engine = NearEngine()
    take = make(path, engine, NEAR, takes=4)
    assert [edit.seed for edit in engine.passes[0][1]] == [7, 8, 9, 10]
    sums = [sum(punch.candidates[number].seams.score for punch in take.punches) for number in range(4)]
    chosen = {punch.seed for punch in take.receipt.punches}
    assert chosen == {7 + int(np.argmax(sums))}
    monkeypatch.setattr(punchin.studio, "find_engine", lambda name: NearEngine())
    again = punchin.studio.replay(take.receipt_path)
    assert again.same_bytes
    assert shared_of(again.take) == shared_of(take)


def test_every_take_of_shared_regions_is_whole(path):
    with open_song(path) as source:
        session = Session(engine=NearEngine(), takes=3)
        takes = inpaint_each_take(source, NEAR, path.with_name("out.wav"), session)
    seeds = [{punch.seed for punch in take.receipt.punches} for take in takes]
    assert sorted(map(len, seeds)) == [1, 1, 1]
    assert set().union(*seeds) == {7, 8, 9}


def test_a_replay_keeps_apart_what_was_apart(path, monkeypatch):
    """Takes of two regions with seeds of their own may end with one seed; that makes no pass of them."""
    engine = NearEngine()
    engine.window_together = lambda *arguments: None
    take = make(path, engine, NEAR)
    monkeypatch.setattr(punchin.studio, "find_engine", lambda name: NearEngine())
    again = punchin.studio.replay(take.receipt_path)
    assert again.same_bytes
    assert shared_of(again.take) == [[], []]


def test_progress_rises_over_shared_regions(path):
    seen = []
    edits = [*NEAR, edit_of(9, 10)]
    make(path, NearEngine(), edits, takes=2, progress=lambda stage, fraction: seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    near = max(fraction for stage, fraction in seen if stage == "near")
    # Four of six candidates come out of that pass; all but the last one's join are done with it.
    assert pytest.approx(near, abs=1e-6) == 4 / 6 * 0.88 - 0.08 / 6


@pytest.mark.parametrize(
    "broken",
    [
        lambda filling: replace(filling, song=filling.song.cut(Frames(0, 100))),
        lambda filling: replace(filling, song=Song(filling.song.samples * np.nan, RATE_HZ)),
        lambda filling: replace(filling, song=Song(filling.song.samples * 0, RATE_HZ)),
    ],
    ids=["short", "no numbers", "silent"],
)
def test_every_region_of_a_pass_is_checked(path, broken):
    engine = NearEngine()
    fill = engine.fill_together
    engine.fill_together = lambda *arguments: [[a, broken(b)] for a, b in fill(*arguments)]
    with pytest.raises(EngineFailed, match="engine 'scripted'"):
        make(path, engine, NEAR)
    assert [file.name for file in path.parent.iterdir()] == ["song.wav"]


def test_fillings_that_are_missing_are_the_engines_fault(path):
    engine = NearEngine()
    fill = engine.fill_together
    engine.fill_together = lambda *arguments: [made[:1] for made in fill(*arguments)]
    with pytest.raises(EngineFailed, match="1 x 2 fillings"):
        make(path, engine, NEAR)


def test_an_engine_that_does_not_hear_a_hole_is_refused(path):
    engine = NearEngine()
    engine.window_together = lambda holes, *rest: Frames(0, holes[-1].end - 1)
    with pytest.raises(EngineFailed, match="asks to hear"):
        make(path, engine, NEAR)


def test_the_engine_gets_places_in_seconds_however_they_were_written(path):
    """Times in lyrics mean the same in a replay, whose places are samples."""
    heard = []
    for number, place in enumerate(((2, 3), ("end-10", "end-9"), ("16000 samples", "24000 samples"))):
        engine = noise_engine()
        make(path, engine, [edit_of(*place)], name=f"{number}.wav")
        heard.append(engine.asked[0][2].region)
    assert heard == [Region.parse(2, 3)] * 3

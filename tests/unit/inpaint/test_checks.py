from dataclasses import replace

import numpy as np
import pytest

from punchin.edits import MAX_SEED, Edit
from punchin.engine import EngineSpec, Filling
from punchin.errors import EditError, EngineFailed, RegionError
from punchin.inpaint.checks import check_filling, check_takes, not_honoured, plan, take_seed
from punchin.region import Frames, Region
from punchin.song import Song
from punchin.songfile import open_song
from punchin.splice import splicer_for
from support.engines import noise_engine
from support.songs import made_song, wav_of

SPEC = EngineSpec(name="test", version="1", summary="Tests.")


@pytest.fixture
def source(tmp_path):
    with open_song(wav_of(made_song(4.0, 8000), tmp_path / "song.wav")) as song:
        yield song


def planned(source, *places, spec=SPEC):
    edits = [Edit(region=Region.parse(*place)) for place in places]
    return plan(source, edits, spec, splicer_for(source))


def test_edits_come_in_the_order_of_the_song_with_a_seed_each(source):
    plans = planned(source, (3, 3.5), (1, 2))
    assert [one.region for one in plans] == [Frames(8000, 16000), Frames(24000, 28000)]
    assert all(0 <= one.seed <= MAX_SEED for one in plans)


def test_a_seed_that_was_given_is_kept(source):
    edit = Edit(region=Region.parse(1, 2), seed=5)
    assert plan(source, [edit], SPEC, splicer_for(source))[0].seed == 5


def test_regions_may_touch_but_not_overlap(source):
    planned(source, (1, 2), (2, 3))
    with pytest.raises(RegionError, match=r"0:01\.000-0:02\.000 and 0:01\.900-0:03\.000 overlap"):
        planned(source, (1, 2), (1.9, 3))


def test_no_edit_at_all_is_refused(source):
    with pytest.raises(EditError, match="no edit"):
        planned(source)


@pytest.mark.parametrize(("shortest", "longest"), [(2, 9), (0, 0.5)])
def test_a_region_must_fit_the_engine(source, shortest, longest):
    spec = replace(SPEC, shortest_s=shortest, longest_s=longest)
    with pytest.raises(RegionError, match=f"'test' fills {shortest:g} to {longest:g} s"):
        planned(source, (1, 2), spec=spec)


def test_the_seeds_of_takes_follow_each_other_and_wrap():
    assert [take_seed(MAX_SEED - 1, take) for take in range(3)] == [MAX_SEED - 1, MAX_SEED, 0]


@pytest.mark.parametrize("takes", [0, 9, -1])
def test_takes_go_from_1_to_8(takes):
    with pytest.raises(EditError, match=str(takes)):
        check_takes(takes)


def test_what_an_engine_does_not_act_on_is_said():
    edit = Edit(region=Region.parse(1, 2), tags=("lofi",), lyrics="la", variance=0.5, parameters={"steps": 8})
    assert [one.what for one in not_honoured(edit, SPEC)] == [
        "tag 'lofi'",
        "lyrics",
        "variance",
        "parameter 'steps'",
    ]
    honours = frozenset({"tags", "lyrics", "variance", "steps"})
    assert not_honoured(edit, replace(SPEC, honours=honours)) == ()


WINDOW = made_song(1.0, 8000)
HOLE = Frames(2000, 4000)


@pytest.mark.parametrize(
    ("samples", "rate_hz", "says"),
    [
        (np.full((2, 1999), 0.1), 8000, "1999"),
        (np.full((1, 2000), 0.1), 8000, "1 x 2000"),
        (np.full((2, 2000), 0.1), 8001, "8001"),
        (
            np.where(np.arange(4000).reshape(2, 2000) == 7, np.inf, 0.1),
            8000,
            "1 samples that are not numbers",
        ),
        (np.full((2, 2000), 32_767.0), 8000, "up to 3.28e\\+04; full scale"),
        (np.zeros((2, 2000)), 8000, "silence"),
        (np.full((2, 2000), 0.1, np.float16), 8000, "type float16"),
    ],
)
def test_an_engine_is_never_trusted(samples, rate_hz, says):
    with pytest.raises(EngineFailed, match=says):
        check_filling(Filling(song=Song(samples, rate_hz)), WINDOW, HOLE, SPEC)


def test_silence_for_silence_is_right():
    silence = Song(np.zeros((2, 8000), np.float32), 8000)
    check_filling(Filling(song=silence.cut(HOLE)), silence, HOLE, SPEC)


def test_noise_engine_passes():
    filling = noise_engine().fill(WINDOW, HOLE, Edit(region=Region.parse(0, 1), seed=1), lambda *_: None)
    check_filling(filling, WINDOW, HOLE, SPEC)


@pytest.mark.parametrize(
    "words",
    [
        {"warnings": ("fine", 7)},
        {"lyrics_used": ("\ud800",)},
        {"details": {"a": object()}},
        {"unused": ("a tag",)},
        {"tags_used": None},
    ],
)
def test_words_that_no_receipt_can_hold_are_no_filling(words):
    sound = Song(np.full((2, 2000), 0.1), 8000)
    with pytest.raises(EngineFailed, match="is no filling"):
        check_filling(Filling(song=sound, **words), WINDOW, HOLE, SPEC)
    with pytest.raises(EngineFailed, match="is no filling"):
        check_filling(None, WINDOW, HOLE, SPEC)
    check_filling(Filling(song=sound, details={"a": float("nan")}), WINDOW, HOLE, SPEC)

"""Several regions of one song in one pass, and edits of several songs in one batch."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

import soundfile  # noqa: E402

import punchin  # noqa: E402
import punchin.studio  # noqa: E402
from punchin.edits import Edit  # noqa: E402
from punchin.engine import ManyEngine, NearRegionsEngine, Request, no_progress  # noqa: E402
from punchin.engines.ace_step.crossing import kept_conditions, padded  # noqa: E402
from punchin.engines.ace_step.window import MOST_MASK_S  # noqa: E402
from punchin.errors import Cancelled, EngineOutOfMemory  # noqa: E402
from punchin.region import Frames, Region  # noqa: E402
from support.songs import made_song  # noqa: E402

RATE_HZ = 48_000
SONG = made_song(8.0, RATE_HZ)
OTHER = made_song(8.0, RATE_HZ, seed=4)
EDIT = Edit(region=Region.parse(0.5, 3.5), tags=("lofi",), seed=11)
HOLES = [Frames(24_000, 168_000), Frames(216_000, 360_000)]


def same(one, other, tolerance=1e-3):
    """To rounding: a batch sums in another order."""
    peak = np.abs(other.song.samples).max()
    return np.abs(one.song.samples - other.song.samples).max() < tolerance * peak


# Regions that share a pass


def test_near_regions_are_filled_in_one_pass(engine):
    seen = []
    fillings = engine.fill_together(SONG, HOLES, [EDIT], lambda stage, fraction: seen.append(stage))[0]
    assert isinstance(engine, NearRegionsEngine)
    assert [filling.song.frames for filling in fillings] == [len(hole) for hole in HOLES]
    # Once when the stage begins, once a step, once when it ends.
    assert seen.count("denoise") == 8 + 2
    window = engine.window_together(HOLES, SONG.frames, RATE_HZ, [EDIT, EDIT])
    assert all(hole in window for hole in HOLES)


def test_takes_of_several_regions(engine):
    edits = [EDIT, replace(EDIT, seed=12)]
    takes = engine.fill_together(SONG, HOLES, edits, no_progress)
    alone = engine.fill_together(SONG, HOLES, edits[1:], no_progress)[0]
    for made, again in zip(takes[1], alone, strict=True):
        assert made.song.samples.tobytes() == again.song.samples.tobytes()


@pytest.mark.parametrize(
    ("lyrics", "together"),
    [("", True), ("[inst]", True), ("[verse]", True), ("[0:01.0] one\n[0:05] two", True), ("la la", False)],
)
def test_words_without_times_are_sung_by_each_region_alone(engine, lyrics, together):
    edit = replace(EDIT, lyrics=lyrics)
    found = engine.window_together(HOLES, SONG.frames, RATE_HZ, [edit, edit])
    assert (found is not None) is together


def test_regions_that_reach_too_far_are_filled_alone(engine):
    far = Frames(HOLES[0].start + MOST_MASK_S * RATE_HZ - 48_000, HOLES[0].start + MOST_MASK_S * RATE_HZ)
    total = 200 * RATE_HZ
    assert engine.window_together([HOLES[0], far], total, RATE_HZ, [EDIT, EDIT])
    far = replace(far, end=far.end + 1)
    assert engine.window_together([HOLES[0], far], total, RATE_HZ, [EDIT, EDIT]) is None


def test_through_the_whole_product_and_again_from_the_receipt(tmp_path, engine, monkeypatch):
    path = tmp_path / "song.wav"
    soundfile.write(path, made_song(7.5, 44_100).samples.T, 44_100, subtype="PCM_16")
    timed = "[0:01.5] one\n[0:05.1] two"
    edits = [
        Edit(region=Region.parse(start, start + 1.5), lyrics=timed, tags=("lofi",)) for start in (1, 4.5)
    ]
    steps = []
    engine_steps = engine._rig.networks.transformer.register_forward_pre_hook(lambda *_: steps.append(1))
    take = punchin.edit_all(path, edits, engine=engine)
    engine_steps.remove()
    assert len(steps) == 8, "one pass for both"
    assert take.untouched
    punches = take.receipt.punches
    assert punches[0].shared == punches[1].shared == [(44_100, 110_250), (198_450, 264_600)]
    assert punches[0].seed == punches[1].seed
    assert punches[0].details["sheets"][0].count("one\ntwo") == 1
    before, after = soundfile.read(path, dtype="int16")[0], soundfile.read(take.path, dtype="int16")[0]
    inside = np.zeros(len(before), bool)
    for start, end in punches[0].shared:
        inside[start:end] = True
    assert np.array_equal(before[~inside], after[~inside])
    monkeypatch.setattr(punchin.studio, "find_engine", lambda name: engine)
    again = punchin.studio.replay(take.receipt_path)
    assert again.same_bytes
    assert again.take.receipt.punches[0].details["sheets"] == punches[0].details["sheets"]


# Edits of several songs in one batch


@pytest.fixture(scope="module")
def batching(turbo_folder, request):
    from punchin.engines.ace_step import AceStepEngine, RigOptions
    from punchin.engines.ace_step.catalogue import TURBO

    made = AceStepEngine(TURBO, turbo_folder, RigOptions(device="cpu", precision="fp32", batch=3))
    made.load()
    return made


REQUESTS = [
    Request(SONG, HOLES[0], replace(EDIT, lyrics="hello there")),
    Request(OTHER, HOLES[1], replace(EDIT, seed=3, tags=("punk", "fast drums", "loud guitars"))),
    Request(OTHER, HOLES[0], replace(EDIT, seed=4, lyrics="a line that is somewhat longer\nand one more")),
    Request(SONG, HOLES[0], replace(EDIT, seed=5, parameters={"number_of_steps": 4})),
]


def test_edits_of_several_songs_are_what_single_edits_are(engine, batching):
    """What they read has different lengths, so it is padded; the padding must not be heard."""
    assert isinstance(engine, ManyEngine)
    sizes = []
    hook = batching._rig.networks.transformer.register_forward_pre_hook(
        lambda module, arguments, named: sizes.append(named["hidden_states"].shape[0]), with_kwargs=True
    )
    made = batching.fill_many(REQUESTS)
    hook.remove()
    assert sizes == [3] * 8 + [1] * 4, "alike ones at once, the fourth has another schedule"
    for request, filling in zip(REQUESTS, made, strict=True):
        alone = engine.fill(request.window, request.hole, request.edit, no_progress)
        assert same(filling, alone)
        assert filling.details["texts"] == alone.details["texts"]
    assert [filling.details["takes_at_once"] for filling in made] == [3, 3, 3, 1]


def test_on_a_cpu_many_are_bit_for_bit_what_single_edits_are(engine):
    for request, filling in zip(REQUESTS, engine.fill_many(REQUESTS), strict=True):
        alone = engine.fill(request.window, request.hole, request.edit, no_progress)
        assert filling.song.samples.tobytes() == alone.song.samples.tobytes()


def test_one_that_is_cancelled_or_wrong_does_not_stop_the_others(engine, batching):
    def cancel(stage, fraction):
        if stage == "denoise" and fraction > 0.5:
            raise Cancelled

    requests = [
        replace_request(REQUESTS[0], progress=cancel),
        REQUESTS[1],
        replace_request(REQUESTS[2], edit=replace(EDIT, lyrics="la la la la " * 200)),
        replace_request(REQUESTS[2], edit=replace(EDIT, variance=0.0)),
        replace_request(REQUESTS[2], edit=replace(EDIT, parameters={"bpm": "quick"})),
    ]
    made = batching.fill_many(requests)
    assert [type(each).__name__ for each in made] == [
        "Cancelled", "Filling", "EditError", "Filling", "EditError"
    ]  # fmt: skip
    assert same(made[1], engine.fill(OTHER, HOLES[1], REQUESTS[1].edit, no_progress))
    assert "variance 0" in made[3].warnings[0]


def test_a_batch_of_which_nobody_is_left_stops(batching):
    reports = []

    def cancel(stage, fraction):
        reports.append(stage)
        if reports.count("denoise") > 3:
            raise Cancelled

    steps = []
    hook = batching._rig.networks.transformer.register_forward_pre_hook(lambda *_: steps.append(1))
    made = batching.fill_many([replace_request(each, progress=cancel) for each in REQUESTS[:2]])
    hook.remove()
    assert all(isinstance(each, Cancelled) for each in made)
    assert 0 < len(steps) < 8


def test_each_hears_of_its_own_progress(batching):
    seen = [[], []]
    requests = [
        replace_request(each, progress=lambda stage, fraction, to=to: to.append((stage, fraction)))
        for each, to in zip(REQUESTS[:2], seen, strict=True)
    ]
    batching.fill_many(requests)
    for reports in seen:
        fractions = [fraction for _, fraction in reports]
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1)
        assert {stage for stage, _ in reports} == {"encode", "conditions", "denoise", "decode"}


def test_what_does_not_fit_at_once_is_made_in_smaller_batches(batching, monkeypatch):
    from punchin.engines.ace_step import rig

    need = batching._rig.sizes.denoise_bytes(8, 1)
    monkeypatch.setattr(type(batching._rig.sizes), "tile_bytes", lambda self: 0.0)
    monkeypatch.setattr(rig, "free_bytes", lambda device: need * 2.2)
    made = batching.fill_many(REQUESTS[:3])
    assert [filling.details["takes_at_once"] for filling in made] == [2, 2, 1]
    monkeypatch.setattr(rig, "free_bytes", lambda device: need * 0.5)
    seen = []
    hopeless = [replace_request(each, progress=lambda *report: seen.append(report)) for each in REQUESTS[:2]]
    assert all(isinstance(each, EngineOutOfMemory) for each in batching.fill_many(hopeless))
    assert seen == [], "refused before anything was done"


def test_few_lengths_of_window_let_different_regions_share_a_batch(new_engine, turbo_folder):
    few = new_engine(turbo_folder, few_lengths=True)
    exact = new_engine(turbo_folder)
    lengths = {few: set(), exact: set()}
    for engine, found in lengths.items():
        for length_s in (9, 10, 12, 14.5):
            hole = Frames(50 * RATE_HZ, 50 * RATE_HZ + int(length_s * RATE_HZ))
            found.add(len(engine.window(hole, 200 * RATE_HZ, RATE_HZ, EDIT)))
    assert len(lengths[few]) == 1
    assert len(lengths[exact]) == 4


def replace_request(request, **changes):
    fields = {name: getattr(request, name) for name in ("window", "hole", "edit", "progress")}
    return Request(**{**fields, **changes})


# What is read


def test_padding_is_not_read():
    one, two = torch.ones(1, 3, 2), torch.ones(1, 5, 2)
    assert padded([one, one])[1] is None
    read, seen = padded([one, two])
    assert read.shape == (2, 5, 2)
    assert seen[:, 0, 0].tolist() == [[True] * 3 + [False] * 2, [True] * 5]


def test_conditions_are_projected_once_and_the_numbers_stay(tiny):
    transformer = tiny.transformer
    generator = torch.Generator().manual_seed(0)
    inputs = {
        "hidden_states": torch.randn(1, 100, 8, generator=generator),
        "timestep": torch.full((1,), 0.5),
        "timestep_r": torch.full((1,), 0.5),
        "encoder_hidden_states": torch.randn(1, 20, 32, generator=generator),
        "context_latents": torch.randn(1, 100, 16, generator=generator),
        "return_dict": False,
    }
    projection = transformer.layers[0].cross_attn.to_k
    project, calls = projection.forward, []
    projection.forward = lambda read: calls.append(1) or project(read)
    with torch.inference_mode(), warnings.catch_warnings():
        plain = transformer(**inputs)[0]
        assert len(calls) == 1
        with kept_conditions(transformer):
            kept = [transformer(**inputs)[0] for _ in range(3)]
        assert len(calls) == 2
        assert torch.equal(transformer(**inputs)[0], plain)
        assert len(calls) == 3, "outside it is as it was"
    del projection.forward
    assert all(torch.equal(plain, each) for each in kept)

"""The engine as the core sees it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from punchin.edits import Edit  # noqa: E402
from punchin.engine import Engine, TakesEngine, no_progress  # noqa: E402
from punchin.errors import Cancelled, EditError, EngineOutOfMemory, EngineUnavailable  # noqa: E402
from punchin.region import Frames, Region  # noqa: E402
from punchin.song import Song  # noqa: E402
from support.songs import made_song  # noqa: E402

RATE_HZ = 48_000
SONG = made_song(8.0, RATE_HZ)
EDIT = Edit(region=Region.parse(3, 6), tags=("lofi",), lyrics="hello there", seed=11)


def seconds(start_s, end_s):
    return Frames(round(start_s * RATE_HZ), round(end_s * RATE_HZ))


HOLE = seconds(2.513, 5.8)


def samples(engine, edit=EDIT, hole=HOLE, song=SONG):
    return engine.fill(song, hole, edit, no_progress).song.samples


@pytest.fixture(scope="module")
def first(engine):
    return engine.fill(SONG, HOLE, EDIT, no_progress)


def test_it_is_an_engine_that_makes_takes(engine):
    assert isinstance(engine, Engine)
    assert isinstance(engine, TakesEngine)
    assert (engine.spec.rate_hz, engine.spec.channels) == (48_000, 2)


def test_it_fills_exactly_the_hole(first):
    assert first.song.samples.shape == (2, len(HOLE))
    assert np.isfinite(first.song.samples).all()
    assert first.song.samples.std() > 1e-3


def test_it_says_what_was_used(first):
    assert first.tags_used == ("lofi",)
    assert first.lyrics_used == ("hello there",)
    details = first.details
    assert "# Caption\nlofi\n" in details["texts"][0]
    assert "- duration: 8 seconds" in details["texts"][0]
    assert details["sheets"] == ["# Languages\nen\n\n# Lyric\nhello there<|endoftext|>"]
    assert details.keys() >= {"weights", "torch", "diffusers", "device", "precision", "threads", "shift"}


def test_the_same_seed_gives_the_same_bits_in_another_engine(first, new_engine, turbo_folder):
    assert samples(new_engine(turbo_folder)).tobytes() == first.song.samples.tobytes()


def test_both_layouts_give_the_same_bits(first, new_engine, original_folder):
    assert samples(new_engine(original_folder)).tobytes() == first.song.samples.tobytes()


@pytest.mark.parametrize(
    "change",
    [{"seed": 12}, {"tags": ("punk",)}, {"lyrics": "goodbye"}, {"variance": 0.5},
     {"parameters": {"number_of_steps": 4}}, {"parameters": {"language": "de"}},
     {"parameters": {"timbre": "song"}}, {"parameters": {"bpm": 90}}, {"parameters": {"shift": 1.0}}],
)  # fmt: skip
def test_whatever_is_honoured_changes_the_music(engine, first, change):
    assert not np.allclose(samples(engine, replace(EDIT, **change)), first.song.samples, atol=1e-6)


def test_instrumental_is_not_sung(engine):
    filling = engine.fill(SONG, HOLE, replace(EDIT, lyrics="[inst]"), no_progress)
    assert filling.lyrics_used == ()
    assert "# Lyric\n[Instrumental]<|endoftext|>" in filling.details["sheets"][0]


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0, 3), (5, 8), (0, 8), (4, 4.02), (0, 0.5), (7.99, 8), (7.9, 8)]
)
def test_holes_at_the_ends_and_very_short_ones(engine, start_s, end_s):
    hole = seconds(start_s, end_s)
    made = samples(engine, hole=hole)
    assert made.shape == (2, len(hole))
    assert np.isfinite(made).all()


def test_a_song_that_ends_inside_a_latent(engine):
    song = Song(SONG.samples[:, : 6 * RATE_HZ + 777], RATE_HZ)
    hole = Frames(4 * RATE_HZ, song.frames)
    assert samples(engine, hole=hole, song=song).shape == (2, len(hole))


def test_takes_are_what_single_fills_are_and_share_their_work(engine, first):
    edits = [replace(EDIT, seed=seed) for seed in (11, 12, 13)]
    misses = engine._rig.latents.misses
    takes = engine.fill_takes(SONG, HOLE, edits, no_progress)
    assert engine._rig.latents.misses == misses, "the music was encoded again"
    assert takes[0].song.samples.tobytes() == first.song.samples.tobytes()
    assert len({take.song.samples.tobytes() for take in takes}) == 3


def test_a_batch_of_takes_is_the_same_to_rounding(engine, new_engine, turbo_folder):
    edits = [replace(EDIT, seed=seed) for seed in (11, 12, 13)]
    batched = new_engine(turbo_folder, batch=2).fill_takes(SONG, HOLE, edits, no_progress)
    assert [take.details["takes_at_once"] for take in batched] == [2, 2, 2]
    for edit, take in zip(edits, batched, strict=True):
        made = take.song.samples
        assert np.abs(made - samples(engine, edit)).max() < 1e-3 * np.abs(made).max()


def test_variance_0_keeps_the_original(engine):
    filling = engine.fill(SONG, HOLE, replace(EDIT, variance=0.0), no_progress)
    assert np.array_equal(filling.song.samples, SONG.cut(HOLE).samples)
    assert "variance" in filling.warnings[0]


def test_less_variance_is_nearer_to_the_original(engine):
    """In latents, where 'near' means something with random weights."""
    from punchin.engines.ace_step.sampler import Repaint, seeded_noise

    source = torch.randn(200, 8, generator=torch.Generator().manual_seed(3))
    noise = seeded_noise(1, 200, 8, 50)
    what = Repaint(source=source[None], noise=noise[None], mask=torch.ones(1, 200, dtype=torch.bool))
    from punchin.engines.ace_step.schedule import schedule

    far = []
    for variance in (0.2, 0.5, 0.8):
        start = what.at(schedule(8, 3.0, variance).sigmas[0])
        far.append(float((start - source).norm()))
    assert far == sorted(far)


@pytest.mark.slow
def test_the_window_may_lie_anywhere(engine, first):
    """An even number of latents of other music in front changes no bit: nothing knows where it is."""
    rule = {"context_s": 2.0}
    long = made_song(44.0, RATE_HZ, seed=5)
    hole = Frames(20 * RATE_HZ + 777, 23 * RATE_HZ + 99)
    edit = replace(EDIT, parameters=rule)
    given = engine.window(hole, long.frames, RATE_HZ, edit)
    assert given.start > 0
    assert given.end < long.frames
    cut = long.cut(given)
    before = np.random.default_rng(1).standard_normal((2, 6 * 1920)).astype(np.float32) * 0.1
    moved = Song(np.concatenate([before, long.samples], axis=1), RATE_HZ)
    moved_hole = Frames(hole.start + 6 * 1920, hole.end + 6 * 1920)
    made = samples(engine, edit, hole.within(given), cut)
    assert samples(engine, edit, hole, long).tobytes() == made.tobytes(), "given the whole song"
    assert samples(engine, edit, moved_hole, moved).tobytes() == made.tobytes(), "moved by six latents"


def test_noise_of_the_hole_does_not_depend_on_the_context():
    from punchin.engines.ace_step.sampler import seeded_noise

    short, long = seeded_noise(5, 100, 8, 20), seeded_noise(5, 300, 8, 60)
    assert torch.equal(short[20:100], long[60:140])
    assert not torch.equal(seeded_noise(6, 100, 8, 20), short)


def test_the_model_hears_the_true_song_around_the_hole_at_every_step(engine):
    """Outside the mask x = (1-σ)·song + σ·noise, with the same noise from the first step to the last."""
    heard = []
    hook = engine._rig.networks.transformer.register_forward_pre_hook(
        lambda module, arguments, named: heard.append(named), with_kwargs=True
    )
    engine.fill(SONG, HOLE, EDIT, no_progress)
    hook.remove()
    assert len(heard) == 8
    mask = heard[0]["context_latents"][0, :, 8].bool()
    song, noise = heard[0]["context_latents"][0, :, :8][~mask], heard[0]["hidden_states"][0][~mask]
    for step in heard:
        sigma = float(step["timestep"][0])
        assert torch.allclose(step["hidden_states"][0][~mask], (1 - sigma) * song + sigma * noise, atol=1e-5)
    assert mask.sum() == -(-HOLE.end // 1920) - HOLE.start // 1920


def test_a_retry_pays_for_denoise_and_decode_only(engine):
    engine.fill(SONG, HOLE, replace(EDIT, seed=1), no_progress)
    networks, called = engine._rig.networks, []
    hooks = [
        network.register_forward_pre_hook(lambda module, arguments: called.append(module))
        for network in (
            networks.text_encoder,
            networks.condition_encoder.timbre_encoder,
            networks.vae.encoder,
        )
    ]
    engine.fill(SONG, HOLE, replace(EDIT, seed=2), no_progress)
    assert called == []
    engine.fill(SONG, HOLE, replace(EDIT, tags=("other",)), no_progress)
    assert called == [networks.text_encoder], "the timbre of silence is known"
    for hook in hooks:
        hook.remove()


@pytest.mark.slow
def test_only_the_context_is_encoded_unless_the_original_is_wanted(new_engine, turbo_folder):
    engine = new_engine(turbo_folder)
    song, hole = made_song(20.0, RATE_HZ), seconds(4, 16)
    samples(engine, hole=hole, song=song)
    context = engine._rig.latents.misses
    samples(engine, replace(EDIT, variance=0.9), hole, song)
    assert engine._rig.latents.misses > context


def test_the_level_of_the_autoencoder_is_taken_off(engine, monkeypatch):
    from punchin.engines.ace_step import run
    from punchin.engines.ace_step.levels import LevelBias

    plain = samples(engine)
    monkeypatch.setattr(run, "level_bias", lambda sides: LevelBias(2.0, 2.0))
    assert np.allclose(samples(engine), plain * 10 ** (-2 / 20), atol=1e-6)


def test_the_sides_that_are_compared_are_the_same_music(engine, monkeypatch):
    """With an autoencoder that changes nothing but the level, exactly that level is found."""
    from punchin.engines.ace_step import run

    found = []
    true = run.level_bias
    monkeypatch.setattr(run, "level_bias", lambda sides: found.append(sides) or true(sides))

    def decode(latents, wanted, progress):
        return SONG.samples[:, wanted.start * 1920 : wanted.end * 1920] * np.float32(1.1)

    monkeypatch.setattr(engine._rig, "decode", decode)
    filling = engine.fill(SONG, HOLE, EDIT, no_progress)
    assert [side[0].shape for side in found[0]] == [side[1].shape for side in found[0]]
    assert all(side[0].shape[1] > 0.4 * RATE_HZ for side in found[0])
    assert filling.details["level_bias_db"] == pytest.approx([0.83, 0.83], abs=0.01)
    assert np.allclose(filling.song.samples, SONG.cut(HOLE).samples, atol=1e-5)


@pytest.mark.slow
def test_a_long_region_is_made_in_passes(engine, monkeypatch):
    from punchin.engines.ace_step import denoising

    seeds = []
    drawn = denoising.seeded_noise
    monkeypatch.setattr(
        denoising, "seeded_noise", lambda seed, *rest: seeds.append(seed) or drawn(seed, *rest)
    )
    song = made_song(118.0, RATE_HZ)
    hole = seconds(6, 112)
    edit = replace(EDIT, lyrics="\n".join(f"line {n}" for n in range(10)), parameters={"number_of_steps": 1})
    filling = engine.fill(song, hole, edit, no_progress)
    assert filling.song.samples.shape == (2, len(hole))
    assert np.isfinite(filling.song.samples).all()
    assert len(filling.details["window_s"]) == 2
    assert len(filling.lyrics_used) == 10
    assert len(set(seeds)) == 2, "both passes would have the same noise"


def test_it_can_be_cancelled_between_steps(engine):
    steps = []

    def cancel(stage, fraction):
        if stage == "denoise":
            steps.append(fraction)
            if len(steps) == 4:
                raise Cancelled

    with pytest.raises(Cancelled):
        engine.fill(SONG, HOLE, EDIT, cancel)
    assert len(steps) == 4
    assert samples(engine).shape[1] == len(HOLE), "and goes on working"


def test_progress_rises_from_0_to_1(engine):
    seen = []
    engine.fill_takes(
        SONG, HOLE, [EDIT, replace(EDIT, seed=3)], lambda stage, fraction: seen.append((stage, fraction))
    )
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)
    assert {stage for stage, _ in seen} == {"encode", "conditions", "denoise", "decode"}


def test_what_it_is_given_and_the_global_random_state_stay(engine):
    before, state = SONG.samples.tobytes(), torch.get_rng_state()
    samples(engine)
    assert SONG.samples.tobytes() == before
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_silence_and_loud_noise_do_not_break_it(engine):
    noise = np.random.default_rng(0).uniform(-1, 1, SONG.samples.shape).astype(np.float32)
    for each in (np.zeros_like(SONG.samples), noise):
        assert np.isfinite(samples(engine, song=Song(each, RATE_HZ))).all()


def test_lyrics_that_are_too_long_name_the_cure(engine):
    with pytest.raises(EditError, match=r"lyrics are .* tokens long.*2048; give only the lines"):
        samples(engine, replace(EDIT, lyrics="la la la la " * 200))
    with pytest.raises(EditError, match="tags are"):
        samples(engine, replace(EDIT, tags=("very long style",) * 50))


def test_an_edit_that_does_not_fit_is_refused_before_anything_is_done(engine, monkeypatch):
    from punchin.engines.ace_step import rig

    monkeypatch.setattr(rig, "free_bytes", lambda device: 1000)
    seen = []
    with pytest.raises(EngineOutOfMemory, match="GB are free"):
        engine.fill(SONG, HOLE, EDIT, lambda *report: seen.append(report))
    assert seen == []


def test_memory_that_runs_out_after_all_is_said_as_such(engine, monkeypatch):
    def burst(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine._rig, "encode", burst)
    with pytest.raises(EngineOutOfMemory, match="shorter region"):
        samples(engine)


@pytest.mark.slow
def test_base_runs_with_guidance(base_engine):
    edit = replace(EDIT, parameters={"number_of_steps": 3})
    plain = samples(base_engine, replace(edit, parameters={"number_of_steps": 3, "guidance_scale": 1}))
    for change in (
        {}, {"guidance_type": "cfg"}, {"guidance_type": "cfg_star"}, {"scheduler": "heun"},
        {"guidance_interval": 0.4}, {"guidance_interval_decay": 1.0},
    ):  # fmt: skip
        made = samples(base_engine, replace(edit, parameters={"number_of_steps": 3, **change}))
        assert np.isfinite(made).all()
        assert not np.allclose(made, plain, atol=1e-6)


def test_half_precision_keeps_the_autoencoder_whole(new_engine, turbo_folder, first):
    engine = new_engine(turbo_folder, precision="bf16")
    networks = engine._rig.networks
    assert networks.transformer.dtype == torch.bfloat16
    assert networks.vae.dtype == torch.float32
    made = engine.fill(SONG, HOLE, EDIT, no_progress)
    assert made.details["precision"] == "bf16"
    assert np.isfinite(made.song.samples).all()


def test_eight_bits_run_on_the_cpu(new_engine, turbo_folder, first):
    made = samples(new_engine(turbo_folder, int8=True))
    assert np.isfinite(made).all()
    assert not np.array_equal(made, first.song.samples)
    assert np.corrcoef(made.ravel(), first.song.samples.ravel())[0, 1] > 0.9


def test_a_compiled_model_gets_few_lengths_and_its_own_projections(
    new_engine, turbo_folder, first, monkeypatch
):
    """With a compiler that changes nothing: what is compiled, and that nothing is put in its place later."""
    compiled, calls = [], []

    def compiler(network, mode):
        compiled.append((network, mode))
        return lambda **inputs: calls.append("forward" in vars(layer.to_k)) or network(**inputs)

    monkeypatch.setattr(torch, "compile", compiler)
    engine = new_engine(turbo_folder, compiled=True)
    assert [mode for _, mode in compiled] == [None]
    layer = compiled[0][0].layers[0].cross_attn
    made = engine.fill(SONG, HOLE, EDIT, no_progress)
    assert calls == [False] * 8
    assert made.details["compiled"] is True
    assert_close(made, first)
    found = engine.window(seconds(100, 110), 240 * RATE_HZ, RATE_HZ, EDIT)
    assert len(found) / 1920 == 45 * 25 + 1 + 2 * 8


def assert_close(made, plain):
    """To rounding: what is read is padded, and sums have another order."""
    peak = np.abs(plain.song.samples).max()
    assert np.abs(made.song.samples - plain.song.samples).max() < 1e-3 * peak


@pytest.mark.slow
def test_new_words_compile_nothing_and_all_runs_in_one_thread(engine, new_engine, turbo_folder, monkeypatch):
    """With torch's own tracing and a back end that counts: a graph is made for a length, not for a text."""
    graphs, threads, plain = [], set(), torch.compile

    def back_end(graph, inputs):
        graphs.append(graph)

        def run(*arguments):
            threads.add(threading.get_ident())
            return graph.forward(*arguments)

        return run

    monkeypatch.setattr(torch, "compile", lambda network, mode: plain(network, backend=back_end))
    torch._dynamo.reset()
    compiled = new_engine(turbo_folder, compiled=True)
    edits = [EDIT, replace(EDIT, lyrics="a line to sing"), replace(EDIT, tags=("punk", "fast", "loud drums"))]
    made, counts = [], []
    for edit in edits:
        with ThreadPoolExecutor(1) as job:  # as a service does: each in a thread of its own
            made.append(job.submit(compiled.fill, SONG, HOLE, edit, no_progress).result())
        counts.append(len(graphs))
    assert counts[0] >= 1
    assert counts == counts[:1] * 3
    assert len(threads) == 1
    for edit, each in zip(edits, made, strict=True):
        assert_close(each, engine.fill(SONG, HOLE, edit, no_progress))


@pytest.mark.parametrize("placement", ["staged", "streamed"])
def test_weights_that_wait_in_memory_give_the_same_bits(new_engine, turbo_folder, first, placement):
    engine = new_engine(turbo_folder, placement=placement)
    assert samples(engine).tobytes() == first.song.samples.tobytes()
    assert engine.fill(SONG, HOLE, EDIT, no_progress).details["placement"] == placement


@pytest.mark.parametrize("bad", [{"device": "cuda:9"}, {"precision": "fp8"}, {"placement": "everywhere"}])
def test_options_that_cannot_be_are_refused(new_engine, turbo_folder, bad):
    with pytest.raises(EngineUnavailable, match=next(iter(bad))):
        new_engine(turbo_folder, **bad)

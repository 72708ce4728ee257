"""The small parts that need no torch: levels, memory, cache, progress, places, prompts."""

import subprocess
import sys

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engines.ace_step import AceStepEngine
from punchin.engines.ace_step.cache import BoundedCache
from punchin.engines.ace_step.catalogue import TURBO, XL_TURBO
from punchin.engines.ace_step.levels import level_bias
from punchin.engines.ace_step.memory import Sizes, check_room, choose_placement, needed_bytes, sizes_of
from punchin.engines.ace_step.meter import Meter
from punchin.engines.ace_step.places import models_folder
from punchin.errors import EditError, EngineOutOfMemory, EngineUnavailable
from punchin.region import Frames, Region

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((2, 24_000)) * 0.1
NONE = NOISE[:, :0]
TURBO_BF16 = Sizes(
    transformer_bytes=3_150_000_000,
    encoders_bytes=2_400_000_000,
    vae_bytes=676_000_000,
    hidden=2048,
    blocks=24,
    value_bytes=2,
)


def test_a_louder_round_trip_is_taken_off_again():
    bias = level_bias(((NOISE, NOISE * 10 ** (2 / 20)), (NOISE, NOISE * 10 ** (-1 / 20))))
    assert bias.before_db == pytest.approx(2)
    assert bias.after_db == pytest.approx(-1)
    new = np.ones((2, 1001))
    undone = bias.removed(new)
    assert 20 * np.log10(undone[0, 0]) == pytest.approx(-2)
    assert 20 * np.log10(undone[0, -1]) == pytest.approx(1)


def test_a_side_that_says_nothing_takes_the_others_level():
    assert level_bias(((NONE, NONE), (NOISE, NOISE * 1.1))).before_db == pytest.approx(20 * np.log10(1.1))
    assert level_bias(((NOISE * 1e-6, NOISE), (NOISE, NOISE * 1.1))).before_db == pytest.approx(
        20 * np.log10(1.1)
    )


def test_without_music_or_with_another_sound_nothing_is_done():
    for sides in (((NONE, NONE), (NONE, NONE)), ((NOISE, NOISE * 3), (NOISE, NOISE * 3))):
        bias = level_bias(sides)
        assert bias.before_db == bias.after_db == 0
        assert bias.removed(NOISE) is NOISE


def test_a_refusal_names_the_length_that_fits():
    free = int(needed_bytes(TURBO_BF16, 60, 32))
    with pytest.raises(EngineOutOfMemory, match="regions of up to 30 s fit"):
        check_room(TURBO_BF16, 120, 90, 32, free)
    check_room(TURBO_BF16, 60, 30, 32, free)


def test_what_cannot_fit_at_all_says_so():
    with pytest.raises(EngineOutOfMemory, match="one take at a time"):
        check_room(TURBO_BF16, 40, 10, 2, 1_000)
    with pytest.raises(EngineOutOfMemory, match="smaller model"):
        check_room(TURBO_BF16, 40, 10, 1, 1_000)


def test_unknown_memory_refuses_nothing():
    check_room(TURBO_BF16, 10_000, 90, 8, None)


def test_more_needs_more():
    assert needed_bytes(TURBO_BF16, 120, 32) > needed_bytes(TURBO_BF16, 120, 16) > 1e9
    assert needed_bytes(TURBO_BF16, 40, 1) < 3e9


def test_models_are_as_large_as_published():
    """5.9 GB resident and 11 GB in bfloat16 (encoders and autoencoder included)."""
    assert sizes_of(TURBO, 2).weights_bytes == pytest.approx(6.2e9, rel=0.05)
    assert sizes_of(XL_TURBO, 2).weights_bytes == pytest.approx(11.4e9, rel=0.05)


@pytest.mark.parametrize(
    ("card_gb", "model", "placement"),
    [(4, TURBO, "staged"), (6, TURBO, "staged"), (8, TURBO, "staged"), (12, TURBO, "resident"),
     (4, XL_TURBO, "streamed"), (8, XL_TURBO, "streamed"), (12, XL_TURBO, "staged"),
     (16, XL_TURBO, "resident")],
)  # fmt: skip
def test_every_card_has_its_tier(card_gb, model, placement):
    free = int(card_gb * 0.95 * 2**30)
    sizes = sizes_of(model, 2)
    assert choose_placement(sizes, free) == placement
    check_room(sizes, 120, 90, 1, free if placement != "resident" else free - sizes.weights_bytes, placement)


def test_the_cache_keeps_what_was_used_last():
    cache = BoundedCache(3, len)
    for key in "abc":
        cache.get(key, lambda key=key: key)
    cache.get("a", lambda: "new")
    cache.get("d", lambda: "d")
    assert cache.bytes == 3
    assert cache.get("a", lambda: "new") == "a"
    assert cache.get("b", lambda: "new") == "new"


def test_a_cache_of_nothing_still_answers():
    cache = BoundedCache(0, len)
    assert cache.get("a", lambda: "x") == "x"
    assert len(cache) == 0


def test_progress_is_as_wide_as_the_cost_and_never_falls():
    seen = []
    meter = Meter(lambda stage, fraction: seen.append((stage, fraction)), 10.0)
    for stage, cost in (("encode", 2.0), ("denoise", 8.0)):
        with meter.stage(stage, cost) as report:
            report(0.5)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert ("encode", 0.1) in seen
    assert ("denoise", 0.6) in seen
    assert fractions[-1] == 1.0
    assert meter.seconds.keys() == {"encode", "denoise"}


def test_importing_the_engine_is_cheap_and_its_spec_is_known_without_torch():
    script = (
        "import sys; from punchin.engines.ace_step import AceStepEngine, base_engine; "
        "print(AceStepEngine().spec.name, base_engine().spec.name, 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["ace-step", "ace-step-base", "False"]


def test_without_its_packages_the_engine_names_the_command(monkeypatch):
    from punchin.engines.ace_step import engine

    def missing(name):
        raise ImportError("No module named 'torch'")

    monkeypatch.setattr(engine, "import_module", missing)
    with pytest.raises(EngineUnavailable, match=r"pip install 'punchin\[ace-step\]'"):
        engine.AceStepEngine().load()


def test_a_window_needs_no_model():
    edit = Edit(region=Region.parse(100, 110), parameters={"quality": "high"})
    rate_hz = 44_100
    asked = AceStepEngine().window(Frames(100 * rate_hz, 110 * rate_hz), 240 * rate_hz, rate_hz, edit)
    assert asked.start / rate_hz == pytest.approx(70 - 0.32, abs=0.1)
    assert asked.end / rate_hz == pytest.approx(140 + 0.32, abs=0.1)
    bad = Edit(region=Region.parse(1, 2), parameters={"quality": "best"})
    with pytest.raises(EditError, match="quality"):
        AceStepEngine().window(Frames(0, 10), 100, rate_hz, bad)


def test_models_live_below_punchin_home(monkeypatch, tmp_path):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    assert models_folder() == tmp_path / "models"
    monkeypatch.delenv("PUNCHIN_HOME")
    assert models_folder().parent.name == "punchin"

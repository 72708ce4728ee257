"""How the owner of a machine says how models run there."""

import sys
import types

import pytest

from punchin.engine import CheckedEngine
from punchin.engines.ace_step import AceStepEngine, RigOptions
from punchin.engines.ace_step.options import options_from
from punchin.engines.ace_step.places import owner_options
from punchin.errors import EngineUnavailable, SettingsError


def test_nothing_said_is_what_the_library_does():
    assert options_from(()) == RigOptions()


def test_every_option_can_be_said():
    words = [
        "precision=bf16",
        " placement = staged",
        "int8",
        "compiled=no",
        "few_lengths=yes",
        "batch=4",
        "cache_mb=100",
    ]
    assert options_from(words, device="cuda:1") == RigOptions(
        device="cuda:1",
        precision="bf16",
        placement="staged",
        int8=True,
        few_lengths=True,
        batch=4,
        cache_bytes=10**8,
    )


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("precision=bf8", "fp32"),
        ("placement=", "staged"),
        ("int8=perhaps", "yes or no"),
        ("batch=0", "1 to 64"),
        ("batch=-1", "1 to 64"),
        ("batch=2.5", "1 to 64"),
        ("cache_mb", "whole number"),
        ("colour=red", "few_lengths"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(word, names):
    with pytest.raises(SettingsError, match=names) as error:
        options_from([word])
    assert word.partition("=")[0] in str(error.value)


def test_an_engine_made_without_arguments_runs_as_the_owner_set(monkeypatch):
    monkeypatch.setenv("PUNCHIN_DEVICES", "cuda:1,cuda:0")
    monkeypatch.setenv("PUNCHIN_ACE_STEP", "precision=fp16, few_lengths")
    assert owner_options() == RigOptions(device="cuda:1", precision="fp16", few_lengths=True)
    # Windows of fixed lengths are visible without a model.
    engine, region = AceStepEngine(), 48000
    edit = pytest.importorskip("punchin.edits").Edit(region=_region())
    frames = pytest.importorskip("punchin.region").Frames(100 * region, 110 * region)
    fixed = engine.window(frames, 400 * region, region, edit)
    free = AceStepEngine(options=RigOptions()).window(frames, 400 * region, region, edit)
    assert len(fixed) > len(free)


def _region():
    from punchin.region import Region

    return Region(100, 110)


def test_it_says_without_loading_what_is_missing(monkeypatch, tmp_path):
    from punchin.engines.ace_step.weights import folders

    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    monkeypatch.setattr(folders, "find_spec", lambda name: None if name == "torch" else object())
    engine = AceStepEngine()
    assert isinstance(engine, CheckedEngine)
    with pytest.raises(EngineUnavailable, match="needs torch: `pip install"):
        engine.check()
    monkeypatch.setattr(folders, "find_spec", lambda name: object())
    with pytest.raises(EngineUnavailable, match="not here; `punchin models pull"):
        engine.check()


@pytest.fixture
def two_cards(monkeypatch):
    """A torch that sees two cards."""
    asked = []
    cuda = types.SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        is_bf16_supported=lambda including_emulation: True,
        get_device_name=lambda name: f"card {name}",
        mem_get_info=lambda name: asked.append(name) or (8 << 30, 16 << 30),
        memory_reserved=lambda name: asked.append(name) or 0,
        memory_allocated=lambda name: asked.append(name) or 0,
    )
    torch = types.ModuleType("torch")
    torch.cuda = cuda
    torch.backends = types.SimpleNamespace(mps=types.SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "torch", torch)
    for name in ("frameworks", "devices"):
        monkeypatch.delitem(sys.modules, f"punchin.engines.ace_step.{name}", raising=False)
    yield asked
    for name in ("frameworks", "devices"):
        sys.modules.pop(f"punchin.engines.ace_step.{name}", None)


def test_each_card_can_be_named_and_is_the_one_that_is_asked(two_cards):
    from punchin.engines.ace_step.devices import choose_device, free_bytes

    device = choose_device("cuda:1")
    assert (device.kind, device.name, device.precision) == ("cuda", "cuda:1", "bf16")
    assert device.label == "card cuda:1"
    assert free_bytes(device) == 8 << 30
    assert set(two_cards) == {"cuda:1"}
    with pytest.raises(EngineUnavailable, match="cuda:2"):
        choose_device("cuda:2")

"""scripts/try_weights.py on the tiny model: it runs, writes its report, and says when a promise is broken."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from support.songs import made_song, wav_of

SCRIPT = Path(__file__).parents[3] / "scripts" / "try_weights.py"
PROMISES = 10


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("try_weights", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def songs(tmp_path):
    long = wav_of(made_song(100.0, 44_100), tmp_path / "long.wav")
    mono = wav_of(made_song(9.0, 22_050, 1, seed=1), tmp_path / "mono.wav", "PCM_24")
    return [f"{long}@50-53", str(mono)]


def run(script, songs, original_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path / "home"))
    words = [*songs, "--from", original_folder, "-o", tmp_path / "report", "--device", "cpu",
             "--precision", "fp32", "--lyrics", "hello there"]  # fmt: skip
    return script.main([str(word) for word in words])


@pytest.mark.slow
def test_it_checks_every_promise_and_writes_a_report(script, songs, original_folder, tmp_path, monkeypatch):
    assert run(script, songs, original_folder, tmp_path, monkeypatch) == 0
    report = tmp_path / "report"
    told = json.loads((report / "report.json").read_text())
    first, short = told["trials"]
    assert len(first["checks"]) == PROMISES
    assert len(short["checks"]) == PROMISES - 1, "too short for a window to be moved"
    held = {check["promise"]: check["held"] for check in short["checks"]}
    assert held["near regions share one pass"]
    assert held["what lies between near regions is the same"]
    assert first["seconds"]["first"].keys() >= {"encode", "conditions", "denoise", "decode", "all"}
    assert first["measures"].keys() >= {"seams", "level bias db", "peak memory", "device"}
    text = (report / "report.md").read_text()
    for name in [*first["files"], "long/picture.png", "seconds.png"]:
        assert name in text
        assert (report / name).stat().st_size > 1000


@pytest.mark.slow
def test_a_broken_promise_is_not_hidden(script, songs, original_folder, tmp_path, monkeypatch):
    from punchin.engines.ace_step import AceStepEngine
    from punchin.song import Song

    honest, calls = AceStepEngine.fill, []

    def unsteady(self, *arguments):
        filling = honest(self, *arguments)
        calls.append(1)
        return type(filling)(song=Song(filling.song.samples * (1 - 0.01 * len(calls)), filling.song.rate_hz),
                             details=filling.details)  # fmt: skip

    monkeypatch.setattr(AceStepEngine, "fill", unsteady)
    assert run(script, songs[1:], original_folder, tmp_path, monkeypatch) == 1
    assert (
        "| the same seed gives the same bytes | **broken** |"
        in (tmp_path / "report" / "report.md").read_text()
    )


def test_weights_that_are_not_there_are_named(script, songs, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    assert run(script, songs, tmp_path / "empty", tmp_path, monkeypatch) == 2
    assert "acestep-v15-turbo/config.json" in capsys.readouterr().err

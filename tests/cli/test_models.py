"""`punchin models`, with models of paper."""

import json
import os
import subprocess
import sys

import pytest

from punchin.errors import Cancelled
from support.hub import HubStandIn, paper_model

TURBO = "ace-step-1.5-turbo"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path):
    return paper_model(tmp_path / "source")


def test_all_models_are_listed_with_their_engines(punchin, home):
    rows = json.loads(punchin("models", "--json").out)
    assert {row["name"]: row["engine"] for row in rows}[TURBO] == "ace-step"
    assert {row["state"] for row in rows} == {"absent"}
    listed = punchin("models", "list").out
    assert "not here" in listed
    assert "about 6.3 GB" in listed


def test_a_folder_is_taken_over_looked_at_and_removed(punchin, home, source):
    done = punchin("models", "pull", TURBO, "--from", source)
    assert done.code == 0
    assert f"folder   {home / 'models' / TURBO}" in done.out
    assert "next     " in done.out
    assert punchin("models", "path", TURBO).out.strip() == str(home / "models" / TURBO)
    assert "here" in punchin("models").out
    checked = punchin("models", "check", TURBO)
    assert checked.code == 0
    assert checked.out.startswith(f"ok  {TURBO}")
    removed = punchin("models", "remove", TURBO)
    assert "GB are free again" in removed.out
    assert not (home / "models" / TURBO).exists()


def test_the_usual_model_is_the_default(punchin, home, source):
    done = json.loads(punchin("models", "pull", "--from", source, "--json").out)
    assert done["name"] == TURBO
    assert done["bytes"] > 390_000


def test_check_says_what_is_wrong_and_what_mends_it(punchin, home, source):
    punchin("models", "pull", "--from", source)
    (home / "models" / TURBO / "vae" / "config.json").unlink()
    done = punchin("models", "check")
    assert done.code == 4
    assert "vae/config.json is missing" in done.out
    assert f"punchin models pull {TURBO} --again" in done.out
    assert "broken" in punchin("models").out
    told = json.loads(punchin("models", "check", "--json").out)
    assert told[0]["faults"] == ["vae/config.json is missing"]


def test_half_a_pull_names_the_cure(punchin, home):
    (home / "models" / f"{TURBO}.part").mkdir(parents=True)
    for command in ("path", "check"):
        done = punchin("models", command, TURBO)
        assert done.code == 4
        assert f"half fetched (0.00 GB); `punchin models pull {TURBO}` goes on" in done.err
    assert punchin("models", "check").code == 4
    assert "unfinished" in punchin("models").out


@pytest.mark.parametrize("command", ["path", "check", "remove"])
def test_what_is_not_here_names_the_cure(punchin, home, command):
    done = punchin("models", command, TURBO)
    assert done.code == 4
    assert "punchin models" in done.err


def test_check_without_any_model(punchin, home):
    done = punchin("models", "check")
    assert done.code == 0
    assert "punchin models pull" in done.out


def test_the_folder_of_all_models(punchin, home):
    assert punchin("models", "path").out.strip() == str(home / "models")
    assert json.loads(punchin("models", "path", "--json").out) == {"path": str(home / "models")}


def test_an_unknown_name_is_a_wrong_request(punchin, home):
    done = punchin("models", "pull", "ace-step-1.5-tubro")
    assert done.code == 2
    assert f"did you mean {TURBO!r}" in done.err


def test_a_wrong_folder_names_what_is_missing(punchin, home, tmp_path):
    (tmp_path / "empty").mkdir()
    done = punchin("models", "pull", "--from", tmp_path / "empty")
    assert done.code == 4
    assert "acestep-v15-turbo/config.json" in done.err


def test_without_the_library_the_extra_is_named(punchin, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    done = punchin("models", "pull", "--json")
    assert done.code == 4
    assert "pip install 'punchin[ace-step]'" in json.loads(done.out)["error"]["message"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_a_pull_that_is_stopped_says_what_is_kept(punchin, home, monkeypatch, stop):
    def begun(model, folder, **_settings):
        part = folder / f"{model.name}.part"
        part.mkdir(parents=True)
        (part / "config.json").write_bytes(b"x" * 2_345_678)
        raise stop

    monkeypatch.setattr("punchin.engines.ace_step.weights.pull", begun)
    done = punchin("models", "pull")
    assert done.code == 130
    assert done.err == (
        f"punchin: cancelled; 2.3 MB of {TURBO} are kept, the same command goes on from there and "
        f"`punchin models remove {TURBO}` deletes them\n"
    )


def test_a_pull_that_is_stopped_before_anything_came_left_nothing(punchin, home, monkeypatch):
    def stopped(*_arguments, **_settings):
        raise Cancelled

    monkeypatch.setattr("punchin.engines.ace_step.weights.pull", stopped)
    assert punchin("models", "pull").err == "punchin: cancelled; nothing was written\n"


@pytest.mark.parametrize("command", [[], ["list"], ["pull"], ["check"], ["remove"], ["path"]])
def test_help(punchin, command):
    done = punchin("models", *command, "--help")
    assert done.code == 0
    assert ("Examples:" in done.out) is (command == [])


@pytest.mark.slow
@pytest.mark.parametrize("offline", ["", "1"])
def test_the_hubs_own_settings_are_respected(home, source, offline):
    """A hub without the pinned revision is asked, and says no; offline nobody is asked."""
    pytest.importorskip("huggingface_hub")
    with HubStandIn(source) as hub:
        environment = os.environ | {
            "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": offline, "HF_HOME": str(home / "hf"),
            "NO_PROXY": "127.0.0.1",
        }  # fmt: skip
        command = [sys.executable, "-m", "punchin", "models", "pull"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert (
        "HF_HUB_OFFLINE is set" if offline else f"{hub.endpoint} has no ACE-Step/Ace-Step1.5"
    ) in done.stderr

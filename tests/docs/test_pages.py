"""The docs are checked like code: generated pages are current, links lead somewhere, snippets run."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.songs import made_song, wav_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *ROOT.glob("docs/**/*.md")]
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_settings_is_current():
    made = script("settings_page")
    assert made.PAGE.read_text() == made.page(), "run make docs"


def test_the_page_of_the_command_is_current():
    # In a process of its own: click keeps the help option of whoever asked for a command's help first.
    words = [sys.executable, ROOT / "scripts" / "cli_page.py", "--check"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def snippets(kind):
    for page in PAGES:
        for number, (language, body) in enumerate(FENCE.findall(page.read_text())):
            if language == kind:
                yield pytest.param(body, id=f"{page.name}-{number}")


@pytest.fixture
def studio(tmp_path):
    """A folder as the docs assume it: songs of three formats that are long enough, and an edit list."""
    song = made_song(60.0, 22_050)
    for name in ("song.wav", "song.flac"):
        wav_of(song, tmp_path / name, "PCM_16")
    shutil.copy(ROOT / "demo" / "song.mp3", tmp_path / "song.mp3")
    (tmp_path / "edits.json").write_text('[{"start": "0:12", "end": "0:15", "tags": "lofi", "seed": 7}]')
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("body", list(snippets("python")))
def test_python_snippets_run(body, studio):
    done = subprocess.run(
        [sys.executable, "-c", body], cwd=studio, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("body", list(snippets("sh")))
def test_shell_snippets_run(body, studio):
    lines = [line for line in body.splitlines() if line.startswith("punchin ")]
    if not lines:
        pytest.skip("no punchin command in it")
    command = "set -e\nexport PATH=" + str(Path(sys.executable).parent) + ":$PATH\n" + "\n".join(lines)
    done = subprocess.run(["bash", "-c", command], cwd=studio, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

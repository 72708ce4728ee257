"""The examples of docs/http.md run, in their order, against the real service."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "http.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found


def snippets(kind):
    return [body for language, body in FENCE.findall(PAGE.read_text()) if language == kind]


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("bash", ["bash", "-euo", "pipefail"]),
        ("py", [sys.executable]),
        ("js", ["node", "--input-type=module"]),
    ],
)
def test_examples_run(service, tmp_path, kind, command):
    if shutil.which(command[0]) is None or (kind == "bash" and shutil.which("curl") is None):
        pytest.skip(f"no {command[0]} here")
    song = wav_of(made_song(6.0), tmp_path / "song.wav")
    environment = os.environ | {"PUNCHIN_URL": service.base, "PUNCHIN_KEY": service.key, "no_proxy": "*"}
    done = subprocess.run(
        command,
        input="\n".join(snippets(kind)),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert soundfile.info(tmp_path / "new.wav").frames == soundfile.info(song).frames
    check_edit((tmp_path / "new.wav").read_bytes(), song, 2, 3.5)


def test_the_page_has_every_route():
    from punchin.web import app

    page = PAGE.read_text()
    for part in (
        app.submitting, app.reading, app.uploading, app.catalogue, app.accounts, app.fal, app.native,
        app.operating,
    ):  # fmt: skip
        for route in part.router.routes:
            words = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), route.path)
            shown = re.sub(r"(TASK_ID|JOB_ID|REQUEST_ID)", "ID", words)
            found = [shown, shown.replace("ID", "$TASK"), shown.replace("ID", "$REQUEST")]
            assert any(form in page for form in found) or "/uploads/" in shown, route.path

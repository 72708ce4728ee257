"""From the request to the sound through a real service, with the tiny model where a pulled one lies."""

import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("dbos")

from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
SUBMIT = "/api/v3/punchin/ace-step/audio-inpaint"


def test_an_edit_by_this_engine_over_the_wire(tmp_path, original_folder):
    home = tmp_path / "home"
    shutil.copytree(original_folder, home / "models" / "ace-step-1.5-turbo")
    song = wav_of(made_song(7.03, 44_100), tmp_path / "song.wav")
    with running(home) as service, service.api() as api:
        ticket = api.post("/api/v3/media/uploads", json={"filename": song.name}).json()["data"]
        upload = ticket["upload"]
        api.put(upload["url"], content=song.read_bytes(), headers=upload["headers"]).raise_for_status()
        body = {
            "audio": ticket["download_url"], "tags": "lofi, chill piano", "lyrics": "[inst]", "seed": 7,
            "start_time": 2, "end_time": 4.5, "enable_sync_mode": True,
        }  # fmt: skip
        task = api.post(SUBMIT, json=body).json()["data"]
        assert task["status"] == "completed", task["error"]
        check_edit(api.get(task["outputs"][0]).content, song, 2, 4.5)
        report = task["punchin"]
        assert report["engine"] == "ace-step"
        (take,) = report["takes"]
        assert take["proof"]["identical"] is True
        (receipt,) = api.get(f"/v1/jobs/{task['id']}/receipts").json()["receipts"]
        details = receipt["punches"][0]["details"]
        assert details["layout"] == "original"
        assert details["sheets"] == ["# Languages\nen\n\n# Lyric\n[Instrumental]<|endoftext|>"]
        missing = api.post(SUBMIT.replace("ace-step", "ace-step-base"), json=body).json()
        assert missing["data"] is None
        assert "punchin models pull ace-step-1.5-base" in missing["message"]

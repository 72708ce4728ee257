"""From the request to the sound through a real service, with the tiny model where a pulled one lies."""

import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("dbos")

from msgspec.structs import replace

from punchin.job import JobSpec, Position, RegionWish
from support.clients import check_edit
from support.running import running
from support.services import running_service
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


def test_jobs_of_a_worker_share_the_denoiser(tmp_path, original_folder):
    """Six jobs, three at once: whoever comes while the model is at work is filled with the others."""
    settings = {"engine": "ace-step", "batch": 3, "ace_step": "batch=3,precision=fp32", "devices": "cpu"}
    shutil.copytree(original_folder, tmp_path / "models" / "ace-step-1.5-turbo")
    with running_service(tmp_path, **settings) as service:
        audio = service.upload(duration_s=7.0, rate_hz=16_000)
        wish = RegionWish(start=Position(2.0), end=Position(5.0), tags=("lofi",))
        spec = JobSpec(model="punchin/ace-step/audio-inpaint", engine="auto", audio=audio, edits=(wish,))
        ids = [
            service.submit(replace(spec, edits=(replace(wish, seed=seed, lyrics="la " * seed),)))
            for seed in range(1, 7)
        ]
        service.start("worker", "--slot", "0")
        jobs = service.wait_for_end(ids, limit_s=600)
        assert [job.failure for job in jobs] == [None] * 6
        assert all(map(service.whole, jobs))
        takes = [job.result.report["takes"][0] for job in jobs]
        assert all(take["proof"]["identical"] for take in takes)
        details = [take["receipt"]["punches"][0]["details"] for take in takes]
        assert [each["sheets"][0].count("la") for each in details] == [1, 2, 3, 4, 5, 6], "each its own words"
        together = [each for each in details if each.get("jobs_at_once", 1) > 1]
        assert len(together) >= 2
        assert {each["takes_at_once"] for each in together} <= {2, 3}
        assert all(each["takes_at_once"] == 1 for each in details if each not in together)
        assert service.store.usage_stats(service.key_id).seconds == pytest.approx(6 * 3)

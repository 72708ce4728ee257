"""Pulling from a hub on loopback: whole models only, whatever the hub does."""

import hashlib
import shutil
from pathlib import Path

import pytest

from punchin.engines.ace_step.catalogue import BASE, TURBO
from punchin.engines.ace_step.weights import Package, look, pull
from punchin.engines.ace_step.weights.manifest import Manifest
from punchin.engines.ace_step.weights.packages import CHECKPOINT, NETWORK, TEXTS, Shipment
from punchin.errors import Cancelled, EngineUnavailable, OutputError
from support.hub import COMMIT, REPO, HubStandIn, paper_model

constants = pytest.importorskip("huggingface_hub.constants")

WEIGHTS = "acestep-v15-turbo/model.safetensors"


@pytest.fixture(autouse=True)
def hub_of_its_own(monkeypatch, tmp_path):
    """The library's cache is empty, and nothing of this machine's settings is used."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def hub(tmp_path):
    with HubStandIn(paper_model(tmp_path / "repo")) as stand_in:
        yield stand_in


def package_of(checkpoint="acestep-v15-turbo", **known):
    common = {"repo": REPO, "revision": COMMIT}
    return Package(
        (
            Shipment(**common, folder=checkpoint, place=checkpoint, names=CHECKPOINT, sha256=known),
            Shipment(**common, folder="vae", place="vae", names=NETWORK),
            Shipment(
                **common, folder="Qwen3-Embedding-0.6B", place="Qwen3-Embedding-0.6B", names=TEXTS
            ),
        ),
        400_000,
    )  # fmt: skip


def pulled(hub, models, model=TURBO, **more):
    more = {"package": package_of(model.checkpoint), "sleep": lambda seconds: None} | more
    return pull(model, models, endpoint=hub.endpoint, **more)


def inside(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def sha_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_only_what_is_needed_arrives_and_every_byte_is_right(hub, tmp_path):
    done = pulled(hub, tmp_path / "models")
    names = inside(done.folder)
    assert names == sorted(
        [
            "acestep-v15-turbo/config.json", WEIGHTS, "acestep-v15-turbo/silence_latent.pt",
            "vae/config.json", "vae/diffusion_pytorch_model.safetensors", "Qwen3-Embedding-0.6B/config.json",
            "Qwen3-Embedding-0.6B/model.safetensors", "Qwen3-Embedding-0.6B/tokenizer.json",
            "punchin-model.json",
        ]
    )  # fmt: skip
    manifest = Manifest.read(done.folder)
    assert manifest.origin == [f"{REPO}@{COMMIT}"]
    for each in manifest.files:
        content = (hub.root / each.path).read_bytes()
        assert (done.folder / each.path).read_bytes() == content
        assert (each.bytes, each.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert look(TURBO, tmp_path / "models").state == "ready"
    assert [path.name for path in (tmp_path / "models").iterdir() if not path.name.startswith(".")] == [
        "ace-step-1.5-turbo"
    ]


def test_a_second_pull_asks_nobody(hub, tmp_path):
    pulled(hub, tmp_path / "models")
    hub.asked.clear()
    assert pulled(hub, tmp_path / "models").fetched == 0
    assert hub.asked == []


def test_progress_rises_to_1(hub, tmp_path):
    seen = []
    pulled(hub, tmp_path / "models", progress=lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)


def test_the_library_itself_takes_the_stand_in_for_a_hub(hub, tmp_path):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    path = huggingface_hub.hf_hub_download(
        REPO, WEIGHTS, revision=COMMIT, endpoint=hub.endpoint, local_dir=tmp_path / "own"
    )
    assert sha_of(Path(path)) == sha_of(hub.root / WEIGHTS)


def test_a_connection_that_breaks_is_gone_on_with(hub, tmp_path):
    hub.break_at[WEIGHTS] = [100_000, 200_000]
    waits = []
    done = pulled(hub, tmp_path / "models", sleep=waits.append)
    assert sha_of(done.folder / WEIGHTS) == sha_of(hub.root / WEIGHTS)
    assert hub.sent[WEIGHTS] == (hub.root / WEIGHTS).stat().st_size, "no byte was fetched twice"
    assert [asked for _, name, asked in hub.asked if name == WEIGHTS and asked][::2] == [
        "bytes=100000-", "bytes=200000-"
    ]  # fmt: skip
    assert waits == [1, 1]


def test_what_was_fetched_before_it_was_stopped_is_kept(hub, tmp_path):
    models = tmp_path / "models"
    hub.break_at[WEIGHTS] = [100_000] * 50
    with pytest.raises(
        EngineUnavailable, match=r"broke off 5 times at byte 100000 of .* pull again to go on"
    ):
        pulled(hub, models)
    assert look(TURBO, models).state == "unfinished"
    assert not (models / TURBO.name).exists()
    hub.break_at.clear()
    done = pulled(hub, models)
    assert hub.sent[WEIGHTS] == (hub.root / WEIGHTS).stat().st_size
    assert sha_of(done.folder / WEIGHTS) == sha_of(hub.root / WEIGHTS)


def test_a_cancelled_pull_leaves_no_model_and_goes_on_later(hub, tmp_path):
    models = tmp_path / "models"

    def stop(stage, fraction):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        pulled(hub, models, progress=stop)
    assert look(TURBO, models).state == "unfinished"
    pulled(hub, models)
    assert look(TURBO, models).state == "ready"


def test_a_hub_that_cannot_go_on_in_the_middle_begins_anew(hub, tmp_path):
    hub.ranges = False
    hub.break_at[WEIGHTS] = [100_000]
    seen = []
    done = pulled(hub, tmp_path / "models", progress=lambda stage, fraction: seen.append(fraction))
    assert sha_of(done.folder / WEIGHTS) == sha_of(hub.root / WEIGHTS)
    assert seen == sorted(seen)


@pytest.mark.parametrize("name", [WEIGHTS, "acestep-v15-turbo/silence_latent.pt", "vae/config.json"])
def test_a_damaged_file_is_refused_thrown_away_and_fetched_anew(hub, tmp_path, name):
    models = tmp_path / "models"
    hub.damaged.add(name)
    with pytest.raises(EngineUnavailable, match=rf"{name} of .* arrived damaged: .*pull again"):
        pulled(hub, models)
    assert not (models / TURBO.name).exists()
    hub.damaged.clear()
    assert sha_of(pulled(hub, models).folder / name) == sha_of(hub.root / name)


def test_a_hub_that_offers_other_weights_than_were_published_is_refused(hub, tmp_path):
    known = {"model.safetensors": "0" * 64}
    with pytest.raises(EngineUnavailable, match=r"offers another .*model.safetensors .*check HF_ENDPOINT"):
        pulled(hub, tmp_path / "models", package=package_of(**known))
    assert hub.asked == []


def test_the_disk_is_looked_at_first_and_the_numbers_are_named(hub, tmp_path):
    models = tmp_path / "models"
    with pytest.raises(
        OutputError, match=r"needs 0.00 GB more in .* and 0.5 GB to spare, but 0.40 GB are free"
    ):
        pulled(hub, models, free_bytes=lambda folder: 400_000_000)
    assert hub.asked == []
    pulled(hub, models, free_bytes=lambda folder: 501_000_000)


def test_what_is_there_already_needs_no_room(hub, tmp_path):
    models = tmp_path / "models"
    hub.break_at[WEIGHTS] = [299_000] * 50
    with pytest.raises(EngineUnavailable):
        pulled(hub, models)
    hub.break_at.clear()
    pulled(hub, models, free_bytes=lambda folder: 500_000_000 + 100_000)


@pytest.mark.parametrize(("status", "says"), [(404, "has no"), (403, "has no"), (503, "broke off 5 times")])
def test_a_file_that_is_refused(hub, tmp_path, status, says):
    hub.refused[WEIGHTS] = status
    with pytest.raises(EngineUnavailable, match=says):
        pulled(hub, tmp_path / "models")


def test_a_repository_that_is_not_there_names_the_cure(hub, tmp_path):
    hub.repo = "maker/other"
    with pytest.raises(EngineUnavailable, match=r"has no maker/paper at revision .* HF_ENDPOINT.*--from"):
        pulled(hub, tmp_path / "models")


def test_a_hub_that_is_not_reached_names_the_cure(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"127.0.0.1:9 cannot be reached .*HF_ENDPOINT.*--from"):
        pull(TURBO, tmp_path, endpoint="http://127.0.0.1:9")


def test_a_repository_without_all_files_gives_no_model(hub, tmp_path):
    (hub.root / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(
        EngineUnavailable, match=r"does not hold all of ace-step-1.5-turbo: .*vae.* is missing"
    ):
        pulled(hub, tmp_path / "models")
    assert look(TURBO, tmp_path / "models").state == "unfinished"


def test_offline_nothing_is_asked_and_the_cure_is_named(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EngineUnavailable, match=r"HF_HUB_OFFLINE is set and .* unset it, or .*--from"):
        pulled(hub, tmp_path / "models")
    assert hub.asked == []


def in_cache(hub, tmp_path):
    """What another program that uses the hub leaves on the machine."""
    repo = tmp_path / "cache" / "models--maker--paper"
    shutil.copytree(hub.root, repo / "snapshots" / COMMIT)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    return repo / "snapshots" / COMMIT


def test_offline_the_cache_is_enough(hub, tmp_path, monkeypatch):
    in_cache(hub, tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    done = pulled(hub, tmp_path / "models")
    assert hub.asked == []
    assert sha_of(done.folder / WEIGHTS) == sha_of(hub.root / WEIGHTS)


def test_what_the_cache_holds_is_not_fetched_unless_it_is_damaged(hub, tmp_path):
    snapshot = in_cache(hub, tmp_path)
    content = (snapshot / WEIGHTS).read_bytes()
    (snapshot / WEIGHTS).write_bytes(content[:-1] + b"?")
    done = pulled(hub, tmp_path / "models")
    assert {name for _, name, _ in hub.asked} == {WEIGHTS}
    assert sha_of(done.folder / WEIGHTS) == sha_of(hub.root / WEIGHTS)


def test_models_share_what_they_have_in_common(hub, tmp_path):
    models = tmp_path / "models"
    turbo = pulled(hub, models)
    paper_model(hub.root, BASE.checkpoint, turbo=False)
    hub.asked.clear()
    base = pulled(hub, models, BASE)
    shared = "vae/diffusion_pytorch_model.safetensors"
    assert shared not in {name for _, name, _ in hub.asked}
    assert (base.folder / shared).samefile(turbo.folder / shared)
    assert look(BASE, models).state == "ready"


def test_again_mends_what_is_damaged_and_fetches_nothing_else(hub, tmp_path):
    models = tmp_path / "models"
    folder = pulled(hub, models).folder
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:-1] + b"?")
    hub.asked.clear()
    pulled(hub, models, again=True)
    large = {name for _, name, _ in hub.asked if name.endswith((".safetensors", ".pt"))}
    assert large == {WEIGHTS}
    assert (folder / WEIGHTS).read_bytes() == whole


def test_a_broken_model_is_mended_by_a_pull(hub, tmp_path):
    models = tmp_path / "models"
    folder = pulled(hub, models).folder
    (folder / WEIGHTS).unlink()
    assert look(TURBO, models).state == "broken"
    pulled(hub, models)
    assert look(TURBO, models).state == "ready"


def test_two_pulls_of_one_model_do_not_meet(hub, tmp_path):
    models = tmp_path / "models"
    messages = []

    def meddle(stage, fraction):
        if not messages:
            with pytest.raises(EngineUnavailable) as refused:
                pulled(hub, models)
            messages.append(str(refused.value))

    pulled(hub, models, progress=meddle)
    assert "another pull" in messages[0]


@pytest.mark.slow
def test_half_a_pull_never_loads(original_folder, tmp_path):
    from punchin.engines.ace_step import AceStepEngine

    models = tmp_path / "models"
    with HubStandIn(original_folder) as hub:
        hub.damaged.add("vae/diffusion_pytorch_model.safetensors")
        with pytest.raises(EngineUnavailable, match="arrived damaged"):
            pulled(hub, models)
    assert look(TURBO, models).state == "unfinished"
    with pytest.raises(EngineUnavailable, match="punchin models pull ace-step-1"):
        AceStepEngine(TURBO, models / TURBO.name).load()


@pytest.mark.slow
def test_a_pulled_model_loads_and_fills(original_folder, tmp_path):
    from punchin.edits import Edit
    from punchin.engine import no_progress
    from punchin.engines.ace_step import AceStepEngine, RigOptions
    from punchin.region import Frames, Region
    from support.songs import made_song

    with HubStandIn(original_folder) as hub:
        done = pulled(hub, tmp_path / "models")
    engine = AceStepEngine(TURBO, done.folder, RigOptions(device="cpu", precision="fp32"))
    window = made_song(6.0, 48_000)
    edit = Edit(region=Region.parse(2, 4), seed=1)
    assert engine.fill(window, Frames(96_000, 192_000), edit, no_progress).song.frames == 96_000

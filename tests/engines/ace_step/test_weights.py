"""What is on the shelf: looked at, checked, adopted from folders, removed; without torch or a hub."""

import errno
import json
import sys
from pathlib import Path

import pytest

from punchin.engines.ace_step.catalogue import BASE, MODELS, TURBO
from punchin.engines.ace_step.weights import PACKAGES, adopt, check, find_model, look, pull, remove
from punchin.engines.ace_step.weights.manifest import MANIFEST, Manifest, safetensors_fault
from punchin.errors import Cancelled, EngineUnavailable, OutputError, UnknownEngine
from support.hub import CONFIG, paper_model, paper_weights

WEIGHTS = "acestep-v15-turbo/model.safetensors"


@pytest.fixture
def source(tmp_path):
    return paper_model(tmp_path / "source")


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def shelved(source, models):
    return adopt(TURBO, source, models).folder


def faults_of(folder, model=TURBO):
    return [str(fault) for fault in check(model, folder)]


def test_names_are_found_by_model_and_by_engine():
    assert find_model("ace-step-1.5-base") is find_model("ace-step-base") is BASE
    with pytest.raises(UnknownEngine, match=r"did you mean 'ace-step-1.5-turbo'"):
        find_model("ace-step-1.5-trubo")


def test_nothing_is_there_at_first(models):
    found = look(TURBO, models)
    assert (found.state, found.bytes, found.cure) == ("absent", 0, "punchin models pull ace-step-1.5-turbo")


def test_a_folder_is_adopted_by_link_and_only_what_is_needed(source, models):
    done = adopt(TURBO, source, models)
    assert (done.folder / WEIGHTS).samefile(source / WEIGHTS)
    assert done.fetched == 0
    assert not (done.folder / "acestep-v15-turbo" / "modeling.py").exists()
    assert not (done.folder / "planner-1.7B").exists()
    assert (done.folder / "Qwen3-Embedding-0.6B" / "tokenizer.json").is_file()
    assert any("is not the file that was published" in note for note in done.notes)
    assert look(TURBO, models).state == "ready"
    assert check(TURBO, done.folder) == []


def test_the_checkpoint_itself_may_be_named(source, models):
    assert adopt(TURBO, source / "acestep-v15-turbo", models).folder.is_dir()


def test_what_is_adopted_outlives_its_folder(source, models):
    done = adopt(TURBO, source, models)
    for path in sorted(source.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert check(TURBO, done.folder) == []


def refuse_links(monkeypatch):
    def refuse(self, target):
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(Path, "hardlink_to", refuse)


def test_from_another_disk_it_is_copied(source, models, monkeypatch):
    refuse_links(monkeypatch)
    done = adopt(TURBO, source, models)
    assert not (done.folder / WEIGHTS).samefile(source / WEIGHTS)
    assert check(TURBO, done.folder) == []
    assert done.fetched == done.bytes > 390_000


def test_a_copy_needs_room(source, models, monkeypatch):
    refuse_links(monkeypatch)
    with pytest.raises(OutputError, match=r"0.01 GB are free"):
        adopt(TURBO, source, models, free_bytes=lambda folder: 10_000_000)
    assert look(TURBO, models).state == "absent"


def test_a_cancelled_adoption_leaves_nothing(source, models):
    def stop(stage, fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        adopt(TURBO, source, models, progress=stop)
    assert list(models.iterdir()) == []


def test_half_a_file_is_not_adopted_and_is_named(source, models):
    content = (source / WEIGHTS).read_bytes()
    (source / WEIGHTS).write_bytes(content[:-1000])
    with pytest.raises(EngineUnavailable, match=rf"{WEIGHTS} has 299078 bytes and must have 300078.*pull"):
        adopt(TURBO, source, models)
    assert look(TURBO, models).state == "absent"


@pytest.mark.parametrize("missing", ["vae/diffusion_pytorch_model.safetensors", WEIGHTS])
def test_a_folder_without_a_file_names_it_and_the_cure(source, models, missing):
    (source / missing).unlink()
    with pytest.raises(EngineUnavailable, match=rf"{missing} is missing.*punchin models pull"):
        adopt(TURBO, source, models)


def test_a_folder_of_something_else_names_both_layouts(models, tmp_path):
    (tmp_path / "music").mkdir()
    with pytest.raises(EngineUnavailable, match=r"model_index.json.*acestep-v15-turbo/config.json"):
        adopt(TURBO, tmp_path / "music", models)
    with pytest.raises(EngineUnavailable, match=r"there is no folder .*nowhere; give the one that holds"):
        adopt(TURBO, tmp_path / "nowhere", models)


def test_turbo_is_not_adopted_as_base(tmp_path, models):
    source = paper_model(tmp_path / "base", BASE.checkpoint, turbo=True)
    with pytest.raises(EngineUnavailable, match=r"is of a turbo model, so this is not ace-step-1.5-base"):
        adopt(BASE, source, models)


def test_its_own_folder_is_not_adopted(shelved, models):
    with pytest.raises(EngineUnavailable, match=r"where ace-step-1.5-turbo belongs already"):
        adopt(TURBO, shelved, models)
    assert check(TURBO, shelved) == []


def test_check_names_the_file_and_what_is_wrong(shelved):
    config, vae = shelved / "vae" / "config.json", shelved / "vae" / "diffusion_pytorch_model.safetensors"
    config.unlink()
    vae.unlink()
    vae.write_bytes(b"short")
    found = faults_of(shelved)
    assert "vae/config.json is missing" in found
    assert any(fault.startswith("vae/diffusion_pytorch_model.safetensors has 5 bytes and") for fault in found)


def test_one_changed_byte_is_found_by_check_and_not_by_a_look(shelved, models):
    content = bytearray((shelved / WEIGHTS).read_bytes())
    content[-7] ^= 1
    (shelved / WEIGHTS).unlink()
    (shelved / WEIGHTS).write_bytes(content)
    assert look(TURBO, models).state == "ready"
    assert len(faults_of(shelved)) == 1
    assert faults_of(shelved)[0].startswith(f"{WEIGHTS} is damaged: its SHA-256 is")


def test_a_manifest_that_cannot_be_read_is_a_fault(shelved, models):
    (shelved / MANIFEST).write_text("{")
    assert faults_of(shelved) == [f"{MANIFEST} cannot be read"]
    assert look(TURBO, models).state == "broken"


def test_a_folder_that_was_filled_by_hand_is_checked_by_its_shape(source):
    assert faults_of(source) == []
    (source / WEIGHTS).write_bytes(b"")
    assert faults_of(source) == [f"{WEIGHTS} is empty"]
    (source / WEIGHTS).unlink()
    assert "model.safetensors is missing" in faults_of(source)[0]


def test_checking_shows_how_far_it_is(shelved):
    seen = []
    check(TURBO, shelved, lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_what_was_filled_by_hand_is_never_replaced(source, models):
    own = paper_model(models / TURBO.name)
    (own / "vae" / "config.json").unlink()
    assert look(TURBO, models).state == "broken"
    for fetch in (lambda: adopt(TURBO, source, models), lambda: pull(TURBO, models)):
        with pytest.raises(EngineUnavailable, match=r"filled by hand .*punchin models remove"):
            fetch()
    assert (own / WEIGHTS).is_file()


def test_adopting_again_replaces_what_was_adopted(shelved, source, models):
    (source / "vae" / "config.json").write_text('{"a": 1}')
    assert check(TURBO, shelved) == [], "what was adopted does not change with its source"
    adopt(TURBO, source, models)
    assert (shelved / "vae" / "config.json").read_text() == '{"a": 1}'
    assert check(TURBO, shelved) == []


def test_remove_says_what_it_freed(source, models):
    adopt(TURBO, source, models)
    shared = remove(TURBO, models)
    assert shared < 2000, "only the manifest: the weights are still held by their old folder"
    assert list(models.iterdir()) == []
    assert (source / WEIGHTS).is_file()
    with pytest.raises(EngineUnavailable, match="is not in"):
        remove(TURBO, models)


def test_remove_takes_what_is_left_of_a_pull(models):
    part = models / f"{TURBO.name}.part"
    part.mkdir(parents=True)
    (part / "x.incomplete").write_bytes(bytes(5000))
    assert (look(TURBO, models).state, look(TURBO, models).bytes) == ("unfinished", 5000)
    assert remove(TURBO, models) == 5000
    assert look(TURBO, models).state == "absent"


def test_of_a_linked_folder_only_the_link_is_removed(source, models):
    models.mkdir()
    (models / TURBO.name).symlink_to(source)
    assert look(TURBO, models).state == "ready"
    assert remove(TURBO, models) == 0
    assert (source / WEIGHTS).is_file()


def test_the_manifest_goes_through_its_file(shelved):
    manifest = Manifest.read(shelved)
    assert manifest.name == TURBO.name
    assert json.loads((shelved / MANIFEST).read_text())["files"][0].keys() == {"path", "bytes", "sha256"}
    assert Manifest.read(shelved / "vae") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"1234567", (10**12).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"[]", b"x" * 100,
     (2).to_bytes(8, "little") + b"{}" + b"more"],
)  # fmt: skip
def test_what_is_no_whole_safetensors_file(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert safetensors_fault(path)
    path.write_bytes(paper_weights(1000, 0))
    assert safetensors_fault(path) == ""


def test_the_diffusers_layout_is_adopted_too(tmp_path, models):
    source = tmp_path / "diffusers"
    for part in ("transformer", "condition_encoder", "vae"):
        (source / part).mkdir(parents=True)
        (source / part / "config.json").write_text(json.dumps(CONFIG))
        (source / part / "diffusion_pytorch_model.safetensors").write_bytes(paper_weights(100, 5))
        (source / part / "diffusion_pytorch_model.fp16.safetensors").write_bytes(paper_weights(50, 5))
    for part in ("text_encoder", "tokenizer", "audio_tokenizer"):
        (source / part).mkdir()
        (source / part / "config.json").write_text("{}")
        (source / part / "model.safetensors").write_bytes(paper_weights(100, 5))
    (source / "model_index.json").write_text("{}")
    done = adopt(TURBO, source, models)
    names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    assert "model_index.json" in names
    assert "tokenizer/config.json" in names
    assert not [name for name in names if "fp16" in name or "audio_tokenizer" in name]
    assert check(TURBO, done.folder) == []


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'punchin\[ace-step\]'"):
        pull(TURBO, tmp_path / "models")


def test_every_model_has_a_package_with_pinned_revisions():
    assert PACKAGES.keys() == MODELS.keys()
    for name, package in PACKAGES.items():
        assert [each.place for each in package.shipments] == [
            MODELS[name].checkpoint, "vae", "Qwen3-Embedding-0.6B"
        ]  # fmt: skip
        for each in package.shipments:
            assert len(bytes.fromhex(each.revision)) == 20
            assert all(len(bytes.fromhex(sha)) == 32 for sha in each.sha256.values())

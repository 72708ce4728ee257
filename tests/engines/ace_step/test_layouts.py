"""Files of both layouts, whole and broken; both give the same networks."""

import json
import shutil

import pytest

from punchin.engines.ace_step import AceStepEngine, RigOptions
from punchin.engines.ace_step.catalogue import BASE, MODELS
from punchin.engines.ace_step.layouts import find_checkpoint, renamed
from punchin.errors import EngineUnavailable

TURBO_FOLDER = "acestep-v15-turbo"


@pytest.fixture
def copied(turbo_folder, tmp_path):
    return shutil.copytree(turbo_folder, tmp_path / "copy")


@pytest.fixture
def copied_original(original_folder, tmp_path):
    return shutil.copytree(original_folder, tmp_path / "copy")


def load(folder, **arguments):
    AceStepEngine(folder=folder, options=RigOptions(device="cpu", precision="fp32"), **arguments).load()


def test_names_of_the_original_layout():
    assert renamed("decoder.layers.3.self_attn.q_proj.weight") == (
        "transformer", "layers.3.self_attn.to_q.weight"
    )  # fmt: skip
    assert renamed("decoder.layers.0.cross_attn.o_proj.weight") == (
        "transformer", "layers.0.cross_attn.to_out.0.weight"
    )  # fmt: skip
    assert renamed("decoder.proj_in.1.bias") == ("transformer", "proj_in_conv.bias")
    assert renamed("encoder.lyric_encoder.layers.0.self_attn.k_norm.weight") == (
        "condition_encoder", "lyric_encoder.layers.0.self_attn.norm_k.weight"
    )  # fmt: skip
    assert renamed("null_condition_emb") == ("condition_encoder", "null_condition_emb")
    assert renamed("tokenizer.quantizer.project_in.weight") is None


def test_every_model_has_its_own_name_engine_and_folder():
    models = MODELS.values()
    assert len({m.engine for m in models}) == len({m.checkpoint for m in models}) == len(MODELS) == 4


def test_both_layouts_are_found(turbo_folder, original_folder):
    assert find_checkpoint(turbo_folder, TURBO_FOLDER).layout == "diffusers"
    assert find_checkpoint(original_folder, TURBO_FOLDER).layout == "original"
    assert find_checkpoint(original_folder / TURBO_FOLDER, TURBO_FOLDER).layout == "original"


def test_both_layouts_hold_the_same_networks(turbo_folder, original_folder):
    torch = pytest.importorskip("torch")
    from punchin.engines.ace_step.loading import load_networks

    ours, theirs = (
        load_networks(find_checkpoint(folder, TURBO_FOLDER), torch.float32)
        for folder in (turbo_folder, original_folder)
    )
    for name in ("transformer", "condition_encoder", "text_encoder", "vae"):
        one, other = getattr(ours, name).state_dict(), getattr(theirs, name).state_dict()
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
        assert all(weight.data_ptr() % 16 == 0 for weight in one.values())


def test_xl_has_an_encoder_narrower_than_its_transformer(tmp_path):
    """The published sizes: 2560 wide with 32 layers, fed by the 2048 wide encoder of the smaller models."""
    checkpoint = "acestep-v15-xl-turbo"
    config = {
        "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "in_channels": 192, "audio_acoustic_hidden_dim": 64, "patch_size": 2,
        "layer_types": ["sliding_attention", "full_attention"] * 16, "head_dim": 128, "rope_theta": 1_000_000,
        "attention_bias": False, "attention_dropout": 0.0, "rms_norm_eps": 1e-6, "sliding_window": 128,
        "text_hidden_dim": 1024, "timbre_hidden_dim": 64, "num_lyric_encoder_hidden_layers": 8,
        "num_timbre_encoder_hidden_layers": 4, "is_turbo": True, "encoder_hidden_size": 2048,
        "encoder_intermediate_size": 6144, "encoder_num_attention_heads": 16,
        "encoder_num_key_value_heads": 8,
    }  # fmt: skip
    for name in (checkpoint, "vae", "Qwen3-Embedding-0.6B"):
        (tmp_path / name).mkdir()
    (tmp_path / checkpoint / "config.json").write_text(json.dumps(config))
    (tmp_path / "vae" / "config.json").write_text('{"_class_name": "AutoencoderOobleck"}')
    for name in (
        f"{checkpoint}/model.safetensors", f"{checkpoint}/silence_latent.pt",
        "vae/diffusion_pytorch_model.safetensors", "Qwen3-Embedding-0.6B/model.safetensors",
    ):  # fmt: skip
        (tmp_path / name).touch()
    found = find_checkpoint(tmp_path, checkpoint)
    assert (found.transformer.config["hidden_size"], found.transformer.config["encoder_hidden_size"]) == (
        2560, 2048
    )  # fmt: skip
    encoder = found.condition_encoder.config
    assert (encoder["hidden_size"], encoder["intermediate_size"]) == (2048, 6144)
    assert (encoder["num_attention_heads"], encoder["num_key_value_heads"]) == (16, 8)
    assert found.vae.config == {}
    assert len(found.weights) == 4


def test_an_empty_folder_names_both_layouts(tmp_path, tiny):
    with pytest.raises(EngineUnavailable, match=r"model_index\.json.*acestep-v15-turbo/config\.json"):
        load(tmp_path)


def test_a_folder_that_is_not_there_names_the_command(tmp_path, tiny):
    with pytest.raises(EngineUnavailable, match=r"punchin models pull ace-step-1.5-turbo"):
        load(tmp_path / "nothing")


@pytest.mark.parametrize(
    "missing",
    [
        "transformer/diffusion_pytorch_model.safetensors", "condition_encoder/config.json",
        "vae/diffusion_pytorch_model.safetensors", "tokenizer", "text_encoder",
    ],
)  # fmt: skip
def test_a_missing_file_is_named_with_the_cure(copied, missing):
    gone = copied / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(EngineUnavailable, match=f"{missing} is missing.*punchin models pull"):
        load(copied)


@pytest.mark.parametrize("missing", ["vae", "Qwen3-Embedding-0.6B", f"{TURBO_FOLDER}/silence_latent.pt"])
def test_the_original_layout_needs_its_neighbours(copied_original, missing):
    gone = copied_original / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(EngineUnavailable, match=f"{missing} is missing"):
        load(copied_original)


@pytest.mark.parametrize(
    "file", ["transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"]
)
def test_half_a_file_never_loads(copied, file):
    whole = (copied / file).read_bytes()
    (copied / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineUnavailable, match="punchin models pull"):
        load(copied)


def test_half_a_file_of_silence_never_loads(copied_original):
    file = copied_original / TURBO_FOLDER / "silence_latent.pt"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(EngineUnavailable, match=r"silence_latent.pt is damaged"):
        load(copied_original)


def test_an_unreadable_configuration_is_named(copied):
    (copied / "transformer" / "config.json").write_text("{")
    with pytest.raises(EngineUnavailable, match=r"config.json cannot be read"):
        load(copied)


def test_weights_of_another_size_are_refused(copied):
    path = copied / "transformer" / "config.json"
    config = json.loads(path.read_text()) | {"intermediate_size": 96}
    path.write_text(json.dumps(config))
    with pytest.raises(EngineUnavailable, match="transformer of this model does not fit"):
        load(copied)


def test_weights_that_are_missing_are_refused(copied):
    path = copied / "transformer" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 3, "layer_types": None}))
    with pytest.raises(EngineUnavailable, match=r"weights are missing, such as layers.2"):
        load(copied)


def test_a_configuration_of_something_else_is_refused(copied_original):
    (copied_original / TURBO_FOLDER / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(EngineUnavailable, match=r"not of an ACE-Step 1.5 model"):
        load(copied_original)


def test_turbo_weights_are_not_taken_for_base(turbo_folder):
    with pytest.raises(EngineUnavailable, match=r"holds a turbo model, so it is not ace-step-1.5-base"):
        load(turbo_folder, model=BASE)


def test_sharded_weights_are_read(copied, turbo_folder):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    folder = copied / "transformer"
    single = folder / "diffusion_pytorch_model.safetensors"
    weights = load_file(single)
    single.unlink()
    names = sorted(weights)
    index = {}
    for number, part in enumerate((names[::2], names[1::2])):
        save_file({name: weights[name] for name in part}, folder / f"part{number}.safetensors")
        index |= dict.fromkeys(part, f"part{number}.safetensors")
    (folder / f"{single.name}.index.json").write_text(json.dumps({"weight_map": index}))
    from punchin.engines.ace_step.loading import load_networks

    read = load_networks(find_checkpoint(copied, TURBO_FOLDER), torch.float32)
    assert all(torch.equal(value, weights[name]) for name, value in read.transformer.state_dict().items())

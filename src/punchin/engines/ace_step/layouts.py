"""The two ways in which ACE-Step 1.5 is published, read as one.

    original     <checkpoint>/{config.json, model.safetensors, silence_latent.pt}, vae/, Qwen3-Embedding-0.6B/
    diffusers    model_index.json, transformer/, condition_encoder/, vae/, text_encoder/, tokenizer/

The original layout has transformer and condition encoder in one file under the names of its own code; they
are renamed while they are read, so no converted copy is needed. Names and configuration fields: the published
checkpoints and diffusers' scripts/convert_ace_step_to_diffusers.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORIGINAL_TEXT_ENCODER = "Qwen3-Embedding-0.6B"

_ATTENTION = (
    (".q_proj.", ".to_q."),
    (".k_proj.", ".to_k."),
    (".v_proj.", ".to_v."),
    (".o_proj.", ".to_out.0."),
    (".q_norm.", ".norm_q."),
    (".k_norm.", ".norm_k."),
)
_CONVOLUTIONS = (("proj_in.1.", "proj_in_conv."), ("proj_out.1.", "proj_out_conv."))

_SHARED_FIELDS = (
    "head_dim", "rope_theta", "attention_bias", "attention_dropout", "rms_norm_eps", "sliding_window",
)  # fmt: skip
_TRANSFORMER_FIELDS = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "in_channels", "audio_acoustic_hidden_dim", "patch_size", "layer_types",
)  # fmt: skip
_ENCODER_FIELDS = (
    "text_hidden_dim", "timbre_hidden_dim", "num_lyric_encoder_hidden_layers",
    "num_timbre_encoder_hidden_layers",
)  # fmt: skip
_SIZES = ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")


@dataclass(frozen=True, slots=True)
class Part:
    """One network: its configuration and the files that hold its weights."""

    config: Mapping[str, Any]
    weights: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All files of one model.

    Attributes:
        layout: "original" or "diffusers".
        transformer, condition_encoder, vae: ready for diffusers' classes, once names are `renamed`.
        text_encoder, tokenizer: folders for transformers.
        silence: the file with the latents of silence, where it is not among the weights.
    """

    layout: str
    transformer: Part
    condition_encoder: Part
    vae: Part
    text_encoder: Path
    tokenizer: Path
    silence: Path | None

    @property
    def weights(self) -> tuple[Path, ...]:
        """Every file with weights, once."""
        text = _weights(self.text_encoder, "model.safetensors")
        parts = (self.transformer, self.condition_encoder, self.vae)
        files = [*(file for part in parts for file in part.weights), *text]
        return tuple(dict.fromkeys([*files, self.silence] if self.silence else files))


def find_checkpoint(folder: Path, checkpoint: str) -> Checkpoint:
    """The files of a model in a folder, in whichever layout it has.

    Args:
        folder: with one of the two layouts; of the original one also the folder of the checkpoint itself,
            with `vae` and text encoder beside it.
        checkpoint: folder of the model in the original layout, "acestep-v15-turbo".

    Raises:
        EngineUnavailable: if something is missing; names it.
    """
    if (folder / "model_index.json").is_file():
        return _diffusers(folder)
    if (folder / checkpoint / "config.json").is_file():
        return _original(folder, folder / checkpoint)
    if folder.name == checkpoint and (folder / "config.json").is_file():
        return _original(folder.parent, folder)
    raise EngineUnavailable(
        f"{folder} holds no ACE-Step 1.5 model: neither model_index.json (diffusers layout) "
        f"nor {checkpoint}/config.json (original layout) is there"
    )


def renamed(name: str) -> tuple[str, str] | None:
    """Where a weight of the original layout belongs.

    Returns:
        (part, name in diffusers' class), or None for the audio tokenizers, which a repaint does not use.
    """
    if name == "null_condition_emb":
        return "condition_encoder", name
    owner, _, rest = name.partition(".")
    for old, new in _ATTENTION:
        rest = rest.replace(old, new)
    if owner == "encoder":
        return "condition_encoder", rest
    if owner != "decoder":
        return None
    for old, new in _CONVOLUTIONS:
        rest = rest.replace(old, new)
    return "transformer", rest


def _diffusers(folder: Path) -> Checkpoint:
    def part(name: str) -> Part:
        weights = _weights(folder / name, "diffusion_pytorch_model.safetensors")
        return Part(_class_fields(_json(folder / name / "config.json")), weights)

    for name in ("text_encoder", "tokenizer"):
        _need(folder / name)
    return Checkpoint(
        layout="diffusers",
        transformer=part("transformer"),
        condition_encoder=part("condition_encoder"),
        vae=part("vae"),
        text_encoder=folder / "text_encoder",
        tokenizer=folder / "tokenizer",
        silence=None,
    )


def _original(root: Path, checkpoint: Path) -> Checkpoint:
    config = _json(checkpoint / "config.json")
    weights = _weights(checkpoint, "model.safetensors")
    text_encoder, vae = _need(root / ORIGINAL_TEXT_ENCODER), _need(root / "vae")
    try:
        transformer, condition_encoder = _transformer_fields(config), _encoder_fields(config)
    except KeyError as error:
        raise EngineUnavailable(
            f"{checkpoint / 'config.json'} is not of an ACE-Step 1.5 model: it has no {error}"
        ) from error
    return Checkpoint(
        layout="original",
        transformer=Part(transformer, weights),
        condition_encoder=Part(condition_encoder, weights),
        vae=Part(
            _class_fields(_json(vae / "config.json")), _weights(vae, "diffusion_pytorch_model.safetensors")
        ),
        text_encoder=text_encoder,
        tokenizer=text_encoder,
        silence=_need(checkpoint / "silence_latent.pt"),
    )


def _transformer_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: config[name] for name in (*_TRANSFORMER_FIELDS, *_SHARED_FIELDS)}
    # XL has a condition encoder that is narrower than its transformer; the others do not name its sizes.
    fields["encoder_hidden_size"] = config.get("encoder_hidden_size", config["hidden_size"])
    fields["is_turbo"] = bool(config.get("is_turbo", False))
    fields["model_version"] = config.get("model_version")
    return fields


def _encoder_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: config[name] for name in (*_ENCODER_FIELDS, *_SHARED_FIELDS)}
    return fields | {name: config.get(f"encoder_{name}", config[name]) for name in _SIZES}


def _class_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration file of diffusers without what it says about itself."""
    return {name: value for name, value in config.items() if not name.startswith("_")}


def _weights(folder: Path, name: str) -> tuple[Path, ...]:
    """The weights of a folder: one file, or those that its index names."""
    index = folder / f"{name}.index.json"
    if not index.is_file():
        return (_need(folder / name),)
    names = cast("dict[str, str]", _json(index)["weight_map"])
    return tuple(_need(folder / shard) for shard in sorted(set(names.values())))


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(_need(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise EngineUnavailable(f"{path} cannot be read: {error}; fetch it again") from error


def _need(path: Path) -> Path:
    if not path.exists():
        raise EngineUnavailable(f"{path} is missing; the model is not complete")
    return path

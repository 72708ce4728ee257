"""From files to networks, without network, without a second copy in memory, and only if every weight fits."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.layouts import Checkpoint, Part, renamed
from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

diffusers: Any = import_module("diffusers")
ace_step_parts: Any = import_module("diffusers.pipelines.ace_step")
transformers: Any = import_module("transformers")
safetensors_torch: Any = import_module("safetensors.torch")
safetensors: Any = import_module("safetensors")

EDGE_BYTES = 1 << 20
"""How much of both ends of a weight file goes into the fingerprint."""


@dataclass(frozen=True, slots=True)
class Networks:
    """A loaded model, in evaluation mode.

    Attributes:
        transformer: diffusers' `AceStepTransformer1DModel`.
        condition_encoder: `AceStepConditionEncoder`, with the latents of silence as its buffer.
        text_encoder, tokenizer: Qwen3 and its tokenizer.
        vae: `AutoencoderOobleck` in float32, its weight norms folded in.
    """

    transformer: Any
    condition_encoder: Any
    text_encoder: Any
    tokenizer: Any
    vae: Any

    @property
    def turbo(self) -> bool:
        """Whether guidance is distilled into the weights."""
        config = self.transformer.config
        return bool(config.is_turbo) or config.model_version == "turbo"


def load_networks(checkpoint: Checkpoint, dtype: Any) -> Networks:
    """Read a model into memory.

    Args:
        checkpoint: its files.
        dtype: torch dtype of transformer and encoders; the autoencoder is read as float32.

    Raises:
        EngineUnavailable: if a file is damaged or the weights are of something else.
    """
    with _quiet():
        return Networks(
            transformer=_network("transformer", diffusers.AceStepTransformer1DModel, checkpoint, dtype),
            condition_encoder=_network(
                "condition_encoder", ace_step_parts.AceStepConditionEncoder, checkpoint, dtype
            ),
            text_encoder=_text_encoder(checkpoint.text_encoder, dtype),
            tokenizer=_tokenizer(checkpoint.tokenizer),
            vae=_vae(checkpoint),
        )


def fingerprint(checkpoint: Checkpoint) -> str:
    """A short name of these weights: size and both ends of every file; not a proof of integrity."""
    digest = hashlib.blake2b(digest_size=8)
    for path in checkpoint.weights:
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            digest.update(file.read(EDGE_BYTES))
            file.seek(max(0, size - EDGE_BYTES))
            digest.update(file.read(EDGE_BYTES))
    return digest.hexdigest()


def _network(name: str, factory: Callable[..., Any], checkpoint: Checkpoint, dtype: Any) -> Any:
    part: Part = getattr(checkpoint, name)
    network = _empty(factory, part.config)
    if checkpoint.layout == "original" and name != "vae":
        weights = _read(part.weights, dtype, lambda key: _name_in(name, key))
        if name == "condition_encoder" and checkpoint.silence:
            weights["silence_latent"] = _silence(checkpoint.silence, dtype)
    else:
        weights = _read(part.weights, dtype, lambda key: key)
    _fill(network, weights, name)
    return network.eval().requires_grad_(requires_grad=False)


def _vae(checkpoint: Checkpoint) -> Any:
    vae = _network("vae", diffusers.AutoencoderOobleck, checkpoint, torch.float32)
    # diffusers' classes use the old weight norm, which computes each weight anew in every call.
    for module in vae.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    return vae.requires_grad_(requires_grad=False)


def _name_in(part: str, key: str) -> str | None:
    place = renamed(key)
    return place[1] if place and place[0] == part else None


def _empty(factory: Callable[..., Any], config: Mapping[str, Any]) -> Any:
    """A network without memory for its weights."""
    try:
        with torch.device("meta"):
            return factory(**config)
    except (TypeError, ValueError) as error:
        raise EngineUnavailable(f"the configuration of this model is not understood: {error}") from error


def _read(files: tuple[Path, ...], dtype: Any, rename: Callable[[str], str | None]) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for path in files:
        try:
            with safetensors.safe_open(str(path), framework="pt") as file:
                for key in file.keys():  # noqa: SIM118 - not a mapping
                    name = rename(key)
                    if name is not None:
                        weights[name] = _aligned(file.get_tensor(key).to(dtype))
        except (safetensors.SafetensorError, OSError) as error:
            raise EngineUnavailable(f"{path} is damaged or not complete ({error}); fetch it again") from error
    return weights


def _aligned(tensor: Tensor) -> Tensor:
    """A copy in memory of torch's own.

    Files are mapped, so a weight begins wherever its file has it, and the order of sums inside a product
    depends on that: without the copy the two layouts of one model differ in the last bits.
    """
    return tensor.clone(memory_format=torch.contiguous_format)


def _silence(path: Path, dtype: Any) -> Tensor:
    """The latents of silence `[1, T, D]`; the file has `[1, D, T]`."""
    try:
        stored = torch.load(str(path), map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, ValueError, EOFError) as error:
        raise EngineUnavailable(f"{path} is damaged or not complete ({error}); fetch it again") from error
    return stored.transpose(1, 2).to(dtype).contiguous()


def _fill(network: Any, weights: Mapping[str, Tensor], name: str) -> None:
    expected = network.state_dict()
    missing, strange = sorted(expected.keys() - weights.keys()), sorted(weights.keys() - expected.keys())
    if missing or strange:
        what = f"{len(missing)} weights are missing" if missing else f"{len(strange)} weights are not known"
        raise EngineUnavailable(
            f"the {name} of this model does not fit: {what}, such as {(missing or strange)[0]}"
        )
    for key, wanted in expected.items():
        if wanted.shape != weights[key].shape:
            raise EngineUnavailable(
                f"the {name} of this model does not fit: {key} is {list(weights[key].shape)}, "
                f"its configuration says {list(wanted.shape)}"
            )
    network.load_state_dict(weights, strict=True, assign=True)


def _text_encoder(folder: Path, dtype: Any) -> Any:
    try:
        encoder, report = transformers.Qwen3Model.from_pretrained(
            str(folder), dtype=dtype, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise EngineUnavailable(f"the text encoder in {folder} cannot be read: {error}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        lost = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise EngineUnavailable(f"the text encoder in {folder} is not Qwen3-Embedding: no {lost[0]}")
    for weight in encoder.parameters():
        weight.data = _aligned(weight.data)
    return encoder.eval().requires_grad_(requires_grad=False)


def _tokenizer(folder: Path) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(f"the tokenizer in {folder} cannot be read: {error}") from error


@contextmanager
def _quiet() -> Generator[None]:
    """Without progress bars and without warnings about things that only the libraries can change."""
    logging = transformers.utils.logging
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        if bars:
            logging.enable_progress_bar()

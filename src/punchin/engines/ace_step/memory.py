"""How much memory an edit will take, before it is begun.

Every term is a size that can be counted (weights, attention mask, one tile of the autoencoder); the factors
of the working memory were measured on the full-size networks with random weights, see docs/ace-step.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from punchin.engines.ace_step.catalogue import ENCODERS_PARAMETERS, VAE_PARAMETERS, Model
from punchin.engines.ace_step.tiles import DECODE_MARGIN, DECODE_TILE
from punchin.engines.ace_step.window import LATENTS_PER_S, PAIR
from punchin.errors import EngineOutOfMemory

TILE_BYTES_PER_S = 0.16e9
"""Working memory of the autoencoder in float32 for a second of sound in one tile (measured, full size)."""
FRAMEWORK_BYTES = 0.5e9
"""torch and the libraries themselves, and what they keep at hand."""
TYPICAL_WINDOW_S = 40.0
"""A region of 10 s with 15 s on each side."""
TOKEN_WIDTHS = 24
"""Values that a transformer block holds at once for one token, in multiples of the hidden size."""
READ_TOKENS = 512
"""Tokens of texts and timbre whose keys and values are kept over the steps (usual: about 400)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the estimate needs to know about a loaded model.

    Attributes:
        transformer_bytes, encoders_bytes, vae_bytes: of the weights as they are kept.
        hidden, blocks: width and depth of the transformer.
        value_bytes: of one number of its precision.
    """

    transformer_bytes: int
    encoders_bytes: int
    vae_bytes: int
    hidden: int
    blocks: int
    value_bytes: int

    @property
    def weights_bytes(self) -> int:
        """Of everything together."""
        return self.transformer_bytes + self.encoders_bytes + self.vae_bytes

    def denoise_bytes(self, window_s: float, batch: int) -> float:
        """Working memory of one denoising step.

        The mask of the sliding attention is dense, `[L, L]` tokens, and is there once for the whole batch.
        """
        tokens = window_s * LATENTS_PER_S / PAIR
        # Half the heads have keys and values, so both together are as wide as the model.
        kept = batch * READ_TOKENS * self.hidden * self.blocks
        return (batch * tokens * self.hidden * TOKEN_WIDTHS + tokens**2 + kept) * self.value_bytes

    def tile_bytes(self) -> float:
        """Working memory of the autoencoder in its longest tile; in proportion to its width."""
        width = (self.vae_bytes / (4 * VAE_PARAMETERS)) ** 0.5
        return width * (DECODE_TILE + 2 * DECODE_MARGIN) / LATENTS_PER_S * TILE_BYTES_PER_S


def sizes_of(model: Model, value_bytes: int) -> Sizes:
    """What a model will take, before it is there; `value_bytes` is 2 in half precision and 4 in float32."""
    return Sizes(
        transformer_bytes=model.parameters * value_bytes,
        encoders_bytes=ENCODERS_PARAMETERS * value_bytes,
        vae_bytes=VAE_PARAMETERS * 4,
        hidden=model.hidden,
        blocks=model.blocks,
        value_bytes=value_bytes,
    )


def needed_bytes(sizes: Sizes, window_s: float, batch: int, placement: str = "resident") -> float:
    """What an edit takes on the device at its greediest stage.

    Resident weights are there already and do not count; those that wait in main memory come in with their
    stage, or, streamed, two blocks of layers at a time.
    """
    denoise, tile = sizes.denoise_bytes(window_s, batch), sizes.tile_bytes()
    if placement == "resident":
        return max(denoise, tile)
    layers = sizes.transformer_bytes * (2 / sizes.blocks if placement == "streamed" else 1)
    return max(layers + denoise, sizes.encoders_bytes, sizes.vae_bytes + tile)


def choose_placement(sizes: Sizes, free: int | None) -> str:
    """The fastest placement that leaves room for a usual edit; resident where memory is not known."""
    if free is None:
        return "resident"
    room = free - FRAMEWORK_BYTES
    if sizes.weights_bytes + needed_bytes(sizes, TYPICAL_WINDOW_S, 1) <= room:
        return "resident"
    return "staged" if needed_bytes(sizes, TYPICAL_WINDOW_S, 1, "staged") <= room else "streamed"


def check_room(
    sizes: Sizes, window_s: float, mask_s: float, batch: int, free: int | None, placement: str = "resident"
) -> None:
    """Refuse an edit that does not fit, before anything is computed.

    Args:
        sizes: of the model, which is loaded already.
        window_s: what the model would hear; `mask_s` of it is the region.
        mask_s: length of the region.
        batch: takes at once.
        free: memory that is left; None where it is not known, and nothing is refused.
        placement: where the weights wait.

    Raises:
        EngineOutOfMemory: names the length that fits.
    """

    def needed(made_s: float) -> float:
        return needed_bytes(sizes, window_s - mask_s + made_s, batch, placement)

    if free is None or needed(mask_s) <= free:
        return
    fitting = [made_s for made_s in range(int(mask_s), 2, -1) if needed(made_s) <= free]
    if fitting:
        cure = f"regions of up to {fitting[0]} s fit"
    elif batch > 1:
        cure = "ask for one take at a time"
    else:
        cure = "no region fits; free memory, or use a smaller model or the CPU"
    raise EngineOutOfMemory(
        f"this edit needs {needed(mask_s) / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; {cure}"
    )

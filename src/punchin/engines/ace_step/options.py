"""How a model is run on a machine, as the person who owns the machine wants it."""

from __future__ import annotations

from dataclasses import dataclass

PLACEMENTS = ("auto", "resident", "staged", "streamed")
"""Where weights wait: on the device; in memory until their stage; in memory until their block of layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RigOptions:
    """How a model is run on this machine.

    Attributes:
        device: "auto", "cuda", "mps" or "cpu".
        precision: "auto", "fp32", "bf16" or "fp16", of everything but the autoencoder.
        placement: see `PLACEMENTS`; "auto" takes the first that leaves room for a usual edit.
        int8: eight-bit weights in the transformer's linear layers, on the CPU only: faster, and other bits.
        compiled: let torch compile the transformer; other bits too, and windows of a few fixed lengths.
        few_lengths: windows of those lengths without compiling, so that edits of different songs can share a
            batch.
        batch: the most takes or edits at once; None is as many as fit on a GPU, and one on a CPU, where a
            batch gains nothing.
        cache_bytes: limit of the cached latents of songs.
    """

    device: str = "auto"
    precision: str = "auto"
    placement: str = "auto"
    int8: bool = False
    compiled: bool = False
    few_lengths: bool = False
    batch: int | None = None
    cache_bytes: int = 256 << 20

"""What the model runs on and how precisely, chosen by what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from punchin.engines.ace_step.frameworks import torch
from punchin.engines.ace_step.ram import free_ram
from punchin.errors import EngineUnavailable

PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how the networks run; the autoencoder is always float32.

    Attributes:
        kind: torch's name of its sort: "cuda" (NVIDIA, and AMD through ROCm), "mps", "cpu".
        name: torch's name of this one: "cuda", "cuda:1", "mps", "cpu".
        label: for people and receipts.
        precision: of transformer and encoders: "fp32", "bf16" or "fp16".
    """

    kind: str
    name: str
    label: str
    precision: str

    @property
    def dtype(self) -> Any:
        """The torch dtype of `precision`."""
        return getattr(torch, PRECISIONS[self.precision])

    @property
    def batches(self) -> bool:
        """Whether several takes at once cost less than one after the other (measured: not on a CPU)."""
        return self.kind != "cpu"


def choose_device(name: str = "auto", precision: str = "auto") -> Device:
    """The best device of this machine, or the one asked for.

    Args:
        name: "auto", "cuda", "cuda:1", "mps" or "cpu".
        precision: "auto", "fp32", "bf16" or "fp16".

    Raises:
        EngineUnavailable: if the machine does not have it.
    """
    there = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if name == "auto":
        name = there[0]
    if name not in [*there, *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]:
        raise EngineUnavailable(
            f"there is no device {name!r} here that torch can use; it can use {', '.join(there)}"
        )
    if precision != "auto" and precision not in PRECISIONS:
        raise EngineUnavailable(f"precision is {precision!r}; it is one of auto, {', '.join(PRECISIONS)}")
    kind = name.partition(":")[0]
    return Device(kind, name, _label(name), _precision(kind) if precision == "auto" else precision)


def free_bytes(device: Device) -> int | None:
    """Memory that this process could still take there; None where it cannot be known."""
    if device.kind == "cuda":
        free, _ = torch.cuda.mem_get_info(device.name)
        # What torch keeps for itself it gives back to us.
        return (
            int(free)
            + int(torch.cuda.memory_reserved(device.name))
            - int(torch.cuda.memory_allocated(device.name))
        )
    if device.kind == "mps":
        return int(torch.mps.recommended_max_memory()) - int(torch.mps.driver_allocated_memory())
    return free_ram()


def _precision(kind: str) -> str:
    if kind == "cuda":
        # Emulated bfloat16 is slower than real half precision.
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if kind == "mps":
        return "fp16"  # as ACE-Step 1.5 itself does (acestep/handler.py)
    return "bf16" if _cpu_has_bf16() else "fp32"


def _cpu_has_bf16() -> bool:
    """Whether bfloat16 has its own instructions here; without them it is slower than float32."""
    known = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in known)


def _label(name: str) -> str:
    if name.startswith("cuda"):
        return str(torch.cuda.get_device_name(name))
    if name == "mps":
        return "Apple GPU"
    return f"CPU, {torch.get_num_threads()} threads"

"""What the doctor says of model engines: what runs here, how much memory it takes, which command is next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.ace_step.memory import (
    FRAMEWORK_BYTES,
    TYPICAL_WINDOW_S,
    Sizes,
    choose_placement,
    needed_bytes,
    sizes_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.cli.hardware import Machine
    from punchin.engines.ace_step import Model
    from punchin.engines.ace_step.weights import Shelved

EXTRA = "pip install 'punchin[ace-step]'"
CPU_INDEX = "pip install torch --index-url https://download.pytorch.org/whl/cpu"
LOCAL = "https://pytorch.org/get-started/locally"

_BUILDS = {"cuda": "CUDA", "rocm": "ROCm", "mps": "Apple's GPU", "cpu": "the CPU"}
_PLACEMENTS = {
    "resident": "all of it stays on the card",
    "staged": "weights come onto the card stage by stage",
    "streamed": "weights come onto the card two blocks of layers at a time",
}


def device_line(machine: Machine) -> str:
    """What a model would run on."""
    if machine.card:
        free = f"{machine.card.total_bytes / 1e9:.1f} GB, {machine.card.free_bytes / 1e9:.1f} GB free"
        card = f"{machine.card.name} ({free})"
    else:
        half = "with bfloat16" if machine.half_precision else "without bfloat16"
        ram = "" if machine.ram_bytes is None else f", {machine.ram_bytes / 1e9:.1f} GB of memory free"
        card = f"no graphics card; the processor, {half}{ram}"
    if machine.torch is None:
        return f"{card}; torch is not installed"
    return f"{card}; torch {machine.torch.version} for {_BUILDS[machine.torch.build]}"


def torch_advice(machine: Machine) -> str:
    """Which command gives this machine the torch that suits it; empty where that is there."""
    kind = machine.card.kind if machine.card else "cpu"
    if machine.torch and (kind == "cpu" or machine.torch.build == kind):
        return ""
    if kind == "cpu":
        # The registry's torch for Linux brings 2.6 GB of CUDA.
        return f"{CPU_INDEX} && {EXTRA}" if machine.system == "Linux" else EXTRA
    wrong = f"the torch that is installed is for {_BUILDS[machine.torch.build]}; " if machine.torch else ""
    again = " --force-reinstall" if machine.torch else ""
    if kind == "mps" or (kind == "cuda" and machine.system == "Linux"):
        return f"{wrong}pip install{again} torch && {EXTRA}" if machine.torch else EXTRA
    index = "rocm" if kind == "rocm" else "cu"
    command = f"pip install{again} torch --index-url https://download.pytorch.org/whl/{index}…"
    return f"{wrong}{command} ({LOCAL} names the index) && {EXTRA}"


def model_line(model: Model, machine: Machine) -> tuple[bool, str]:
    """Whether a model runs here, and how.

    Returns:
        (whether it does, what it takes and where it goes).
    """
    uses_card = machine.card is not None and (machine.torch is None or machine.torch.build != "cpu")
    half = uses_card or machine.half_precision
    sizes = sizes_of(model, 2 if half else 4)
    takes = f"{sizes.weights_bytes / 1e9:.1f} GB in {'half precision' if half else 'float32'}"
    if not uses_card or machine.card is None or machine.card.kind == "mps":
        return _in_memory(sizes, takes, machine)
    free = machine.card.free_bytes
    placement = choose_placement(sizes, free)
    needs = needed_bytes(sizes, TYPICAL_WINDOW_S, 1, placement) + FRAMEWORK_BYTES
    if placement != "resident":
        takes += f" of main memory and {needs / 1e9:.1f} GB of the card"
        if machine.ram_bytes is not None and sizes.weights_bytes > machine.ram_bytes:
            return False, f"{takes}; {machine.ram_bytes / 1e9:.1f} GB of main memory are free"
        if needs > free:
            return False, f"{takes}; {free / 1e9:.1f} GB of it are free"
    return True, f"{takes}: {_PLACEMENTS[placement]}"


def next_command(machine: Machine, shelf: Sequence[Shelved], missing: Sequence[str]) -> str:
    """The one command that brings the best model that runs here a step nearer.

    Args:
        machine: this one.
        shelf: every model as it is here.
        missing: packages of the extra that are not installed.
    """
    if torch := torch_advice(machine):
        return torch
    if missing:
        return EXTRA
    running = [each for each in shelf if model_line(each.model, machine)[0]]
    ready = next((each for each in running if each.state == "ready"), None)
    if ready:
        return f'punchin edit song.mp3 0:41 0:49 --engine {ready.model.engine} --tags "lofi, chill piano"'
    begun = next((each for each in running if each.state != "absent"), None)
    if begun or running:
        return (begun or running[0]).cure
    return 'punchin edit song.mp3 0:41 0:49 --engine embedded --tags "lofi, chill piano"'


def _in_memory(sizes: Sizes, takes: str, machine: Machine) -> tuple[bool, str]:
    needs = sizes.weights_bytes + needed_bytes(sizes, TYPICAL_WINDOW_S, 1) + FRAMEWORK_BYTES
    takes = f"{takes}, {needs / 1e9:.1f} GB of memory with an edit of 10 s"
    if machine.ram_bytes is not None and needs > machine.ram_bytes:
        return False, f"{takes}; {machine.ram_bytes / 1e9:.1f} GB are free"
    return True, takes

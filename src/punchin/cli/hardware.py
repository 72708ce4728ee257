"""What this machine has for a model engine: cards, memory, the installed torch; torch itself stays unloaded.

Importing torch takes seconds and is an extra, so everything is read from where drivers and packages leave it.
"""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.engines.ace_step.ram import all_ram, free_ram

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIB = 1 << 20
AMD = "0x1002"
"""The PCI vendor id of AMD."""
CARD_BYTES = 2 * 10**9
"""Less than that is the small memory of a graphics unit inside a processor."""
ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card.

    Attributes:
        kind: "cuda" (NVIDIA), "rocm" (AMD) or "mps" (Apple, which shares the main memory).
        name: for people.
        total_bytes, free_bytes: its memory.
    """

    kind: str
    name: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Torch:
    """The torch that is installed: its version, and what it was built for: "cuda", "rocm", "mps" or "cpu"."""

    version: str
    build: str


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything that decides how a model runs here.

    Attributes:
        system: "Linux", "Darwin" or "Windows".
        card: the first one, or None.
        torch: what is installed, or None.
        ram_bytes: main memory that is free for us; None where the system does not say.
        half_precision: whether the processor has instructions for bfloat16.
    """

    system: str
    card: Card | None
    torch: Torch | None
    ram_bytes: int | None
    half_precision: bool


def survey(
    root: Path = Path("/"),
    system: str | None = None,
    ask: Callable[[Sequence[str]], str] | None = None,
    torch_folder: Path | None = None,
) -> Machine:
    """Look at this machine; takes milliseconds, or as long as the driver of an NVIDIA card takes to answer.

    Args:
        root: of the file system.
        system: as `platform.system()` says it.
        ask: runs a command and gives what it prints, "" if that fails.
        torch_folder: where torch is installed; None looks for it.
    """
    system = system or platform.system()
    ram = free_ram(root)
    card = _nvidia(ask or _asked) or _amd(root) or _apple(system, ram)
    flags = _text(root / "proc/cpuinfo")
    return Machine(
        system=system,
        card=card,
        torch=_torch(torch_folder or _torch_folder(), system),
        ram_bytes=ram,
        half_precision="avx512_bf16" in flags or "amx_bf16" in flags,
    )


def _nvidia(ask: Callable[[Sequence[str]], str]) -> Card | None:
    query = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
    for line in ask(query).splitlines():
        name, *numbers = (part.strip() for part in line.rsplit(",", 2))
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            return Card("cuda", name, int(numbers[0]) * MIB, int(numbers[1]) * MIB)
    return None


def _amd(root: Path) -> Card | None:
    for device in sorted((root / "sys/class/drm").glob("card*/device")):
        total = _text(device / "mem_info_vram_total").strip()
        if _text(device / "vendor").strip() != AMD or not total.isdigit() or int(total) < CARD_BYTES:
            continue
        used = _text(device / "mem_info_vram_used").strip()
        name = _text(device / "product_name").strip() or "AMD graphics card"
        return Card("rocm", name, int(total), int(total) - (int(used) if used.isdigit() else 0))
    return None


def _apple(system: str, ram: int | None) -> Card | None:
    if system != "Darwin" or platform.machine() != "arm64":
        return None
    total = all_ram() or 0
    return Card("mps", "Apple GPU", total, ram if ram is not None else total)


def _torch_folder() -> Path | None:
    spec = find_spec("torch")
    return Path(spec.origin).parent if spec and spec.origin else None


def _torch(folder: Path | None, system: str) -> Torch | None:
    """Read torch's own `version.py`: versions of wheels on the registry do not name their build."""
    if folder is None:
        return None
    text = _text(folder / "version.py")

    def value(name: str) -> str:
        found = re.search(rf"^{name}\b[^=\n]*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE)
        return found.group(1) if found else ""

    build = "cuda" if value("cuda") else "rocm" if value("hip") else "mps" if system == "Darwin" else "cpu"
    return Torch(value("__version__") or "of an unknown version", build)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _asked(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=ANSWER_LIMIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""

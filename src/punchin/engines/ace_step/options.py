"""How a model is run on a machine, as the person who owns the machine wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from punchin.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _Reader = Callable[[str, str], tuple[str, Any]]

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
PLACEMENTS = ("auto", "resident", "staged", "streamed")
"""Where weights wait: on the device; in memory until their stage; in memory until their block of layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RigOptions:
    """How a model is run on this machine.

    Attributes:
        device: "auto", "cuda", "cuda:1", "mps" or "cpu".
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


_MOST_BATCH = 64
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def options_from(words: Iterable[str], device: str = "auto") -> RigOptions:
    """Options as the setting `PUNCHIN_ACE_STEP` has them.

    Args:
        words: "name=value" each; the name of a switch alone turns it on. `cache_mb` is in megabytes of
            1,000,000 bytes.
        device: as in `RigOptions`.

    Raises:
        SettingsError: for a name or a value that there is not; says which there are.
    """
    found: dict[str, Any] = {"device": device}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        read = _READERS.get(name)
        if read is None:
            raise SettingsError(
                f"PUNCHIN_ACE_STEP has {word.strip()!r}; it may have {', '.join(sorted(_READERS))}"
            )
        field, given = read(name, value if equals else "yes")
        found[field] = given
    return RigOptions(**found)


def _chosen(*choices: str) -> _Reader:
    def read(name: str, value: str) -> tuple[str, Any]:
        if value not in choices:
            raise SettingsError(f"PUNCHIN_ACE_STEP has {name}={value}; it is one of {', '.join(choices)}")
        return name, value

    return read


def _switch(name: str, value: str) -> tuple[str, Any]:
    if value.lower() not in _YES_NO:
        raise SettingsError(f"PUNCHIN_ACE_STEP has {name}={value}; it is yes or no")
    return name, _YES_NO[value.lower()]


def _whole(field: str, unit: int, most: int) -> _Reader:
    def read(name: str, value: str) -> tuple[str, Any]:
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise SettingsError(f"PUNCHIN_ACE_STEP has {name}={value}; it is a whole number from 1 to {most}")
        return field, int(value) * unit

    return read


_READERS: dict[str, _Reader] = {
    "precision": _chosen(*PRECISIONS),
    "placement": _chosen(*PLACEMENTS),
    "int8": _switch,
    "compiled": _switch,
    "few_lengths": _switch,
    "batch": _whole("batch", 1, _MOST_BATCH),
    "cache_mb": _whole("cache_bytes", 1_000_000, 1_000_000),
}

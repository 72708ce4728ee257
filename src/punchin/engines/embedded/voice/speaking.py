"""The speaking voice: SVOX Pico through py-nanotts (Apache-2.0), an optional package."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPEECH_HZ = 16_000
"""The rate of everything in this package until the stem is resampled."""

INSTALL = "pip install 'punchin[voice]'"

VOICE = "en-US"


def can_speak() -> bool:
    """Whether py-nanotts is installed; it has no wheels for macOS and musl."""
    return find_spec("py_nanotts") is not None


def speak(words: Sequence[str], voice: str = VOICE) -> NDArray[np.floating]:
    """Words said as one phrase, `[N]` at 16 kHz, -1..1. The same words give the same samples.

    Raises:
        ImportError: without py-nanotts; ask `can_speak` first.
    """
    nanotts: Any = import_module("py_nanotts")
    spoken: bytes = nanotts.NanoTTS().speak(" ".join(words) + ".", voice=voice)
    return np.frombuffer(spoken, np.int16).astype(np.float64) / 32768

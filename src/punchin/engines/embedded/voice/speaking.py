"""The speaking voice: SVOX Pico through py-nanotts (Apache-2.0), an optional package."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from punchin.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPEECH_HZ = 16_000
"""The rate of everything in this package until the stem is resampled."""

INSTALL = "pip install 'punchin[voice]'"

VOLUME = 0.5
"""Half of what Pico gives by itself, which is clipped."""

TIMEOUT_S = 120.0

_SPEAKER = """
import sys
sys.path.insert(0, sys.argv[1])
from py_nanotts import NanoTTS
for line in sys.stdin.buffer.read().decode().splitlines():
    spoken = NanoTTS().speak(line, voice=sys.argv[2], volume=float(sys.argv[3]))
    sys.stdout.buffer.write(len(spoken).to_bytes(8, "little") + spoken)
"""

_FRESH_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""glibc: large blocks come from the system, zeroed, however many were used before."""


def can_speak() -> bool:
    """Whether py-nanotts is installed; it has no wheels for macOS and musl."""
    return find_spec("py_nanotts") is not None


def speak(phrases: Sequence[Sequence[str]], voice: str = "en-US") -> list[NDArray[np.floating]]:
    """Each phrase said, `[N]` at 16 kHz, -1..1. The same words give the same samples.

    Pico begins with memory it has not set, so that what it says depends on what the process did before. So it
    speaks in a process of its own, on fresh memory (about 0.1 s), where it cannot crash ours either.

    Args:
        phrases: the words of each.
        voice: a name that Pico knows.

    Raises:
        ImportError: without py-nanotts; ask `can_speak` first.
        EngineFailed: if it crashes, or takes too long.
    """
    found = find_spec("py_nanotts")
    if found is None or found.origin is None:
        raise ImportError(f"py-nanotts is not installed: {INSTALL}")
    place = str(Path(found.origin).parents[1])
    try:
        said = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SPEAKER, place, voice, str(VOLUME)],
            input="".join(" ".join(words) + ".\n" for words in phrases).encode(),
            capture_output=True,
            env={**os.environ, **_FRESH_MEMORY},  # handed on, not read
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineFailed(f"the singer has not spoken within {TIMEOUT_S:g} s") from error
    if said.returncode:
        last = said.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise EngineFailed(f"the singer's speech failed ({said.returncode}): {' '.join(last)}")
    return _separated(said.stdout)


def _separated(stream: bytes) -> list[NDArray[np.floating]]:
    """Each phrase's samples from a stream of lengths and 16-bit PCM."""
    spoken: list[NDArray[np.floating]] = []
    at = 0
    while at < len(stream):
        end = at + 8 + int.from_bytes(stream[at : at + 8], "little")
        spoken.append(np.frombuffer(stream[at + 8 : end], np.int16) / 32768)
        at = end
    return spoken

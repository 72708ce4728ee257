"""Songs for tests: real ones from ../shared/audio, and small ones made here with known beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from punchin.song import Song

SHARED_AUDIO = Path(__file__).resolve().parents[3] / "shared" / "audio"

needs_shared = pytest.mark.skipif(not SHARED_AUDIO.is_dir(), reason="no ../shared/audio beside the project")


def made_song(duration_s: float = 8.0, rate_hz: int = 44_100, channels: int = 2, seed: int = 0) -> Song:
    """A little groove at 120 bpm: kick, hat, bass and a I-V-vi-IV pad, `[C, N]` float32, peak about 0.5.

    Beats fall on 0, 0.5, 1.0 ... s, bars of four beats on 0, 2, 4 ... s.
    """
    rng = np.random.default_rng(seed)
    n = round(duration_s * rate_hz)
    t = np.arange(n) / rate_hz
    in_beat = t % 0.5
    kick = np.sin(2 * np.pi * 55 * in_beat) * np.exp(-in_beat * 18)
    hat = rng.standard_normal(n) * np.exp(-(t % 0.25) * 60) * 0.25
    bar = (t // 2).astype(int) % 4
    root_hz = np.array([110.0, 164.81, 92.5, 146.83])[bar]
    phase = 2 * np.pi * np.cumsum(root_hz) / rate_hz
    bass = np.sin(phase) * 0.4
    pad = sum(np.sin(phase * ratio + k) for k, ratio in enumerate((2.0, 2.5, 3.0))) * 0.12
    left, right = kick + bass + hat * 0.7 + pad, kick + bass + hat + pad * 0.8
    voices = np.stack([left if c % 2 == 0 else right for c in range(channels)])
    return Song((voices * (0.5 / 1.6)).astype(np.float32), rate_hz)


def wav_of(song: Song, path: Path, subtype: str = "PCM_16") -> Path:
    """Write a song as a WAV file; gives the path back."""
    soundfile.write(path, song.samples.T, song.rate_hz, subtype, format="WAV")
    return path

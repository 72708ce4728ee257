"""What can be heard in a sound, as numbers: for benchmarks of what tags do."""

from __future__ import annotations

import numpy as np
import soxr

SIZE, HOP = 2048, 512
"""Window and hop of spectra, in frames."""

STROKE_RATE_HZ = 24_000
STROKE_BANDS = ((0, 150, 15), (150, 2000, 5), (2000, 9000, 5))
"""Where strokes are looked for: from and to in Hz, and over how many ms the energy is smoothed."""


def spectra(samples: np.ndarray, size: int = SIZE, hop: int = HOP) -> np.ndarray:
    """Magnitudes of the mean of the channels, `[C, N]` → `[T, F]`."""
    mono = samples.mean(axis=0)
    mono = np.pad(mono, (0, max(0, size - mono.size)))
    windows = np.lib.stride_tricks.sliding_window_view(mono, size)[::hop]
    return np.abs(np.fft.rfft(windows * np.hanning(size).astype(np.float32), axis=1))


def mel_bands(rate_hz: int, bands: int = 40, size: int = SIZE) -> np.ndarray:
    """Triangles on the mel scale (O'Shaughnessy 1987: 2595 lg(1 + f / 700)) from 40 Hz up, `[F, bands]`."""
    tops = 700 * (10 ** (np.linspace(_mel(40.0), _mel(rate_hz / 2), bands + 2) / 2595) - 1)
    f = np.fft.rfftfreq(size, 1 / rate_hz)[:, None]
    rising = (f - tops[:-2]) / np.diff(tops)[:-1]
    falling = (tops[2:] - f) / np.diff(tops)[1:]
    return np.maximum(0.0, np.minimum(rising, falling))


def _mel(hz: float) -> float:
    return 2595 * float(np.log10(1 + hz / 700))


def mel_distance(one: np.ndarray, other: np.ndarray, rate_hz: int) -> float:
    """1 - cosine of two mean log-mel spectra with their mean taken off: 0 the same tone, 1 unrelated."""
    bands = mel_bands(rate_hz)
    means = [np.log10(np.square(spectra(s)) @ bands + 1e-4).mean(axis=0) for s in (one, other)]
    a, b = (mean - mean.mean() for mean in means)
    return 1 - float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12))


def onset_rate(samples: np.ndarray, rate_hz: int) -> float:
    """How many strokes a second: peaks of the rise of log-mel energy that stand out."""
    mels = np.square(spectra(samples)) @ mel_bands(rate_hz)
    mels = np.log10(mels + 1e-4 * mels.max())
    rise = np.maximum(mels[2:] - mels[:-2], 0).mean(axis=1)
    near = max(1, round(0.03 * rate_hz / HOP))
    padded = np.pad(rise, near)
    peak = np.max([padded[k : k + rise.size] for k in range(2 * near + 1)], axis=0)
    return int(np.sum((rise == peak) & (rise > 0.15))) / (samples.shape[1] / rate_hz)


def stroke_strength(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """How strongly something is struck, one value a millisecond: rises of log energy in three bands, each
    weighted by how loud the band is afterwards.
    """
    mono = soxr.resample(samples.mean(axis=0).astype(np.float32), rate_hz, STROKE_RATE_HZ, "HQ")
    step = STROKE_RATE_HZ // 1000
    spectrum, f = np.fft.rfft(mono), np.fft.rfftfreq(mono.size, 1 / STROKE_RATE_HZ)
    strength = np.zeros(mono.size // step)
    for low_hz, high_hz, smooth_ms in STROKE_BANDS:
        band = np.fft.irfft(spectrum * ((f >= low_hz) & (f < high_hz)), mono.size)
        energy = np.square(band[: strength.size * step]).reshape(-1, step).mean(axis=1)
        kernel = np.hanning(smooth_ms + 2)[1:-1]
        energy = np.convolve(energy, kernel / kernel.sum(), "same")
        level = np.log(energy + 1e-7 * float(np.percentile(energy, 99)) + 1e-10)
        rise = np.pad(np.maximum(level[5:] - level[:-5], 0.0), (3, 2))
        loud = np.minimum(energy / (float(np.percentile(energy, 95)) + 1e-12), 1.0)
        strength += rise * np.pad(loud[8:], (0, 8))
    return strength


def strokes_near(strength: np.ndarray, beats_s: np.ndarray, reach_ms: int = 60) -> np.ndarray:
    """By how many ms the strongest stroke near each beat is late, `[K]`; NaN where none stands out.

    Args:
        strength: of `stroke_strength`.
        beats_s: `[K]`, counted from its start.
        reach_ms: how far is searched.
    """
    least = float(np.percentile(strength, 96)) if strength.size else 0.0
    lags = np.full(len(beats_s), np.nan)
    for k, beat_s in enumerate(beats_s):
        at = round(1000 * beat_s)
        near = strength[max(0, at - reach_ms) : at + reach_ms + 1]
        if reach_ms <= at < strength.size - reach_ms and near.max() > least:
            lags[k] = int(near.argmax()) - reach_ms
    return lags


def roll_off_hz(samples: np.ndarray, rate_hz: int, share: float = 0.95) -> float:
    """The frequency below which so much of the power lies."""
    power = np.cumsum(np.square(spectra(samples)).mean(axis=0))
    return float(np.searchsorted(power, share * power[-1]) * rate_hz / SIZE)


def width(samples: np.ndarray) -> float:
    """Power of what differs between the sides over all power, 0..1."""
    side = np.square(samples[0] - samples[-1], dtype=np.float64).sum() / 2
    return float(side / max(np.square(samples, dtype=np.float64).sum(), 1e-12))


def chroma(samples: np.ndarray, rate_hz: int, tuning_semitones: float = 0.0) -> np.ndarray:
    """Strength of each pitch class from 60 to 2000 Hz in windows of 0.37 s, `[T, 12]`, 0 is C."""
    size = 1 << round(np.log2(0.37 * rate_hz))
    magnitudes = spectra(samples, size, size // 2)
    f = np.fft.rfftfreq(size, 1 / rate_hz)
    inside = (f > 60) & (f < 2000)
    pitches = 69 + 12 * np.log2(f[inside] / 440) - tuning_semitones
    classes = np.round(pitches).astype(int) % 12
    near = np.cos(np.pi * (pitches - np.round(pitches))) ** 2
    return np.stack([magnitudes[:, inside] @ (near * (classes == c)) for c in range(12)], axis=1)


def agreement(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Mean cosine of two chromas `[T, 12]`, and the same when one is transposed by 1 to 11 semitones."""
    frames = min(len(one), len(other))
    a, b = (_unit(chroma_of[:frames]) for chroma_of in (one, other))
    cosines = [float(np.mean(np.sum(a * np.roll(b, shift, axis=1), axis=1))) for shift in range(12)]
    return cosines[0], float(np.mean(cosines[1:]))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

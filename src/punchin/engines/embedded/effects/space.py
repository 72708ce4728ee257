"""Rooms and echoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import fast_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound

BANDS_HZ = (250.0, 1000.0, 4000.0)
BAND_RT60 = (1.1, 1.0, 0.75, 0.4)
"""A room's highs die first, for air and walls swallow them: RT60 in each band, as parts of the middle's."""

PRE_DELAY_S = 0.018
"""The first reflection of a middle-sized room; keeps the attack of the dry sound clear."""

REVERB_LOW_HZ = 150.0
"""Below this a reverb only muddies."""

SILENCE_DB = 60.0


def reverb(
    samples: Sound, rate_hz: int, rt60_s: float, rng: np.random.Generator, amount: float = 1.0
) -> Sound:
    """The room alone, without the dry sound, `[2, N]` → `[2, N]`.

    Noise that decays by 60 dB in `rt60_s`, its bands each at their own pace, convolved with the middle of the
    stereo image (J. A. Moorer, Computer Music Journal 3(2), 1979: the best response he found). Each side has
    its own noise: wide, and in mono still there.

    Args:
        samples: `[2, N]`.
        rate_hz: their rate.
        rt60_s: how long it rings at middle frequencies.
        rng: chance.
        amount: 1 is as much power as the dry sound.
    """
    response = _decaying_noise(rt60_s, rate_hz, rng) * np.float32(amount)
    middle = samples.mean(axis=0, keepdims=True)
    return convolved(middle, response)


def _decaying_noise(rt60_s: float, rate_hz: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """A stereo impulse response of power 1, `[2, N]`."""
    frames = round((rt60_s * max(BAND_RT60) + PRE_DELAY_S) * rate_hz)
    t = np.maximum(np.arange(frames) / rate_hz - PRE_DELAY_S, 0)
    noise = rng.standard_normal((2, frames), np.float32)
    length = fast_length(frames)
    f = np.fft.rfftfreq(length, 1 / rate_hz)
    spectrum = np.fft.rfft(noise, length, axis=1)
    corners = [0.0, *BANDS_HZ, np.inf]
    room = np.zeros((2, frames))
    for low, high, part in zip(corners, corners[1:], BAND_RT60, strict=False):
        # Crossing over in power at the corners: the bands are independent noise, their powers add.
        gain = 1 / np.sqrt(1 + (f / high) ** 8) if high < np.inf else np.ones(len(f))
        if low:
            gain = gain * np.sqrt(1 - 1 / (1 + (f / low) ** 8))
        band = np.fft.irfft(spectrum * gain, length, axis=1)[:, :frames]
        room += band * 10 ** (-SILENCE_DB / 20 * t / (rt60_s * part))
    room[:, : round(PRE_DELAY_S * rate_hz)] = 0
    swell = min(frames, round((PRE_DELAY_S + 0.006) * rate_hz))
    room[:, :swell] *= np.linspace(0, 1, swell)
    below = (f / REVERB_LOW_HZ) ** 2
    room = np.fft.irfft(np.fft.rfft(room, length, axis=1) * below / (1 + below), length, axis=1)[:, :frames]
    return (room / np.sqrt((room**2).sum(axis=1, keepdims=True))).astype(np.float32)


def convolved(samples: Sound, response: NDArray[np.floating]) -> Sound:
    """Samples `[1 or 2, N]` through a stereo impulse response `[2, M]`, cut to `[2, N]`."""
    frames = samples.shape[1]
    if not frames or not samples.any():
        return np.zeros((2, frames), np.float32)
    length = fast_length(frames + response.shape[1])
    spectrum = np.fft.rfft(samples, length, axis=1) * np.fft.rfft(response, length, axis=1)
    return np.fft.irfft(spectrum, length, axis=1)[:, :frames].astype(np.float32, copy=False)


def delay(
    samples: Sound,
    rate_hz: int,
    time_s: float,
    feedback: float = 0.4,
    amount: float = 0.35,
    band_hz: tuple[float, float] = (200.0, 5500.0),
) -> Sound:
    """Echoes that go from side to side, each softer and duller than the one before, `[2, N]` → `[2, N]`.

    The echoes of one filter H, gain g and delay z are g·H·z, (g·H·z)² ...: a geometric series, whose odd and
    even terms have closed forms. So all of them are one product of spectra.

    Args:
        samples: `[2, N]`.
        rate_hz: their rate.
        time_s: from echo to echo.
        feedback: 0..0.9, level of an echo against the one before.
        amount: level of the first echo against the dry sound.
        band_hz: what passes from echo to echo.
    """
    frames = samples.shape[1]
    if not samples.any():
        return samples.copy()
    taps = max(1, int(np.ceil(np.log(1e-4) / np.log(max(feedback, 1e-3)))))
    length = fast_length(frames + min(round(taps * time_s * rate_hz), 30 * rate_hz))
    f = np.fft.rfftfreq(length, 1 / rate_hz)
    low, high = band_hz
    floor = (f / low) ** 2
    step = feedback * floor / (1 + floor) / (1 + (f / high) ** 2) * np.exp(-2j * np.pi * f * time_s)
    crossing = step / (1 - step**2)
    staying = step * crossing
    scale = np.float32(amount / max(feedback, 1e-3))
    spectrum = np.fft.rfft(samples, length, axis=1)
    echoes = spectrum * staying + spectrum[::-1] * crossing
    return samples + scale * np.fft.irfft(echoes, length, axis=1)[:, :frames].astype(np.float32)


def slapback(samples: Sound, rate_hz: int, time_s: float = 0.11, amount: float = 0.4) -> Sound:
    """One short echo, as a second tape head gives it, `[C, N]` → `[C, N]`."""
    late = round(time_s * rate_hz)
    out = samples.copy()
    out[:, late:] += np.float32(amount) * samples[:, : max(0, samples.shape[1] - late)]
    return out


def smear(
    samples: Sound, rate_hz: int, rng: np.random.Generator, length_s: float = 0.9, amount: float = 0.7
) -> Sound:
    """Attacks dissolved: the sound spread over a soft cloud of noise, `[2, N]` → `[2, N]`."""
    frames = round(length_s * rate_hz)
    shape = np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 2
    cloud = (rng.standard_normal((2, frames)) * shape).astype(np.float32)
    cloud /= np.sqrt((cloud**2).sum(axis=1, keepdims=True))
    spread = convolved(samples, cloud)
    return np.float32(1 - amount) * samples + np.float32(amount) * spread

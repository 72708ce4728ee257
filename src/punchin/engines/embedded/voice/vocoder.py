"""A vocoder in numpy: speech to pitch and spectral envelope, and back to sound at another pitch and speed.

Analysis: pitch by normalised autocorrelation with a path through its peaks; the envelope by CheapTrick
(Morise 2015, "CheapTrick, a spectral envelope estimator for high-quality speech synthesis", Speech
Communication 67). Synthesis: one minimum-phase response a glottal pulse, and filtered noise, as WORLD does
(Morise, Yokomori and Ozawa 2016, IEICE Trans. Inf. & Syst. E99-D(7)). T rows of 5 ms, F = 257 frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.voice.speaking import SPEECH_HZ

Floats = NDArray[np.floating]

STEP = 80
STEP_S = STEP / SPEECH_HZ
FFT = 512
BINS = FFT // 2 + 1

LOWEST_HZ, HIGHEST_HZ = 100.0, 420.0
"""Where a speaking voice is looked for."""

UNVOICED_HZ = 500.0
"""The pitch that CheapTrick takes for sounds without one (Morise 2015): a window of 6 ms."""

VOICED_FROM = 0.5
"""Autocorrelation at the pitch above which a row is voiced."""

FLOOR = 1e-12
CANDIDATES = 6
LEAP_COST = 1.2
"""What an octave of pitch change from row to row costs, in autocorrelation, times ln 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Speech taken apart.

    Attributes:
        pitch_hz: `[T]`, 0 where unvoiced.
        envelope: `[T, F]`, natural log of the power density (white noise of variance 1 has 0).
    """

    pitch_hz: Floats
    envelope: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sounding:
    """What is to be synthesised, row by row.

    Attributes:
        pitch_hz: `[T]`, above 0 everywhere, also where nothing is voiced.
        voicing: `[T]`, 0..1, how much of the power is voiced at all.
        envelope: `[T, F]`, as in `Speech`.
        noise: `[T, F]`, 0..1, the share of a voiced row's power that is breath.
        roughness: 0..1, how irregular the glottal pulses are.
    """

    pitch_hz: Floats
    voicing: Floats
    envelope: Floats
    noise: Floats
    roughness: float = 0.0


def analyse(speech: Floats) -> Speech:
    """Take speech apart, `[N]` at 16 kHz."""
    pitch_hz = pitch_of(speech)
    return Speech(pitch_hz, _envelope(speech, np.where(pitch_hz > 0, pitch_hz, UNVOICED_HZ)))


def pitch_of(speech: Floats, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ) -> Floats:
    """Pitch a row, `[N]` → `[T]`; 0 where unvoiced."""
    width = round(3.6 * SPEECH_HZ / lowest_hz)
    rows = len(speech) // STEP + 1
    padded = np.pad(speech, (width // 2, width))
    framed = np.lib.stride_tricks.sliding_window_view(padded, width)[: rows * STEP : STEP]
    window = np.hanning(width)
    fft = 1 << (2 * width - 1).bit_length()
    power = np.abs(np.fft.rfft(framed * window, fft)) ** 2
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, fft)) ** 2)
    likeness = np.fft.irfft(power)[:, :width]
    energy = likeness[:, 0].copy()
    # The window's own autocorrelation is divided out (Boersma 1993, equation 9).
    likeness /= (energy[:, None] + 1e-9) * (shape[:width] / shape[0] + 1e-3)
    short, long = int(SPEECH_HZ / highest_hz), int(SPEECH_HZ / lowest_hz)
    lags, strengths = _lag_path(likeness, short, long)
    level = np.sqrt(energy / width)
    voiced = (strengths > VOICED_FROM) & (level > 0.02 * np.percentile(level, 95))
    voiced = np.convolve(voiced, np.ones(5), "same") >= 3
    return np.where(voiced, SPEECH_HZ / lags, 0.0)


def _lag_path(likeness: Floats, short: int, long: int) -> tuple[Floats, Floats]:
    """The best path through each row's strongest lags: lags in frames (refined), and their strengths."""
    seen = likeness[:, short:long]
    rows = np.arange(len(seen))
    best = np.argpartition(-seen, CANDIDATES, axis=1)[:, :CANDIDATES]
    lags = best + short
    # A shade for short lags: twice the period is as alike as the period itself.
    value = np.take_along_axis(seen, best, axis=1) - 0.001 * lags
    logs = np.log(lags)
    total, came = value[0], np.zeros((len(seen), CANDIDATES), np.int8)
    for t in range(1, len(seen)):
        reached = total[:, None] - LEAP_COST * np.abs(logs[t][None] - logs[t - 1][:, None])
        came[t] = reached.argmax(axis=0)
        total = reached.max(axis=0) + value[t]
    path = np.empty(len(seen), dtype=int)
    at = int(total.argmax())
    for t in range(len(seen) - 1, -1, -1):
        path[t] = at
        at = came[t, at]
    chosen = lags[rows, path]
    left, middle, right = (likeness[rows, chosen + d] for d in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    return np.asarray(chosen + np.clip(shift, -0.5, 0.5), dtype=float), middle


def _envelope(speech: Floats, pitch_hz: Floats) -> Floats:
    """CheapTrick: three steps, all rows at once."""
    rows = len(pitch_hz)
    # 1 A Hann window of three periods around each row.
    half = FFT // 2
    padded = np.pad(speech, (half, FFT))
    framed = np.lib.stride_tricks.sliding_window_view(padded, FFT)[: rows * STEP : STEP]
    offset = np.arange(FFT) - half
    span = np.minimum(1.5 * SPEECH_HZ / pitch_hz, half - 1)[:, None]
    window = np.where(np.abs(offset) < span, 0.5 + 0.5 * np.cos(np.pi * offset / span), 0.0)
    power = np.abs(np.fft.rfft(framed * window)) ** 2 / (window**2).sum(axis=1, keepdims=True) + FLOOR
    # 2 Smoothed with a box of two thirds of the pitch (equation 6): the integral at both of its edges.
    mirrored = np.concatenate([power[:, half:0:-1], power, power[:, half - 1 : 0 : -1]], axis=1)
    area = np.concatenate([np.zeros((rows, 1)), np.cumsum(mirrored, axis=1)], axis=1)
    reach = (pitch_hz / 3 * FFT / SPEECH_HZ)[:, None]
    middles = half + 0.5 + np.arange(BINS)[None]
    smooth = (_read(area, middles + reach) - _read(area, middles - reach)) / (2 * reach)
    # 3 Liftered: smoothing that keeps the harmonics' power, and compensation (equations 7 to 9).
    quefrency = np.minimum(np.arange(FFT), FFT - np.arange(FFT)) / SPEECH_HZ * pitch_hz[:, None]
    lifter = np.sinc(quefrency) * (1.18 - 0.18 * np.cos(2 * np.pi * quefrency))
    cepstra = np.fft.irfft(np.log(np.maximum(smooth, FLOOR)))
    return np.fft.rfft(cepstra * lifter).real


def _read(table: Floats, places: Floats) -> Floats:
    """Each row of a table at fractional places."""
    whole = np.clip(places.astype(int), 0, table.shape[1] - 2)
    part = places - whole
    return (1 - part) * np.take_along_axis(table, whole, 1) + part * np.take_along_axis(table, whole + 1, 1)


def synthesise(sounding: Sounding, rng: np.random.Generator) -> Floats:
    """Sound of T rows: `[(T - 1) · 80]` at 16 kHz."""
    frames = (len(sounding.pitch_hz) - 1) * STEP
    voiced = sounding.voicing[:, None] * (1 - sounding.noise)
    return _pulses(sounding, voiced, frames, rng) + _breath(sounding, 1 - voiced, frames, rng)


def _pulses(sounding: Sounding, share: Floats, frames: int, rng: np.random.Generator) -> Floats:
    """The voiced part: a minimum-phase response at each whole turn of the pitch."""
    times = np.arange(frames) / STEP
    rows = np.arange(len(sounding.pitch_hz))
    turns = np.cumsum(np.interp(times, rows, sounding.pitch_hz)) / SPEECH_HZ
    count = int(turns[-1]) if frames else 0
    places = np.interp(np.arange(1, count + 1), turns, np.arange(frames, dtype=float))
    row = places / STEP
    places = places[heard := np.interp(row, rows, sounding.voicing) > 0]
    row = row[heard]
    if not len(row):
        return np.zeros(frames)
    hertz = np.interp(row, rows, sounding.pitch_hz)
    low = np.minimum(row.astype(int), len(rows) - 2)
    part = (row - low)[:, None]
    envelope = (1 - part) * sounding.envelope[low] + part * sounding.envelope[low + 1]
    power = (1 - part) * share[low] + part * share[low + 1]
    rough = sounding.roughness
    places = places + rough * rng.normal(0, 0.02, len(row)) * SPEECH_HZ / hertz
    # Rough voices: every other pulse is weaker, as vocal folds do when pressed, and none is like the last.
    uneven = 1 + rough * (0.4 * (-1.0) ** np.arange(len(row)) + rng.normal(0, 0.2, len(row)))
    gain = np.sqrt(SPEECH_HZ / hertz) * uneven  # a pulse a period: so that the power is the envelope's
    spectra = _minimum_phase(envelope + np.log(np.maximum(power, FLOOR))) * gain[:, None]
    whole = np.floor(places)
    late = np.exp(-2j * np.pi * np.arange(BINS) / FFT * (places - whole)[:, None])
    return _overlapped(np.fft.irfft(spectra * late), whole.astype(int), frames)


def _breath(sounding: Sounding, share: Floats, frames: int, rng: np.random.Generator) -> Floats:
    """The noisy part: white noise in overlapping pieces of 10 ms, each through its row's envelope."""
    rows = len(sounding.pitch_hz)
    white = rng.standard_normal(rows * STEP + STEP)
    pieces = np.lib.stride_tricks.sliding_window_view(white, 2 * STEP)[::STEP][:rows]
    window = np.hanning(2 * STEP + 1)[:-1]
    spectra = _minimum_phase(sounding.envelope + np.log(np.maximum(share, FLOOR)))
    shaped = np.fft.irfft(np.fft.rfft(pieces * window, FFT) * spectra)
    return _overlapped(shaped, np.arange(rows) * STEP - STEP, frames)


def _minimum_phase(log_power: Floats) -> NDArray[np.complexfloating]:
    """Spectra whose magnitude is the root of a power and whose energy comes as early as it can, `[.., F]`.

    The cepstrum folded onto its causal half (Oppenheim and Schafer, Discrete-Time Signal Processing, 13.5).
    """
    cepstra = np.fft.irfft(0.5 * log_power)
    cepstra[:, 1 : FFT // 2] *= 2
    cepstra[:, FFT // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstra))


def _overlapped(pieces: Floats, places: NDArray[np.integer], frames: int) -> Floats:
    """Pieces added where they belong; what begins before 0 or lasts beyond the end is cut."""
    length = pieces.shape[1]
    sound = np.zeros(frames + 3 * length)
    for piece, place in zip(pieces, places, strict=True):
        sound[length + place : 2 * length + place] += piece
    return sound[length : length + frames]

"""Effects that move: chorus, flanger, phaser, tremolo, panning, wow and flutter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import swept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.effects.pulse import Pulse

EDGE_S = 0.15
"""How long from either end a wavering tape needs to its full depth, so that the ends stay in time."""


def delayed(samples: Sound, delay_frames: NDArray[np.floating]) -> Sound:
    """Each frame as it was so many frames ago, between them by straight lines; zero before 0, `[C, N]`."""
    frames = np.arange(samples.shape[1], dtype=np.float64)
    return _read(samples, frames - delay_frames, left=0.0)


def _read(samples: Sound, at: NDArray[np.floating], left: float | None = None) -> Sound:
    """The samples at places between frames, `[C, N]` → `[C, len(at)]`; `left` is what lies before frame 0."""
    places = np.arange(samples.shape[1], dtype=np.float64)
    read = np.empty((len(samples), at.size), np.float32)
    for side, heard in zip(samples, read, strict=True):
        heard[:] = np.interp(at, places, side, left=left)
    return read


def _turn(frames: int, rate_hz: int, speed_hz: float, start: float = 0.0) -> NDArray[np.floating]:
    """An angle that goes round `speed_hz` times a second, `[frames]`, beginning at `start` turns."""
    return 2 * np.pi * (np.arange(frames) * (speed_hz / rate_hz) + start)


def chorus(
    samples: Sound, rate_hz: int, amount: float = 0.5, speed_hz: float = 0.7, depth_s: float = 0.003
) -> Sound:
    """A second player on each side, never quite in tune, `[2, N]` → `[2, N]`, at the same level."""
    frames = samples.shape[1]
    copies = [
        delayed(side[None], (0.014 + depth_s * np.sin(_turn(frames, rate_hz, speed_hz, start))) * rate_hz)[0]
        for side, start in zip(samples, (0.0, 0.3), strict=True)
    ]
    level = np.float32((1 + amount**2) ** -0.5)
    return (samples + np.float32(amount) * np.stack(copies)) * level


def flanger(samples: Sound, rate_hz: int, amount: float = 0.7, speed_hz: float = 0.25) -> Sound:
    """The sound against itself a few milliseconds late: a comb that sweeps, `[2, N]` → `[2, N]`."""
    frames = samples.shape[1]
    sweep_s = 0.0005 + 0.0045 * (0.5 - 0.5 * np.cos(_turn(frames, rate_hz, speed_hz)))
    late = delayed(samples, sweep_s * rate_hz)
    return (samples + np.float32(amount) * late) * np.float32((1 + amount**2) ** -0.5)


def phaser(
    samples: Sound, rate_hz: int, amount: float = 0.9, speed_hz: float = 0.35, stages: int = 6
) -> Sound:
    """All-passes whose notches wander between 250 Hz and 2.5 kHz, `[2, N]` → `[2, N]`."""
    corner_hz = 250 * 10 ** (0.5 - 0.5 * np.cos(_turn(samples.shape[1], rate_hz, speed_hz)))

    def response(f: NDArray[np.floating], corner: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        s = 1j * f / corner
        return (1 + amount * ((1 - s) / (1 + s)) ** stages) / (1 + amount**2) ** 0.5

    return swept(samples, rate_hz, response, corner_hz)


def tremolo(samples: Sound, rate_hz: int, pulse: Pulse, amount: float = 0.6) -> Sound:
    """Level that wavers in time with the beat, about five times a second, `[C, N]` → `[C, N]`."""
    times = max(1, round(5.5 * pulse.beat_s))
    position = pulse.positions(samples.shape[1], rate_hz)
    level = 1 - amount * (0.5 - 0.5 * np.cos(2 * np.pi * times * position))
    return samples * (level / (1 - amount / 2) ** 0.5).astype(np.float32)


def autopan(samples: Sound, rate_hz: int, pulse: Pulse, amount: float = 0.85, beats: float = 4.0) -> Sound:
    """From side to side once in so many beats, `[2, N]` → `[2, N]`; as loud everywhere."""
    position = pulse.positions(samples.shape[1], rate_hz)
    angle = np.pi / 4 * (1 + amount * np.sin(2 * np.pi * position / beats))
    gains = np.stack([np.cos(angle), np.sin(angle)]) * 2**0.5
    middle = samples.mean(axis=0)
    # The middle moves, not each side by itself: what is at one side would vanish when the other plays.
    mixed = np.float32(amount) * middle + np.float32(1 - amount) * samples
    return (mixed * gains).astype(np.float32)


def wobble(
    samples: Sound,
    rate_hz: int,
    rng: np.random.Generator,
    wow_cents: float = 14.0,
    flutter_cents: float = 4.0,
) -> Sound:
    """A tape that does not run evenly: slow wow and fast flutter of the pitch, `[C, N]` → `[C, N]`.

    The depths are peaks of the pitch; the tape is in time again at both ends.
    """
    frames = samples.shape[1]
    t = np.arange(frames) / rate_hz
    offset_s = np.zeros(frames)
    for speed_hz, cents in ((0.55, 0.7 * wow_cents), (1.13, 0.3 * wow_cents), (7.1, flutter_cents)):
        # Pitch is the slope of the offset: a sine of d seconds at f bends it by 2 pi f d.
        depth_s = (2 ** (cents / 1200) - 1) / (2 * np.pi * speed_hz)
        offset_s += depth_s * np.sin(2 * np.pi * (speed_hz * t + rng.random()))
    edge = np.clip(np.minimum(t, t[-1:] - t) / EDGE_S, 0, 1) if frames else t
    offset_s *= edge * rate_hz
    return _read(samples, np.clip(np.arange(frames) + offset_s, 0, max(frames - 1, 0)))

"""The stem: lines put together, doubled, and levelled so that every word is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.dynamics import compressor
from punchin.engines.embedded.effects.filters import bell, filtered, high_pass, high_shelf
from punchin.engines.embedded.voice.speaking import SPEECH_HZ
from punchin.resample import return_to
from punchin.song import Song

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engines.embedded.voice.performing import Sound

    Floats = NDArray[np.floating]

LEVEL = 0.1
"""RMS of the stem where it sounds (-20 dB); the mix decides how loud it is against the band."""

COPY_DB = -9.0
"""How much quieter a double is."""

COPIES_S = ((0.013, 0.022), (0.026, 0.017))
"""How late each double is on the left and on the right: wide, and not an echo."""

COPY_CENTS = 9.0
"""How far each side of a double is out of tune, one down, one up."""

RUMBLE_HZ = 120.0
PRESENCE_HZ, PRESENCE_DB = 2600.0, 5.0
AIR_HZ, AIR_DB = 5000.0, 5.0
"""Where consonants and second formants are: what tells words apart in a mix."""

THRESHOLD_DB, RATIO = -4.0, 3.0
FADE_S = 0.004
RING_S = 0.03
"""How long the filters may ring on after a line."""


def levelled(sound: Sound) -> Sound:
    """A line at the level of all lines: the RMS of where it sounds."""
    loud = np.abs(sound.samples) > 1e-4
    if not loud.any():
        return sound
    rms = float(np.sqrt(np.mean(sound.samples[loud] ** 2)))
    return type(sound)(sound.samples * (LEVEL / rms), sound.start)


def assembled(lead: Sequence[Sound], copies: Sequence[tuple[Sound, Sound]], frames: int) -> Floats:
    """Lines and their doubles in one piece at 16 kHz: `[1, N]`, or `[2, N]` if there are doubles.

    Args:
        lead: the lines, levelled.
        copies: left and right of each double of each line.
        frames: of the hole, at 16 kHz.
    """
    stem = np.zeros((2 if copies else 1, frames), np.float32)
    heard = np.zeros(frames, bool)
    for sound in lead:
        _add(stem, sound)
        heard[max(0, sound.start) : max(0, sound.start + len(sound.samples) + round(RING_S * SPEECH_HZ))] = (
            True
        )
    for sides in copies:
        for channel, sound in zip(stem, sides, strict=True):
            _add(channel[None], sound)
    if not stem.any():
        return stem
    stem = filtered(stem, SPEECH_HZ, _clear)
    stem = compressor(stem, SPEECH_HZ, THRESHOLD_DB, RATIO, attack_s=0.006, release_s=0.09)
    stem = stem * _mask(heard)
    loud = np.abs(stem) > 1e-3
    return (
        stem * np.float32(LEVEL / np.sqrt(np.mean(np.square(stem[loud], dtype=np.float64))))
        if loud.any()
        else stem
    )


def at_rate(stem: Floats, rate_hz: int, frames: int) -> NDArray[np.float32]:
    """The stem at the song's rate, exactly so many frames: `[N]` if it is mono, else `[2, N]`."""
    song = return_to(Song(stem.astype(np.float32), SPEECH_HZ), rate_hz, len(stem), frames)
    samples = np.asarray(song.samples, dtype=np.float32)
    return samples[0] if len(samples) == 1 else samples


def _clear(f: Floats) -> NDArray[np.complexfloating]:
    return (
        high_pass(f, SPEECH_HZ, RUMBLE_HZ)
        * bell(f, SPEECH_HZ, PRESENCE_HZ, PRESENCE_DB, 0.8)
        * high_shelf(f, SPEECH_HZ, AIR_HZ, AIR_DB)
    )


def _add(channels: Floats, sound: Sound) -> None:
    """Into every channel; what lies outside is cut."""
    start, end = max(0, sound.start), min(channels.shape[1], sound.start + len(sound.samples))
    if start < end:
        channels[:, start:end] += sound.samples[start - sound.start : end - sound.start]


def _mask(heard: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 where lines sound, 0 elsewhere and at both ends of the hole, with short fades inside."""
    width = round(FADE_S * SPEECH_HZ)
    padded = np.pad(heard, width)
    run = np.cumsum(np.concatenate([[0], padded]))
    share = (run[2 * width + 1 :] - run[: -2 * width - 1]) / (2 * width + 1)
    return (np.clip(2 * share - 1, 0, 1) ** 2).astype(np.float32)

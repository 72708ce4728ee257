"""The samples themselves, for the page to play: a WAV file of 32-bit floats."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from punchin.desk.outline import part_of
from punchin.errors import RegionError
from punchin.region import Frames

if TYPE_CHECKING:
    from punchin.desk.protocol import Answer, Sound
    from punchin.songfile import SongFile

LONGEST_S = 30
BLOCK_FRAMES = 1 << 16
FLOAT_TAG = 3
"""WAVE_FORMAT_IEEE_FLOAT (Multiple Channel Audio Data and WAVE Files, Microsoft 2001)."""


def sound(song: SongFile, question: Sound, answer: Answer) -> None:
    """Give a part of a song as WAV: exactly what a decode of the whole song gives, at its own rate.

    Raises:
        RegionError: the part is empty, too long, or begins after the end.
        SongError: it is damaged there.
    """
    if not 0 < question.frames <= LONGEST_S * song.rate_hz:
        raise RegionError(
            f"{question.frames} frames were asked for; 1 to {LONGEST_S * song.rate_hz} ({LONGEST_S} s) are "
            "given at once"
        )
    part = part_of(song, question.start, question.frames)
    answer.give(wav_head(song.rate_hz, song.channels, len(part)))
    for start in range(part.start, part.end, BLOCK_FRAMES):
        block = song.read(Frames(start, min(start + BLOCK_FRAMES, part.end)))
        answer.give(np.ascontiguousarray(block.samples.T, "<f4").tobytes())


def wav_head(rate_hz: int, channels: int, frames: int) -> bytes:
    """Everything of a float WAV file before its samples: 58 bytes."""
    frame_bytes = 4 * channels
    sound_bytes = frames * frame_bytes
    form = struct.pack(
        "<HHIIHHH", FLOAT_TAG, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 32, 0
    )  # the last field: no more to come
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + 8 + len(form) + 12 + 8 + sound_bytes, b"WAVE")
        + struct.pack("<4sI", b"fmt ", len(form))
        + form
        + struct.pack("<4sII", b"fact", 4, frames)
        + struct.pack("<4sI", b"data", sound_bytes)
    )

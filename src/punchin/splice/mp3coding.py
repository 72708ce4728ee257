"""New Layer III frames from sound: libsndfile's LAME, taken apart so that each frame stands for itself.

LAME as libsndfile runs it always uses the bit reservoir: a frame's main data lies partly in earlier frames.
Here every frame gets its own main data back (main_data_begin and the part2_3_lengths say where it lies), and
`mp3packing` lays them out anew.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from punchin.errors import OutputError
from punchin.songfile.mpeg import GRANULE, Header, InfoTag, SideInfo
from punchin.songfile.mpeg.header import MPEG1, MPEG25
from punchin.songfile.mpeg.infotag import DECODER_DELAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from punchin.songfile import Native
    from punchin.songfile.mpeg import Form

ENCODER_DELAY = GRANULE
"""LAME's delay in samples (LAME, encoder.h, ENCDELAY)."""
FEED_OFFSET = ENCODER_DELAY + DECODER_DELAY
"""The first sample that LAME is given comes out of a decoder as this one."""
WARM_UP = 4
"""Frames coded in front and dropped: until LAME's psychoacoustics and filter bank have heard enough."""
RUN_OUT = 3
"""Frames fed behind, so that LAME can look ahead."""
LOUDEST = 8.0
"""Beyond this (18 dB over full scale) a sample is a fault, and LAME may not survive it."""

_SETTABLE_KBPS = {MPEG1: (32, 320), MPEG25: (8, 64)}
"""What libsndfile's compression_level 1 and 0 stand for (mpeg_l3_encode.c); 8 and 160 for MPEG-2."""


@dataclass(frozen=True, slots=True)
class CodedFrame:
    """One frame, free of any reservoir.

    Attributes:
        mode: its header's fourth byte: channel mode, and which stereo it uses.
        side: its side information; main_data_begin in it means nothing.
        main: its main data.
        info: the side information read.
    """

    mode: int
    side: bytes
    main: bytes
    info: SideInfo


def settable_kbps(form: Form) -> list[int]:
    """The constant bitrates, rising, that can be asked for."""
    lowest, highest = _SETTABLE_KBPS.get(form.version, (8, 160))
    # libsndfile refuses compression level 1.0, so the lowest of all cannot be asked for.
    return [kbps for kbps in form.bitrates_kbps if lowest < kbps <= highest]


def encode(sound: Iterable[Native], form: Form, kbps: int) -> list[CodedFrame]:
    """Code sound at a constant bitrate.

    Args:
        sound: blocks `[n, C]`; their first sample comes out as decoded sample `FEED_OFFSET`.
        form: the form of the frames.
        kbps: one of `settable_kbps`.

    Raises:
        OutputError: if this libsndfile does not code frames of that form.
    """
    lowest, highest = _SETTABLE_KBPS.get(form.version, (8, 160))
    out = io.BytesIO()
    try:
        with soundfile.SoundFile(
            out,
            "w",
            form.rate_hz,
            form.channels,
            "MPEG_LAYER_III",
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=(highest - kbps) / (highest - lowest),
        ) as file:
            for block in sound:
                finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
                file.write(np.clip(finite, -LOUDEST, LOUDEST))
    except soundfile.LibsndfileError as error:
        raise OutputError(
            f"this libsndfile does not write MP3 ({error.error_string}); use --format flac"
        ) from error
    return take_apart(out.getvalue(), form)


def take_apart(mp3: bytes, form: Form) -> list[CodedFrame]:
    """The frames of a clean MP3 stream, each with its own main data; an info frame is left out.

    Raises:
        OutputError: if they are not of that form.
    """
    found: list[tuple[int, bytes, bytes]] = []
    at = 0
    while (header := Header.parse(mp3[at : at + 4])) is not None and at + header.size <= len(mp3):
        if header.form != form:
            raise OutputError(
                f"this libsndfile codes {form.rate_hz} Hz as {header.form.rate_hz} Hz; use --format flac"
            )
        frame = mp3[at : at + header.size]
        if at > 0 or InfoTag.parse(frame) is None:
            side = frame[header.side_offset : header.main_offset]
            found.append((frame[3], side, frame[header.main_offset :]))
        at += header.size
    areas = b"".join(area for _, _, area in found)
    coded: list[CodedFrame] = []
    area_at = 0
    for mode, side, area in found:
        info = SideInfo.parse(side, form)
        begin = area_at - info.main_data_begin
        coded.append(CodedFrame(mode, side, areas[begin : begin + info.main_bytes], info))
        area_at += len(area)
    return coded

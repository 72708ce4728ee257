"""The new frames of one edit: sound put together, coded, and packed to fit between the kept frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from punchin.errors import OutputError
from punchin.songfile.mpeg import Header
from punchin.songfile.mpeg.header import MPEG1
from punchin.splice.mp3coding import FEED_OFFSET, RUN_OUT, WARM_UP, encode, settable_kbps
from punchin.splice.mp3fitting import Limits, Takes, lighten_until_fit
from punchin.splice.mp3packing import Container, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from punchin.songfile import Native
    from punchin.songfile.mp3 import Mp3File
    from punchin.songfile.mpeg import MpegStream
    from punchin.splice.model import Patch
    from punchin.splice.mp3coding import CodedFrame
    from punchin.splice.mp3joints import Span

AROUND = 50
"""So many frames on each side tell the bitrate that the new ones must not fall below."""
VBR_HEADROOM = 1.15
"""Constant bitrate needs about this much more than the average of a variable one to sound as good."""
BLOCK_FRAMES = 1 << 16
HEADERLESS_LEAST = 0.6
"""Where the bitrate must stay, frames at the ends of an edit are coded at no less than this part of it; if
that does not do, a few containers get a higher bitrate all the same."""


@dataclass(frozen=True, slots=True)
class NewFrames:
    """Whole frames as they are written, for the frames of `span`."""

    span: Span
    frames: list[bytes]


def make_frames(source: Mp3File, patch: Patch, span: Span, report: Callable[[float], None]) -> NewFrames:
    """Code the frames of a span with the patch in their sound.

    Raises:
        OutputError: if they cannot be packed, or this libsndfile cannot code them.
    """
    stream = source.stream
    form = stream.form
    tail = kept_lookback(stream, span.last)
    kbps = coding_kbps(stream, span)
    takes = Takes(lambda part, rate: _coded(source, patch, part, rate, report), span, kbps)
    largest = len(form.bitrates_kbps) - 1
    limits = [Limits(_containers(stream, span, kbps), len(tail), form, largest)]
    if _keeps_bitrate(stream):
        limits.insert(
            0, replace(limits[0], highest=form.bitrates_kbps.index(kbps), lightest=HEADERLESS_LEAST)
        )
    for limit in limits:
        fitted = lighten_until_fit(takes, limit)
        if fitted is not None:
            return NewFrames(span, lay_out(fitted.frames, fitted.containers, tail, form))
    raise OutputError(
        "the frames behind the edit look back for more than new frames can carry; use --format flac"
    )


def _keeps_bitrate(stream: MpegStream) -> bool:
    """Whether players tell the song's length from the bitrate of its first frame."""
    return stream.tag is None and len(stream.form.bitrates_of(stream.sizes)) == 1


def kept_lookback(stream: MpegStream, last: int) -> bytes:
    """The main data in front of frame `last` that it, and the frames behind it, look back for."""
    limit = stream.form.reservoir_bytes
    needed = behind = 0
    number = last
    while number < len(stream) and behind < limit:
        (frame,) = stream.frames(number, number + 1)
        needed = max(needed, stream.side(frame).main_data_begin - behind)
        behind += len(stream.main_area(frame))
        number += 1
    return stream.main_before(last)[-needed:] if needed else b""


def coding_kbps(stream: MpegStream, span: Span) -> int:
    """The bitrate for new frames: not below the source's around them, nor below what sounds clean.

    A song of constant bitrate without an info tag keeps it, because players tell its length from it.
    """
    form = stream.form
    settable = settable_kbps(form)
    near = stream.sizes[max(0, span.first - AROUND) : span.last + AROUND]
    rates = form.bitrates_of(near)
    constant = len(rates) == 1
    if constant:
        wanted: float = rates[0]
    else:
        wanted = VBR_HEADROOM * float(near.mean()) * 8 * form.rate_hz / form.frame_samples / 1000
    if not (constant and stream.tag is None):
        clean = (192 if form.version == MPEG1 else 96) * (form.channels + 1) // 3
        wanted = max(wanted, clean)
    return next((kbps for kbps in settable if kbps >= wanted), settable[-1])


def _containers(stream: MpegStream, span: Span, kbps: int) -> list[Container]:
    """The smallest container of each frame: the source's own where the bitrate is constant and kept."""
    headers = [frame[:4] for frame in stream.frames(span.first, span.last)]
    parsed = [Header.parse(header) for header in headers]
    constant = len({header.kbps for header in parsed if header}) == 1
    if constant and parsed[0] is not None and parsed[0].kbps >= kbps:
        return [Container.like(header) for header in headers]
    return [Container.like(header).smallest() for header in headers]


def _coded(
    source: Mp3File, patch: Patch, span: Span, kbps: int, report: Callable[[float], None]
) -> list[CodedFrame]:
    """Code the frames of `span` at a bitrate, with LAME warmed up on what comes before."""
    form = source.stream.form
    start = (span.first - WARM_UP) * form.frame_samples + FEED_OFFSET
    end = (span.last + RUN_OUT) * form.frame_samples
    coded = encode(_sound(source, patch, start, end, report), form, kbps)
    new = coded[WARM_UP : WARM_UP + len(span)]
    if len(new) != len(span):
        raise OutputError("this libsndfile's MP3 coder gave too few frames; use --format flac")
    return new


def _sound(
    source: Mp3File, patch: Patch, start: int, end: int, report: Callable[[float], None]
) -> Iterator[Native]:
    """Decoded samples `[n, C]` of the source with the patch in them, in blocks; zeros beyond its ends."""
    a, b = patch.frames.start + source.skip, patch.frames.end + source.skip
    a, b = min(max(a, start), end), min(max(b, start), end)
    first = patch.frames.start + source.skip
    if start < a:
        yield source.decoded(start, a)
    for at in range(a, b, BLOCK_FRAMES):
        yield patch.samples[:, at - first : min(at + BLOCK_FRAMES, b) - first].T
        report((at - a) / (b - a))
    if b < end:
        yield source.decoded(b, end)

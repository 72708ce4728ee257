from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.songfile.mpeg import Form, SideInfo
from punchin.songfile.mpeg.header import MPEG1, MPEG2, MPEG25
from punchin.splice.mp3coding import CodedFrame, take_apart
from punchin.splice.mp3packing import Container, fit, lay_out

FORMS = [Form(MPEG1, 0, 2), Form(MPEG1, 1, 1), Form(MPEG2, 0, 2), Form(MPEG25, 2, 1)]


def side_information(form: Form, lengths: list[int], types: list[int]) -> bytes:
    """Side information written bit by bit, in the order of the standards (2.4.1.7 in both)."""
    one = form.version == MPEG1
    bits = "0" * (9 if one else 8)
    if one:
        bits += "0" * (5 if form.channels == 1 else 3) + "0" * 4 * form.channels
    else:
        bits += "0" * form.channels
    for length, block in zip(lengths, types, strict=True):
        bits += f"{length:012b}" + "0" * 9 + "0" * 8 + "0" * (4 if one else 9)
        bits += ("1" + f"{block:02b}" + "0" * 20) if block else "0" * 23
        bits += "000" if one else "00"
    assert len(bits) == form.side_bytes * 8
    return int(bits, 2).to_bytes(form.side_bytes, "big")


def frame_of(form: Form, main_bytes: int, seed: int, types: list[int] | None = None) -> CodedFrame:
    """A frame with that much main data, random."""
    count = form.granules * form.channels
    bits = main_bytes * 8
    lengths = [bits // count] * (count - 1) + [bits - bits // count * (count - 1)]
    side = side_information(form, lengths, types or [0] * count)
    main = np.random.default_rng(seed).integers(0, 256, main_bytes, dtype=np.uint8).tobytes()
    return CodedFrame(0x40, side, main, SideInfo.parse(side, form))


@st.composite
def packed(draw: st.DrawFn) -> tuple[Form, list[CodedFrame], list[Container], bytes]:
    form = draw(st.sampled_from(FORMS))
    most = min(1_000, 4095 * form.granules * form.channels // 8)
    sizes = draw(st.lists(st.integers(0, most), min_size=1, max_size=12))
    frames = [frame_of(form, size, seed) for seed, size in enumerate(sizes)]
    second = 0xE0 | form.version << 3 | 1 << 1 | draw(st.integers(0, 1))
    third = form.rate_index << 2
    fourth = 0xC0 if form.channels == 1 else 0x40
    index = draw(st.integers(1, 14))
    least = [Container(index, 0, second, third, fourth & 0x0F) for _ in frames]
    frames = [CodedFrame(fourth, frame.side, frame.main, frame.info) for frame in frames]
    return form, frames, least, draw(st.binary(max_size=form.reservoir_bytes))


@settings(max_examples=60, deadline=None)
@given(packed())
def test_what_fits_comes_back_as_it_was_and_leaves_the_tail(
    case: tuple[Form, list[CodedFrame], list[Container], bytes],
) -> None:
    form, frames, least, tail = case
    containers = fit(frames, least, len(tail), form, 14)
    if containers is None:
        return
    laid = b"".join(lay_out(frames, containers, tail, form))
    assert [frame.main for frame in take_apart(laid, form)] == [frame.main for frame in frames]
    assert laid.endswith(tail)
    assert take_apart(laid, form)[0].info.main_data_begin == 0
    for chosen, smallest in zip(containers, least, strict=True):
        assert chosen.bitrate_index >= smallest.bitrate_index


@settings(max_examples=60, deadline=None)
@given(packed())
def test_it_fits_whenever_the_largest_containers_would_do(
    case: tuple[Form, list[CodedFrame], list[Container], bytes],
) -> None:
    form, frames, least, tail = case
    room = 0
    fits = True
    for frame, container in zip(frames, least, strict=True):
        largest = Container(14, 1, container.second, container.third, container.fourth)
        room = min(room, form.reservoir_bytes) + largest.area_bytes(form) - len(frame.main)
        fits = fits and room >= 0
    assert (fit(frames, least, len(tail), form, 14) is not None) == (fits and room >= len(tail))


def test_what_does_not_fit_is_refused() -> None:
    form = FORMS[0]
    frames = [frame_of(form, 600, 0)]
    container = Container(9, 0, 0xFB, 0, 0)
    with pytest.raises(ValueError, match="do not fit"):
        lay_out(frames, [container], b"", form)
    assert fit(frames, [container], 0, form, highest=9) is None
    assert fit(frames, [container], 511, form, highest=14) is None


@pytest.mark.parametrize("form", FORMS)
def test_side_information_is_read_as_it_was_written(form: Form) -> None:
    count = form.granules * form.channels
    rng = np.random.default_rng(form.version)
    for _ in range(50):
        lengths = rng.integers(0, 4096, count).tolist()
        types = rng.integers(0, 4, count).tolist()
        info = SideInfo.parse(side_information(form, lengths, types), form)
        assert info.main_bits == sum(lengths)
        assert [block for granule in info.block_types for block in granule] == types
        first, last = types[: form.channels], types[-form.channels :]
        assert info.rises_long() == all(block in (0, 1) for block in first)
        assert info.falls_long() == all(block in (0, 3) for block in last)

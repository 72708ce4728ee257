import io

import numpy as np
import pytest
from fastcrc import crc8
from hypothesis import given
from hypothesis import strategies as st

from punchin.songfile.flacblocks import BlockKind, StreamInfo, read_layout
from punchin.songfile.flacframes import FrameFinder, parse_header
from support.sounds import coded_number, flac_file, noise

INFO = StreamInfo(4096, 65_535, 0, 0, 44_100, 2, 16, 0, bytes(16))


def header(block=0x70, rate=0x9, channels=1, bits=4, number=0, strategy=0, tail=b"\x0f\xff"):
    body = (
        bytes([0xFF, 0xF8 | strategy, block | rate, channels << 4 | bits << 1]) + coded_number(number) + tail
    )
    return body + bytes([crc8.smbus(body)])


def finder_of(content):
    file = io.BytesIO(content)
    return FrameFinder(file, read_layout(file, len(content)))


@given(st.integers(0, 2**36 - 1))
def test_numbers_of_every_length_are_read(number):
    read = parse_header(header(number=number, strategy=1), INFO)
    assert read is not None
    assert (read.number, read.by_sample, read.block) == (number, True, 4096)


@pytest.mark.parametrize(
    ("block", "tail", "frames"),
    [
        (0x10, b"", 192),
        (0x20, b"", 576),
        (0x50, b"", 4608),
        (0x60, b"\x0f", 16),
        (0x80, b"", 256),
        (0xF0, b"", 32_768),
    ],
)
def test_block_sizes_are_those_of_the_table(block, tail, frames):
    assert parse_header(header(block=block, tail=tail), INFO).block == frames


@pytest.mark.parametrize(
    "wrong",
    [
        header(block=0x00),
        header(rate=0xF),
        header(rate=0xA),  # 48 kHz in a stream of 44.1 kHz
        header(channels=11),
        header(channels=2),  # three channels in a stream of two
        header(bits=6),
        header(bits=3),
        header()[:-1] + bytes([header()[-1] ^ 1]),
        b"\xff\xfa" + header()[2:],
        header()[:5],
        b"",
    ],
)
def test_what_does_not_fit_the_stream_is_no_header(wrong):
    assert parse_header(header(), INFO) is not None
    assert parse_header(wrong, INFO) is None


def test_every_frame_is_found_by_any_of_its_samples():
    sizes = [16, 4096, 100, 3000, 17, 5000]
    finder = finder_of(flac_file(noise(sum(sizes)), 16, block=sizes))
    start = 0
    for size in sizes:
        for sample in (start, start + size // 2, start + size - 1):
            frame = finder.holding(sample)
            assert (frame.start, frame.end) == (start, start + size)
        start += size
    assert finder.holding(start) is None
    assert finder.last().end == start
    assert finder.next(finder.last()) is None


def test_bisection_reads_little_of_a_long_file():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, *count):
            data = super().read(*count)
            self.taken += len(data)
            return data

    file = Counting(flac_file(noise(400_000, bits=24), 24, block=4096))
    finder = FrameFinder(file, read_layout(file, len(file.getvalue())))
    assert finder.holding(300_000).start == 300_000 // 4096 * 4096
    assert file.taken < len(file.getvalue()) / 2


def test_sound_that_looks_like_a_whole_frame_is_not_believed():
    rng = np.random.default_rng(0)
    sound = rng.integers(-32_768, 32_767, (1, 40 * 4096))
    inner = finder_of(flac_file(noise(3 * 4096, 1), 16))
    fake = inner.bytes_of(inner.next(inner.first()))
    fake += b"\0" * (len(fake) & 1)
    for block in range(40):
        # Sound without a pattern is kept verbatim, so that these samples stand as bytes in the file.
        sound[0, block * 4096 + 100 : block * 4096 + 100 + len(fake) // 2] = np.frombuffer(fake, ">i2")
    content = flac_file(sound, 16)
    assert content.count(fake[:-1]) == 40
    finder = finder_of(content)
    for sample in range(0, 40 * 4096, 1000):
        assert finder.holding(sample).start == sample // 4096 * 4096


def test_metadata_is_walked_and_written_back():
    blocks = [(BlockKind.PADDING, bytes(100)), (BlockKind.PICTURE, bytes(1000)), (100, b"new kind")]
    content = flac_file(noise(100), 16, blocks=blocks)
    layout = read_layout(io.BytesIO(content), len(content))
    assert [(block.kind, block.length) for block in layout.blocks] == [(0, 34), (1, 100), (6, 1000), (100, 8)]
    body = content[8:42]
    assert StreamInfo.parse(body).to_bytes() == body
    assert content[layout.sound_offset] == 0xFF

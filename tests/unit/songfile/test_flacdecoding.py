import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.songfile.flacblocks import read_layout
from punchin.songfile.flacdecoding import DamagedFrame, decode_frame
from punchin.songfile.flacframes import FrameFinder, parse_header
from support.sounds import noise


def frames_of(sound, bits, level):
    """Every coded frame that libFLAC makes of this sound: its bytes and its header."""
    file = io.BytesIO()
    left = (sound.T << (32 - bits)).astype(np.int32)
    soundfile.write(file, left, 44_100, format="FLAC", subtype=f"PCM_{bits}", compression_level=level)
    layout = read_layout(file, len(file.getvalue()))
    finder = FrameFinder(file, layout)
    frame = finder.first()
    while frame:
        yield frame, finder.bytes_of(frame), layout.info
        frame = finder.next(frame)


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_what_libflac_codes_is_decoded_exactly(bits, level, channels):
    sound = noise(10_000, channels, bits)
    sound[:, 4096:6000] = 0
    for frame, data, info in frames_of(sound, bits, level):
        decoded = decode_frame(data + b"what follows", frame.header, info)
        assert decoded.length == len(data)
        assert np.array_equal(decoded.samples, sound[:, frame.start : frame.end])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_bits_give_sound_or_one_error(data):
    frame, coded, info = next(frames_of(noise(600), 16, 0.5))
    bent = bytearray(coded)
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(frame.header.length, len(bent) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(bent[: data.draw(st.integers(frame.header.length, len(bent)))])
    try:
        decoded = decode_frame(cut, parse_header(coded, info), info)
    except DamagedFrame:
        return
    assert decoded.samples.shape == (2, frame.header.block)

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.songfile.flacblocks import StreamInfo
from punchin.songfile.flacdecoding import decode_frame
from punchin.songfile.flacframes import parse_header
from support.sounds import by_ffmpeg, flac_file, flac_frame, flac_test, noise


def coded(sound, bits, number=0):
    info = StreamInfo(16, 65_535, 0, 0, 44_100, len(sound), bits, 0, bytes(16))
    return flac_frame(sound, info, number, by_sample=True), info


def round_trip(sound, bits):
    frame, info = coded(sound, bits)
    decoded = decode_frame(frame, parse_header(frame, info), info)
    assert decoded.length == len(frame)
    return decoded.samples


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_every_sound_comes_back(data):
    bits = data.draw(st.integers(4, 32))
    channels, frames = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 40))
    top = 2 ** (bits - 1)
    values = st.one_of(st.integers(-top, top - 1), st.sampled_from([-top, top - 1, 0]), st.integers(-2, 1))
    flat = data.draw(st.lists(values, min_size=channels * frames, max_size=channels * frames))
    wasted = data.draw(st.integers(0, bits - 1))
    sound = np.array(flat, np.int64).reshape(channels, frames) >> wasted << wasted
    assert np.array_equal(round_trip(sound, bits), sound)


@pytest.mark.parametrize("bits", [8, 12, 16, 24, 32])
def test_other_decoders_agree(tmp_path, bits):
    sizes = [4608, 16, 4096, 1, 777, 192, 65_535]
    sound = noise(sum(sizes), 2, bits)
    sound[1, :4608] = sound[0, :4608] // 2  # worth a side channel
    sound[:, 5000:6000] = -(2 ** (bits - 1))  # a constant
    sound[:, 9000:9300] = sound[:, 9000:9300] >> 3 << 3  # wasted bits
    path = tmp_path / "song.flac"
    path.write_bytes(flac_file(sound, bits, 48_000, sizes))
    flac_test(path)
    decoded = by_ffmpeg(path)
    assert np.array_equal(decoded >> (decoded.dtype.itemsize * 8 - bits), sound)


def test_size_is_near_that_of_libflac():
    import soundfile

    sound = noise(4096 * 10)
    theirs = io.BytesIO()
    soundfile.write(theirs, sound.T.astype(np.int16), 44_100, format="FLAC", compression_level=0.0)
    ours = flac_file(sound, 16)
    assert len(ours) < 1.02 * len(theirs.getvalue())


def test_cheap_sound_is_cheap():
    assert len(coded(np.full((2, 4096), 7), 16)[0]) < 20
    ramp = np.arange(4096)[None] * 3
    assert len(coded(ramp, 16)[0]) < 0.13 * 4096  # a bit for each
    hiss = np.random.default_rng(0).integers(-(2**15), 2**15, (1, 4096))
    assert len(coded(hiss, 16)[0]) < 4096 * 2 + 20
    wide = noise(4096, 1, 16) << 8
    assert abs(len(coded(wide, 24)[0]) - len(coded(noise(4096, 1, 16), 16)[0])) < 10


def test_what_few_decoders_read_is_not_written():
    sound = np.zeros((1, 4096), np.int64)
    sound[0, 100], sound[0, 50] = -(2**31), 1
    frame, info = coded(sound, 32)
    # A residual of -2^31 is forbidden (9.2.7.3): kept verbatim instead.
    assert frame[parse_header(frame, info).length] >> 1 == 1
    frame, info = coded(np.repeat(noise(500, 1, 32), 2, axis=0), 32)
    assert parse_header(frame, info).channels_code == 1  # no side channel of 33 bits
    frame, info = coded(np.repeat(noise(500, 1, 24), 2, axis=0), 24)
    assert parse_header(frame, info).channels_code > 7

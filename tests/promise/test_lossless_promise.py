"""The promise for WAV and FLAC, over depths, rates, channels, odd lengths and regions at every edge.

Outside the patches: decoded samples identical by two decoders, length identical; WAV bytes identical; whole
FLAC frames and all metadata byte for byte.
"""

import hashlib
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.region import Frames
from punchin.songfile import open_song
from punchin.songfile.flacblocks import BlockKind
from punchin.splice import Method, Patch, splicer_for
from support.sounds import by_ffmpeg, chunk, flac_file, flac_test, noise, wav_file, wav_format, wav_sound

RATES_HZ = st.sampled_from([8_000, 11_025, 22_050, 37_123, 44_100, 48_000, 96_000, 192_000])
WAV_KINDS = st.sampled_from([(8, False), (16, False), (24, False), (32, False), (32, True), (64, True)])


@st.composite
def regions(draw, total):
    """One to four regions that do not overlap: at the start, the end, one frame, everything."""
    cuts = st.integers(0, total) | st.sampled_from([0, 1, total - 1, total])
    marks = sorted(set(draw(st.lists(cuts, min_size=2, max_size=8))))
    found = [Frames(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    return found or [Frames(0, total)]


def written(source, output, patches):
    with open_song(source) as song, output.open("w+b") as file:
        splicer = splicer_for(song)
        assert all(splicer.writable(patch.frames) == patch.frames for patch in patches)
        return splicer.write(patches, file, lambda _: None)


def patched(sound, patches):
    sound = sound.copy()
    for patch in patches:
        sound[:, patch.frames.start : patch.frames.end] = patch.samples
    return sound


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_wav(tmp_path_factory, data):
    bits, is_float = data.draw(WAV_KINDS)
    channels, frames, rate_hz = (
        data.draw(st.integers(1, 8)),
        data.draw(st.integers(1, 700)),
        data.draw(RATES_HZ),
    )
    big_endian = data.draw(st.booleans())
    extensible = data.draw(st.booleans()) and not big_endian  # libsndfile does not read both at once
    order = ">" if big_endian else "<"
    sound = noise(frames, channels, bits if not is_float else 24)
    sound = (sound / 2**23).astype(f"f{bits // 8}") if is_float else sound
    folder = tmp_path_factory.mktemp("wav")
    source, output = folder / "a.wav", folder / "b.wav"
    source.write_bytes(
        wav_file(
            wav_format(bits, channels, rate_hz, is_float=is_float, extensible=extensible, order=order),
            wav_sound(sound, bits, is_float=is_float, order=order),
            magic=b"RIFX" if big_endian else b"RIFF",
            before=chunk(b"bext", bytes(range(251)), order),
            after=chunk(b"cue ", bytes(28), order) + chunk(b"iXML", b"<x/>", order),
        )
    )
    patches = []
    for region in data.draw(regions(frames)):
        new = noise(len(region), channels, bits if not is_float else 24, seed=9)
        dtype = f"f{bits // 8}" if is_float else (np.int16 if bits <= 16 else np.int32)
        patches.append(Patch(region, (new / 2**23).astype(dtype) if is_float else new.astype(dtype)))
    splice = written(source, output, patches)
    assert splice.method is Method.BYTES

    before, after = source.read_bytes(), output.read_bytes()
    expected = bytearray(before)
    start, block = before.index(b"data") + 8, channels * bits // 8
    for patch in patches:
        sound_bytes = wav_sound(patch.samples, bits, is_float=is_float, order=order)
        expected[start + patch.frames.start * block : start + patch.frames.end * block] = sound_bytes
    assert after == bytes(expected)
    whole = patched(sound, patches)
    with open_song(output) as song:
        assert np.array_equal(song.read_native(Frames(0, frames)), whole)
    theirs, their_rate_hz = soundfile.read(output, dtype="float64", always_2d=True)
    assert their_rate_hz == rate_hz
    assert np.array_equal(theirs.T, whole if is_float else whole / 2.0 ** (bits - 1))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_flac(tmp_path_factory, data):
    bits = data.draw(st.sampled_from([8, 12, 16, 16, 20, 24, 24, 32]))
    channels, rate_hz = data.draw(st.integers(1, 8)), data.draw(RATES_HZ)
    if data.draw(st.booleans()):
        block = data.draw(st.lists(st.integers(16, 900), min_size=1, max_size=7))
        frames = sum(block)
    else:
        block, frames = (
            data.draw(st.sampled_from([16, 192, 1000, 4096, 4608])),
            data.draw(st.integers(1, 3_000)),
        )
    sound = noise(frames, channels, bits)
    md5 = hashlib.md5(_md5_form(sound, bits)).digest() if data.draw(st.booleans()) else bytes(16)
    blocks = [
        (3, struct.pack(">QQH", 0, 0, 16)),
        (4, struct.pack("<II", 0, 0)),
        (2, b"test" + bytes(9)),
        (1, bytes(99)),
    ]
    folder = tmp_path_factory.mktemp("flac")
    source, output = folder / "a.flac", folder / "b.flac"
    source.write_bytes(flac_file(sound, bits, rate_hz, block, blocks=blocks, md5=md5))
    patches = [
        Patch(region, noise(len(region), channels, bits, seed=9).astype(np.int16 if bits <= 16 else np.int32))
        for region in data.draw(regions(frames))
    ]
    splice = written(source, output, patches)
    assert splice.method is Method.FRAMES

    whole = patched(sound, patches)
    with open_song(output) as song, open_song(source) as old:
        assert (song.rate_hz, song.channels, song.frames) == (rate_hz, channels, frames)
        assert np.array_equal(song.read_native(Frames(0, frames)), whole)
        assert song.layout.info.md5 in (bytes(16), hashlib.md5(_md5_form(whole, bits)).digest())
        _same_metadata(old, song)
        _same_frames(old, song, patches)
    decoded = by_ffmpeg(output)
    assert np.array_equal(decoded >> (decoded.dtype.itemsize * 8 - bits), whole)


def _md5_form(sound, bits):
    return b"".join(x.to_bytes(-(-bits // 8), "little", signed=True) for x in sound.T.ravel().tolist())


def _same_metadata(old, new):
    before, after = old.path.read_bytes(), new.path.read_bytes()
    assert new.layout.blocks == old.layout.blocks
    for block in old.layout.blocks:
        if block.kind not in (BlockKind.STREAMINFO, BlockKind.SEEKTABLE):
            assert after[block.offset :][: block.length] == before[block.offset :][: block.length]


def _same_frames(old, new, patches):
    """Frame by frame: those that no patch touches are the same bytes."""
    one, other = old.frame_finder.first(), new.frame_finder.first()
    while one and other:
        assert (one.start, one.end) == (other.start, other.end)
        if not any(patch.frames.overlaps(Frames(one.start, one.end)) for patch in patches):
            assert old.frame_finder.bytes_of(one) == new.frame_finder.bytes_of(other)
        one, other = old.frame_finder.next(one), new.frame_finder.next(other)
    assert one is other is None


@pytest.mark.parametrize("level", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_flac_as_libflac_writes_it(tmp_path, level, bits, channels):
    sound = noise(60_001, channels, bits)
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    left = (sound.T << (32 - bits)).astype(np.int32)
    soundfile.write(source, left, 44_100, subtype=f"PCM_{bits}", compression_level=level)
    patches = [
        Patch(Frames(a, b), noise(b - a, channels, bits, seed=9).astype(np.int16 if bits <= 16 else np.int32))
        for a, b in [(0, 1), (4_095, 4_097), (20_000, 31_000), (60_000, 60_001)]
    ]
    splice = written(source, output, patches)
    assert (splice.method, splice.warnings) == (Method.FRAMES, ())
    whole = patched(sound, patches)
    decoded = by_ffmpeg(output)
    assert np.array_equal(decoded >> (decoded.dtype.itemsize * 8 - bits), whole)
    theirs = soundfile.read(output, dtype="int32", always_2d=True)[0].T
    assert np.array_equal(theirs >> (32 - bits), whole)
    with open_song(source) as old, open_song(output) as new:
        _same_frames(old, new, patches)
        assert new.layout.info.md5 == hashlib.md5(_md5_form(whole, bits)).digest()
    flac_test(output)

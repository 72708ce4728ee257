import numpy as np
import pytest
import soundfile

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container, open_song
from punchin.songfile.sndfile import SndFile
from support.songs import SHARED_AUDIO, made_song, needs_shared


def windows(frames, count, seed=0, length=700):
    """Starts in random order, the very first and last among them."""
    starts = np.random.default_rng(seed).integers(0, frames - length, count).tolist()
    return [Frames(start, start + length) for start in [*starts, frames - length, 0, 1]]


def check_windows(path, count=25):
    whole = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    with open_song(path) as song:
        assert isinstance(song, SndFile)
        assert song.frames == whole.shape[1]
        for window in windows(song.frames, count):
            read = song.sample_format.to_float(song.read_native(window))
            assert np.array_equal(read, whole[:, window.start : window.end]), window
        parts = np.concatenate(list(song.blocks(Frames(0, song.frames), 10_007)), axis=1)
        assert np.array_equal(song.sample_format.to_float(parts), whole)


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_vorbis_windows_equal_the_whole(tmp_path, level):
    # A length that is no multiple of a block: the last page is trimmed.
    song = made_song(6.0)
    path = tmp_path / "song.ogg"
    soundfile.write(
        path, song.samples.T[:250_001], 44_100, format="OGG", subtype="VORBIS", compression_level=level
    )
    check_windows(path, 60)


@pytest.mark.parametrize(("rate_hz", "level"), [(48_000, 0.3), (24_000, 0.99), (8_000, 0.99)])
def test_opus_windows_equal_the_whole(tmp_path, rate_hz, level):
    path = tmp_path / "song.opus"
    song = made_song(4.0, rate_hz)
    soundfile.write(path, song.samples.T, rate_hz, format="OGG", subtype="OPUS", compression_level=level)
    with open_song(path) as opened:
        assert (opened.container, opened.rate_hz) == (Container.OPUS, rate_hz)
    check_windows(path, 12)


@pytest.mark.parametrize(
    ("form", "subtype", "bits", "container"),
    [
        ("AIFF", "PCM_16", 16, Container.AIFF),
        ("AIFF", "PCM_24", 24, Container.AIFF),
        ("AIFF", "FLOAT", 32, Container.AIFF),
        ("CAF", "PCM_32", 32, Container.OTHER),
        ("CAF", "ALAC_20", 20, Container.OTHER),
        ("CAF", "ALAC_24", 24, Container.OTHER),
        ("W64", "DOUBLE", 64, Container.OTHER),
        ("W64", "PCM_U8", 8, Container.OTHER),
    ],
)
def test_lossless_kinds_come_back(tmp_path, form, subtype, bits, container):
    path = tmp_path / "song"
    # Not noise: libsndfile 1.2 codes noise of more than 16 bits wrongly as ALAC.
    wide = np.sin(np.arange(40_000).reshape(2, -1).T * 0.05) * 0.6
    soundfile.write(path, wide, 44_100, format=form, subtype=subtype)
    with open_song(path) as song:
        assert (song.container, song.sample_format.bits, song.lossless) == (container, bits, True)
        native = song.read_native(Frames(100, 20_000))
        assert np.abs(native / song.sample_format.full_scale - wide.T[:, 100:]).max() <= 1.01 * 2.0 ** -(
            min(bits, 25) - 1
        )
        assert native.dtype == song.sample_format.dtype
    check_windows(path, 10)


def test_a_cut_off_file_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "song.aiff"
    soundfile.write(path, np.zeros((1_000, 2), np.int16), 44_100)
    path.write_bytes(path.read_bytes()[:-1_000])
    with open_song(path) as song:
        assert song.frames <= 1_000
    path.write_bytes(b"FORM\0\0\0\x04AIFF")
    with pytest.raises(SongError):
        open_song(path)


def test_a_window_outside_is_an_error_of_the_caller(tmp_path):
    path = tmp_path / "song.aiff"
    soundfile.write(path, np.zeros((100, 2), np.int16), 44_100)
    with open_song(path) as song, pytest.raises(ValueError, match="outside"):
        song.read_native(Frames(50, 101))


@needs_shared
@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SHARED_AUDIO.glob("*.ogg")))
def test_real_songs(path):
    check_windows(path, 100)

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container, open_song
from punchin.songfile.mp3 import Mp3File
from support import mp3s
from support.songs import SHARED_AUDIO, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

QUICK = [
    "cbr128",
    "v4",
    "mono_vbr",
    "r22",
    "r11",
    "bare128",
    "cut_front",
    "cut_front_low",
    "tagged",
    "truncated",
]
CUT_SHORT_BY_LIBSNDFILE = {"bare_vbr", "cut_front", "twice", "vbri"}
"""Where libsndfile guesses or believes a length that is less than what is there."""


def opened(path: Path) -> Mp3File:
    song = open_song(path)
    assert isinstance(song, Mp3File)
    return song


def check_against_libsndfile(tmp_path: Path, kind: str) -> None:
    path = mp3s.write(tmp_path, kind)
    theirs = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    with opened(path) as song:
        ours = song.read_native(Frames(0, song.frames))
        assert ours.dtype == np.float32
        assert ours.shape == (song.channels, song.frames)
        if kind in CUT_SHORT_BY_LIBSNDFILE:
            assert song.frames > theirs.shape[1]
        else:
            assert song.frames == theirs.shape[1]
        np.testing.assert_array_equal(ours[:, : theirs.shape[1]], theirs)


@pytest.mark.parametrize("kind", QUICK)
def test_frames_and_samples_are_those_of_a_full_decode(tmp_path: Path, kind: str) -> None:
    check_against_libsndfile(tmp_path, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", mp3s.SONGS)
def test_frames_and_samples_of_every_kind(tmp_path: Path, kind: str) -> None:
    check_against_libsndfile(tmp_path, kind)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pick=st.data())
def test_a_window_is_a_slice_of_the_whole(tmp_path: Path, pick: st.DataObject) -> None:
    kind = pick.draw(st.sampled_from(["cbr128", "r22", "cut_front", "mono_vbr"]))
    with opened(mp3s.write(tmp_path, kind)) as song:
        whole = song.read_native(Frames(0, song.frames))
        start = pick.draw(st.integers(0, song.frames))
        end = pick.draw(st.integers(start, min(song.frames, start + 9_000)))
        np.testing.assert_array_equal(song.read_native(Frames(start, end)), whole[:, start:end])


def test_blocks_join_to_the_whole(tmp_path: Path) -> None:
    with opened(mp3s.write(tmp_path, "v4")) as song:
        blocks = list(song.blocks(Frames(0, song.frames), 7_000))
        np.testing.assert_array_equal(
            np.concatenate(blocks, axis=1), song.read_native(Frames(0, song.frames))
        )


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    with opened(mp3s.write(tmp_path, "cbr192")) as song:
        assert song.codec == "MP3, 192 kbit/s"
        assert (song.rate_hz, song.channels, song.container) == (44_100, 2, Container.MP3)
        assert not song.lossless
        assert str(song.sample_format) == "32-bit float"
        assert song.warnings == ()
        assert song.skip == 576 + 529
    with opened(mp3s.write(tmp_path, "v4")) as song:
        seconds = 44_100 * mp3s.SECONDS // 1152 * 1152 / 44_100
        average = len(mp3s.made("v4")) * 8 / seconds / 1000
        kbps = int(song.codec.removeprefix("MP3, VBR, ").removesuffix(" kbit/s on average"))
        assert kbps == pytest.approx(average, rel=0.1)


def test_a_window_beyond_the_end_is_refused(tmp_path: Path) -> None:
    with opened(mp3s.write(tmp_path, "v4")) as song, pytest.raises(ValueError, match="outside"):
        song.read_native(Frames(0, song.frames + 1))


def test_a_full_decode_keeps_the_silence_of_frames_whose_reservoir_was_cut_off(tmp_path: Path) -> None:
    # The first frames of the cut file look back for bytes that are gone.
    with opened(mp3s.write(tmp_path, "cut_front")) as song:
        assert song.stream.starved
        first = min(song.stream.starved)
        assert not np.any(song.read_native(Frames(first * 1152, first * 1152 + 576)))


class TestLyingHeaders:
    def with_count(self, tmp_path: Path, more: int) -> Mp3File:
        mp3 = bytearray(mp3s.made("cbr128"))
        count = int.from_bytes(mp3[44:48], "big")
        mp3[44:48] = (count + more).to_bytes(4, "big")
        path = tmp_path / "lie.mp3"
        path.write_bytes(mp3)
        return opened(path)

    def test_more_frames_than_there_are(self, tmp_path: Path) -> None:
        with self.with_count(tmp_path, 1000) as song:
            assert song.frames == len(song.stream) * 1152 - 1105
            assert "tells of" in song.warnings[0]
            theirs = mp3s.by_libsndfile(song.path)
            np.testing.assert_array_equal(song.read_native(Frames(0, song.frames)), theirs)

    def test_fewer_frames_than_there_are(self, tmp_path: Path) -> None:
        with self.with_count(tmp_path, -5) as song:
            assert song.frames == len(song.stream) * 1152 - 1105
            assert "tells of" in song.warnings[0]

    def test_no_count_at_all(self, tmp_path: Path) -> None:
        mp3 = bytearray(mp3s.made("cbr128"))
        mp3[44:48] = bytes(4)
        path = tmp_path / "none.mp3"
        path.write_bytes(mp3)
        with opened(path) as song:
            assert song.skip == 0
            assert song.frames == len(song.stream) * 1152


class TestThingsBetweenAndAround:
    @pytest.mark.parametrize(
        "junk",
        [b"PK\x03\x04" + b"\xff" * 9_000, bytes(5_000), b"TAG" + bytes(125), b"APETAGEX" + bytes(300)],
        ids=["zip", "zeros", "id3v1", "ape"],
    )
    def test_junk_behind(self, tmp_path: Path, junk: bytes) -> None:
        (tmp_path / "plain.mp3").write_bytes(mp3s.made("bare128"))
        (tmp_path / "junk.mp3").write_bytes(mp3s.made("bare128") + junk)
        with opened(tmp_path / "plain.mp3") as plain, opened(tmp_path / "junk.mp3") as song:
            whole = Frames(0, plain.frames)
            assert song.frames == plain.frames
            np.testing.assert_array_equal(song.read_native(whole), plain.read_native(whole))

    def test_a_tag_of_30_mb_in_front(self, tmp_path: Path) -> None:
        picture = mp3s.id3_frame(b"APIC", b"\xff\xfb\x90\x64" * 7_500_000)
        (tmp_path / "big.mp3").write_bytes(mp3s.id3v2(picture) + mp3s.made("cbr128"))
        began = time.process_time()
        with opened(tmp_path / "big.mp3") as song:
            assert time.process_time() - began < 0.5
            assert song.frames == 44_100 * mp3s.SECONDS
            assert song.read_native(Frames(0, 100)).shape == (2, 100)

    def test_frames_inside_a_tag_are_not_sound(self, tmp_path: Path) -> None:
        item = mp3s.made("r32")[:5_000]
        size, header = (len(item) + 32).to_bytes(4, "little"), (1 << 31 | 1 << 29).to_bytes(4, "little")
        ape = b"APETAGEX" + bytes(4) + size + bytes(4) + header + bytes(8) + item
        footer = b"APETAGEX" + bytes(4) + size + bytes(4) + (1 << 31).to_bytes(4, "little") + bytes(8)
        path = tmp_path / "ape.mp3"
        path.write_bytes(mp3s.made("bare128") + ape + footer)
        with opened(path) as song:
            assert len(song.stream) == len(mp3s.split(mp3s.made("bare128")))

    def test_junk_in_the_middle(self, tmp_path: Path) -> None:
        frames = mp3s.split(mp3s.made("bare128"))
        path = tmp_path / "broken.mp3"
        path.write_bytes(b"".join(frames[:40]) + bytes(300) + b"".join(frames[40:]))
        (tmp_path / "plain.mp3").write_bytes(mp3s.made("bare128"))
        with opened(path) as song, opened(tmp_path / "plain.mp3") as plain:
            assert song.frames == plain.frames
            assert "300 bytes" in song.warnings[0]
            whole = Frames(0, song.frames)
            np.testing.assert_array_equal(song.read_native(whole), plain.read_native(whole))

    def test_two_files_in_one_are_one_song(self, tmp_path: Path) -> None:
        with opened(mp3s.write(tmp_path, "v4")) as one, opened(mp3s.write(tmp_path, "twice")) as two:
            # The second file's info frame is played, as silence.
            assert len(two.stream) == 2 * len(one.stream) + 1
            head = Frames(0, 50_000)
            np.testing.assert_array_equal(one.read_native(head), two.read_native(head))

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_song_of_very_few_frames(self, tmp_path: Path, count: int) -> None:
        path = tmp_path / "short.mp3"
        path.write_bytes(b"".join(mp3s.split(mp3s.made("bare128"))[:count]) + b"TAG" + bytes(125))
        with opened(path) as song:
            assert song.frames == count * 1152


class TestRefused:
    def refused(self, tmp_path: Path, content: bytes) -> str:
        path = tmp_path / "bad.mp3"
        path.write_bytes(content)
        with pytest.raises(SongError) as told:
            open_song(path)
        return str(told.value)

    def test_layer_2(self, tmp_path: Path) -> None:
        assert "Layer II," in self.refused(tmp_path, mp3s.made("layer_2"))

    def test_free_format(self, tmp_path: Path) -> None:
        frame = b"\xff\xfb\x00\x64" + bytes(400)
        assert "free-format" in self.refused(tmp_path, frame * 20)

    def test_only_a_tag(self, tmp_path: Path) -> None:
        assert "no MP3 frames" in self.refused(tmp_path, mp3s.id3v2(padding=5_000))

    def test_only_an_info_frame(self, tmp_path: Path) -> None:
        assert "but no sound" in self.refused(tmp_path, mp3s.split(mp3s.made("cbr128"))[0])

    def test_noise(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
        assert "no MP3 frames" in self.refused(tmp_path, b"ID3\x03\x00\x00\x00\x00\x00\x00" + noise)

    def test_more_gaps_than_a_song_has(self, tmp_path: Path) -> None:
        piece = b"".join(mp3s.split(mp3s.made("bare64"))[:3]) + b"junk"
        assert "more than 1000 places" in self.refused(tmp_path, piece * 1_100)

    @pytest.mark.parametrize(("other", "word"), [("r32", "32000 Hz"), ("mono", "mono")])
    def test_frames_of_two_kinds(self, tmp_path: Path, other: str, word: str) -> None:
        told = self.refused(tmp_path, mp3s.made("bare128") + mp3s.made(other))
        assert "changes from 44100 Hz stereo to" in told
        assert word in told


@needs_shared
@pytest.mark.shared
@pytest.mark.parametrize("name", ["lena.mp3", "funkyrobot.mp3"])
def test_real_songs(name: str) -> None:
    path = SHARED_AUDIO / name
    theirs = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    with opened(path) as song:
        assert song.frames == theirs.shape[1]
        rng = np.random.default_rng(0)
        for start in (0, *rng.integers(0, song.frames - 5_000, 20).tolist()):
            window = Frames(start, start + 5_000)
            np.testing.assert_array_equal(song.read_native(window), theirs[:, start : start + 5_000])

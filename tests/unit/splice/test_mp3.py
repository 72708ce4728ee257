from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from fastcrc import crc16
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from punchin.errors import RegionError
from punchin.region import Frames
from punchin.songfile.mp3 import Mp3File
from punchin.songfile.mpeg import InfoTag
from punchin.splice import CannotSplice, Patch
from punchin.splice.model import Method
from punchin.splice.mp3 import Mp3Splicer
from punchin.splice.mp3joints import changed, edit_span
from support import mp3s

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punchin.splice import Splice

REGION = Frames(30_001, 70_003)
SLOW = pytest.mark.slow


def noise(song: Mp3File, frames: Frames, seed: int = 0) -> Patch:
    rng = np.random.default_rng(seed)
    return Patch(frames, (rng.standard_normal((song.channels, len(frames))) * 0.2).astype(np.float32))


def spliced(song: Mp3File, patches: Sequence[Patch], output: Path) -> Splice:
    with output.open("w+b") as file:
        return Mp3Splicer(song).write(patches, file, lambda _: None)


def edited(tmp_path: Path, kind: str, region: Frames = REGION) -> tuple[bytes, bytes, Splice]:
    """Source and output as bytes, and what the splicer says, for noise in a region."""
    source, output = mp3s.write(tmp_path, kind), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        splice = spliced(song, [noise(song, Mp3Splicer(song).writable(region))], output)
    return source.read_bytes(), output.read_bytes(), splice


class TestWritable:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(pick=st.data())
    def test_all_that_may_change_lies_inside_the_region(self, tmp_path: Path, pick: st.DataObject) -> None:
        kind = pick.draw(st.sampled_from(["v4", "r22", "bare128", "cut_front", "r8_mono"]))
        with Mp3File(mp3s.write(tmp_path, kind)) as song:
            splicer = Mp3Splicer(song)
            start = pick.draw(st.integers(0, song.frames - 1))
            region = Frames(start, pick.draw(st.integers(start + 1, song.frames)))
            try:
                frames = splicer.writable(region)
            except RegionError:
                assert len(region) < 6_000
                return
            assert len(frames) > 0
            assert frames in region
            assert changed(song, edit_span(song, frames)) in region

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(start=st.integers(2_000, 60_000))
    def test_the_length_that_it_names_works_everywhere(self, tmp_path: Path, start: int) -> None:
        with Mp3File(mp3s.write(tmp_path, "v4")) as song:
            splicer = Mp3Splicer(song)
            with pytest.raises(RegionError) as told:
                splicer.writable(Frames(start, start + 100))
            shortest_s = float(str(told.value).split("takes ")[1].split(" s")[0])
            splicer.writable(Frames(start, start + round(shortest_s * 44_100) + 22))

    def test_it_costs_less_than_a_tenth_of_a_second_a_side(self, tmp_path: Path) -> None:
        with Mp3File(mp3s.write(tmp_path, "v4")) as song:
            for start in range(10_000, 14_000, 97):
                region = Frames(start, start + 60_000)
                frames = Mp3Splicer(song).writable(region)
                assert frames.start - region.start < 0.13 * 44_100
                assert region.end - frames.end < 0.13 * 44_100

    def test_whole_songs_and_their_ends_are_writable_to_the_last_sample(self, tmp_path: Path) -> None:
        with Mp3File(mp3s.write(tmp_path, "v4")) as song:
            splicer = Mp3Splicer(song)
            assert splicer.writable(Frames(0, song.frames)) == Frames(0, song.frames)
            assert splicer.writable(Frames(0, 50_000)).start == 0
            assert splicer.writable(Frames(50_000, song.frames)).end == song.frames

    def test_vbri_s_own_frame_is_never_replaced(self, tmp_path: Path) -> None:
        source, output, _ = edited(tmp_path, "vbri", Frames(0, 30_000))
        assert output[36:40] == b"VBRI"
        assert len(mp3s.split(source)) == len(mp3s.split(output))


class TestCutFiles:
    def test_frames_that_are_silent_for_want_of_a_reservoir_stay_silent(self, tmp_path: Path) -> None:
        path, output = tmp_path / "cut.mp3", tmp_path / "out.mp3"
        path.write_bytes(b"".join(mp3s.split(mp3s.made("cbr64"))[50:]))
        refused = 0
        with Mp3File(path) as song:
            before = song.read_native(Frames(0, song.frames))
            assert list(song.stream.starved) == [0, 1, 2]
            for end in range(2_300, 7_000, 700):
                try:
                    patch = noise(song, Mp3Splicer(song).writable(Frames(0, end)))
                except RegionError:
                    refused += 1
                    continue
                spliced(song, [patch], output)
                with Mp3File(output) as after:
                    kept = Frames(end, song.frames)
                    np.testing.assert_array_equal(after.read_native(kept), before[:, end:])
        assert 1 <= refused <= 5


class TestPatchesRefused:
    def test_outside_of_the_writable_part(self, tmp_path: Path) -> None:
        with Mp3File(mp3s.write(tmp_path, "v4")) as song:
            for frames in (Frames(50, 40_000), Frames(40_000, song.frames - 10), Frames(40_000, 40_000)):
                with pytest.raises(ValueError, match="writable"):
                    spliced(song, [noise(song, frames)], tmp_path / "out.mp3")

    def test_too_close_to_each_other(self, tmp_path: Path) -> None:
        with Mp3File(mp3s.write(tmp_path, "v4")) as song:
            near = [noise(song, Frames(20_000, 30_000)), noise(song, Frames(30_500, 40_000))]
            with pytest.raises(ValueError, match="too close"):
                spliced(song, near, tmp_path / "out.mp3")

    def test_songs_of_hardly_a_frame(self, tmp_path: Path) -> None:
        path = tmp_path / "short.mp3"
        path.write_bytes(b"".join(mp3s.split(mp3s.made("bare128"))[:2]))
        with Mp3File(path) as song, pytest.raises(CannotSplice, match="2 frames"):
            Mp3Splicer(song)


class TestBytes:
    @pytest.mark.parametrize("kind", ["v4", "tagged", "crc", "bare128"])
    def test_what_is_called_kept_is_kept_and_is_nearly_all(self, tmp_path: Path, kind: str) -> None:
        source, output, splice = edited(tmp_path, kind)
        for run in splice.kept:
            assert (
                source[run.source_offset : run.source_offset + run.length]
                == output[run.output_offset : run.output_offset + run.length]
            )
        replaced = len(source) - sum(run.length for run in splice.kept)
        assert replaced < 0.45 * len(source)
        assert splice.method is Method.FRAMES
        assert splice.warnings == ()

    def test_tags_stay_byte_for_byte(self, tmp_path: Path) -> None:
        _, output, _ = edited(tmp_path, "tagged")
        front, back = mp3s.rich_tags()
        assert output.startswith(front)
        assert output.endswith(back)

    def test_new_frames_between_protected_ones_have_right_crcs(self, tmp_path: Path) -> None:
        _, output, _ = edited(tmp_path, "crc")
        for frame in mp3s.split(output):
            assert not frame[1] & 1
            assert crc16.cms(frame[2:4] + frame[6:38]) == int.from_bytes(frame[4:6], "big")

    @pytest.mark.parametrize(
        "kind",
        ["bare128", pytest.param("bare320", marks=SLOW), pytest.param("lavf_bare", marks=SLOW)],
    )
    def test_a_bare_constant_bitrate_stays_constant(self, tmp_path: Path, kind: str) -> None:
        source, output, _ = edited(tmp_path, kind)
        assert {frame[2] >> 4 for frame in mp3s.split(output)} == {source[2] >> 4}
        assert abs(len(output) - len(source)) < 60

    def test_low_bitrates_are_coded_better_than_they_were(self, tmp_path: Path) -> None:
        source, output, _ = edited(tmp_path, "cbr64")
        assert len(output) - len(source) > 40_000 / 44_100 * (192_000 - 64_000) / 8 * 0.5

    def test_junk_between_replaced_frames_stays_between_them(self, tmp_path: Path) -> None:
        frames = mp3s.split(mp3s.made("bare128"))
        path, output = tmp_path / "broken.mp3", tmp_path / "out.mp3"
        path.write_bytes(b"".join(frames[:40]) + b"junk" * 50 + b"".join(frames[40:]))
        with Mp3File(path) as song:
            spliced(song, [noise(song, Mp3Splicer(song).writable(REGION))], output)
        assert mp3s.split(output.read_bytes())[-1] != frames[39]
        assert output.read_bytes().count(b"junk" * 50) == 1
        with Mp3File(output) as song:
            assert len(song.stream) == len(frames)


class TestInfoTag:
    @pytest.mark.parametrize(
        "kind", ["v4", pytest.param("cbr320", marks=SLOW), pytest.param("lavf", marks=SLOW)]
    )
    def test_lengths_and_checksums_are_true(self, tmp_path: Path, kind: str) -> None:
        _, output, _ = edited(tmp_path, kind)
        frames = mp3s.split(output)
        first, length = frames[0], sum(map(len, frames))
        tag = InfoTag.parse(first)
        assert tag is not None
        assert tag.lame_at is not None
        assert (tag.frames, tag.total_bytes) == (len(frames) - 1, length)
        lame = first[tag.lame_at :]
        assert int.from_bytes(lame[28:32], "big") == length
        assert int.from_bytes(lame[32:34], "big") == crc16.arc(b"".join(frames[1:]))
        assert int.from_bytes(lame[34:36], "big") == crc16.arc(first[: tag.lame_at + 34])

    def test_it_turns_from_info_to_xing_when_bitrates_differ(self, tmp_path: Path) -> None:
        _, output, _ = edited(tmp_path, "cbr128")
        assert output[36:40] == b"Xing"
        _, output, _ = edited(tmp_path, "cbr320")
        assert output[36:40] == b"Info"

    def test_the_table_of_contents_leads_to_the_right_time(self, tmp_path: Path) -> None:
        _, output, _ = edited(tmp_path, "cbr64")
        frames = mp3s.split(output)
        tag = InfoTag.parse(frames[0])
        assert tag is not None
        assert tag.toc_at is not None
        starts = np.cumsum([0, *map(len, frames)])
        for percent, entry in enumerate(frames[0][tag.toc_at : tag.toc_at + 100]):
            reached = np.searchsorted(starts, entry / 256 * starts[-1])
            assert reached - 1 == pytest.approx(percent / 100 * (len(frames) - 1), abs=2)

    def test_a_lying_header_keeps_its_lie(self, tmp_path: Path) -> None:
        mp3 = bytearray(mp3s.made("cbr128"))
        mp3[44:48] = (7).to_bytes(4, "big")
        path, output = tmp_path / "lie.mp3", tmp_path / "out.mp3"
        path.write_bytes(mp3)
        with Mp3File(path) as song:
            spliced(song, [noise(song, Mp3Splicer(song).writable(REGION))], output)
            with Mp3File(output) as after:
                assert after.frames == song.frames
                assert after.stream.tag is not None
                assert after.stream.tag.frames == 7

    def test_vbri_counts_the_new_bytes(self, tmp_path: Path) -> None:
        _, output, _ = edited(tmp_path, "vbri")
        frames = mp3s.split(output)
        assert int.from_bytes(output[46:50], "big") == len(output)
        groups = int.from_bytes(output[54:56], "big")
        table = [int.from_bytes(output[62 + 2 * k : 64 + 2 * k], "big") for k in range(groups)]
        assert table == [sum(map(len, frames[1:][4 * k : 4 * k + 4])) for k in range(groups)]

    def test_an_edit_of_nothing_leaves_it_as_it_was(self, tmp_path: Path) -> None:
        source, output = mp3s.write(tmp_path, "v4"), tmp_path / "out.mp3"
        with Mp3File(source) as song:
            splice = spliced(song, [], output)
        assert output.read_bytes() == source.read_bytes()
        assert splice.changed == ()


class TestWarnings:
    @pytest.mark.parametrize("text", [b"REPLAYGAIN_TRACK_GAIN", "replaygain_album_gain".encode("utf-16")])
    def test_stale_loudness_tags_are_told_of(self, tmp_path: Path, text: bytes) -> None:
        path, output = tmp_path / "gain.mp3", tmp_path / "out.mp3"
        path.write_bytes(mp3s.id3v2(mp3s.id3_frame(b"TXXX", b"\1" + text)) + mp3s.made("v4"))
        with Mp3File(path) as song:
            splice = spliced(song, [noise(song, Mp3Splicer(song).writable(REGION))], output)
        assert "still describe the original" in splice.warnings[0]
        assert text in output.read_bytes()


def test_progress_rises_to_one_and_can_stop_the_work(tmp_path: Path) -> None:
    with Mp3File(mp3s.write(tmp_path, "v4")) as song, (tmp_path / "out.mp3").open("w+b") as file:
        told: list[float] = []
        splicer = Mp3Splicer(song)
        patch = noise(song, splicer.writable(REGION))
        splicer.write([patch], file, told.append)
        assert told == sorted(told)
        assert told[-1] == 1.0

        def stop(_: float) -> None:
            raise InterruptedError

        with pytest.raises(InterruptedError):
            splicer.write([patch], file, stop)


def test_faulty_samples_do_not_reach_the_coder(tmp_path: Path) -> None:
    with Mp3File(mp3s.write(tmp_path, "v4")) as song:
        frames = Mp3Splicer(song).writable(REGION)
        samples = np.full((2, len(frames)), np.nan, np.float32)
        samples[:, 5_000:6_000] = np.inf
        samples[:, 9_000:9_100] = 1e30
        spliced(song, [Patch(frames, samples)], tmp_path / "out.mp3")
        with Mp3File(tmp_path / "out.mp3") as after:
            assert np.isfinite(after.read_native(Frames(0, after.frames))).all()

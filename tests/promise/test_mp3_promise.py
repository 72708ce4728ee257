"""The promise for MP3: whatever decoder is used, every sample outside the region is the one it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from punchin.region import Frames
from punchin.songfile.mp3 import Mp3File
from punchin.splice import Patch
from punchin.splice.mp3 import Mp3Splicer
from support import mp3s
from support.songs import SHARED_AUDIO, needs_shared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punchin.songfile import Native
    from punchin.splice import Splice

pytest.importorskip("av", reason="the second decoder is FFmpeg, through the extra m4a")

QUICK = ["cbr128", "v4", "bare64", "mono_vbr", "r22", "crc"]
SHORTEST = 5_900
"""So many frames are always enough, at every rate."""


def spliced(source: Path, output: Path, regions: Sequence[Frames], seed: int, *, loud: bool = True) -> Splice:
    """New sound in the regions: noise that starts with a bang, or near silence."""
    rng = np.random.default_rng(seed)
    with Mp3File(source) as song, output.open("w+b") as file:
        splicer = Mp3Splicer(song)
        places = [splicer.writable(region) for region in regions]
        level = 0.3 if loud else 1e-4
        patches = [
            Patch(place, (rng.standard_normal((song.channels, len(place))) * level).astype(np.float32))
            for place in places
        ]
        return splicer.write(patches, file, lambda _: None)


def differing(before: Native, after: Native, skip: int) -> Native:
    """Where two decodes differ, in frames of the song."""
    length = min(before.shape[1], after.shape[1])
    return np.flatnonzero((before[:, :length] != after[:, :length]).any(axis=0)) - skip


def check(source: Path, output: Path, regions: Sequence[Frames], splice: Splice) -> None:
    """Compare source and output with every decoder there is."""
    allowed = np.zeros(0, bool)
    with Mp3File(source) as before, Mp3File(output) as after:
        assert (after.frames, len(after.stream)) == (before.frames, len(before.stream))
        assert after.skip == before.skip
        whole = Frames(0, before.frames)
        allowed = np.zeros(before.frames, bool)
        for region, may_change in zip(regions, splice.changed, strict=True):
            assert may_change in region
            allowed[may_change.start : may_change.end] = True
        ours = differing(before.read_native(whole), after.read_native(whole), 0)
        assert allowed[ours].all()
        for region in regions:
            assert np.any((ours >= region.start) & (ours < region.end)), "the edit is not heard"
        total = before.frames
        tagged = before.stream.tag is not None and not before.stream.tag.is_played
        at_end = any(region.end == before.frames for region in regions)
    check_decoder(mp3s.by_libsndfile(source), mp3s.by_libsndfile(output), allowed, at_end=at_end)
    first, first_said = mp3s.by_ffmpeg(source)
    second, second_said = mp3s.by_ffmpeg(output)
    assert first.shape == second.shape
    assert set(second_said) <= set(first_said), "the output gives FFmpeg something to complain about"
    # FFmpeg leaves out VBRI's frame, and takes no delay off where there is no tag; neither does anybody else.
    ffmpeg_skip = 0 if tagged or b"VBRI" not in source.read_bytes()[:100] else -1152
    check_decoder(first, second, allowed, at_end=at_end, skip=ffmpeg_skip)
    theirs = mp3s.by_mpg123(source), mp3s.by_mpg123(output)
    # Where two files follow each other, mpg123 cuts at the joint: its places are then not those of the song.
    if theirs[0] is not None and theirs[1] is not None and theirs[0].shape[1] >= total:
        check_decoder(*theirs, allowed, at_end=at_end)


def check_decoder(before: Native, after: Native, allowed: Native, *, at_end: bool, skip: int = 0) -> None:
    places = differing(before, after, skip)
    inside = places[places < len(allowed)]
    assert allowed[inside].all()
    # Behind the song there is padding, which belongs to a region that reaches the song's end.
    assert at_end or len(inside) == len(places)


@pytest.mark.parametrize("kind", QUICK)
def test_outside_is_identical_in_every_decoder(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source, output = mp3s.write(tmp_path, kind), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        regions = [Frames(song.frames // 3 + 1, song.frames * 2 // 3)]
    capfd.readouterr()
    check(source, output, regions, spliced(source, output, regions, seed=1))
    assert "rror" not in capfd.readouterr().err


@pytest.mark.parametrize("where", ["start", "end", "whole"])
def test_the_song_s_own_ends(tmp_path: Path, where: str) -> None:
    source, output = mp3s.write(tmp_path, "v4"), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        middle, end = song.frames // 2, song.frames
    regions = [{"start": Frames(0, middle), "end": Frames(middle, end), "whole": Frames(0, end)}[where]]
    check(source, output, regions, spliced(source, output, regions, seed=2))


def test_several_regions_in_one_pass(tmp_path: Path) -> None:
    source, output = mp3s.write(tmp_path, "cbr128"), tmp_path / "out.mp3"
    # Regions that touch each other, too.
    regions = [Frames(5_000, 25_001), Frames(25_001, 45_000), Frames(70_000, 90_000)]
    check(source, output, regions, spliced(source, output, regions, seed=3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", mp3s.SONGS)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pick=st.data())
def test_any_region_of_any_kind(tmp_path: Path, kind: str, pick: st.DataObject) -> None:
    source, output = mp3s.write(tmp_path, kind), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        total = song.frames
        if kind == "truncated":
            total -= 6_000  # FFmpeg plays half a frame behind the end, which overlaps with what is new
    start = pick.draw(st.one_of(st.just(0), st.integers(0, total - SHORTEST)))
    end = pick.draw(st.one_of(st.just(total), st.integers(start + SHORTEST, total)))
    regions = [Frames(start, end)]
    splice = spliced(source, output, regions, pick.draw(st.integers(0, 9)), loud=pick.draw(st.booleans()))
    check(source, output, regions, splice)


@needs_shared
@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["lena.mp3", "funkyrobot.mp3"])
def test_real_songs(tmp_path: Path, name: str) -> None:
    source, output = SHARED_AUDIO / name, tmp_path / "out.mp3"
    with Mp3File(source) as song:
        third = song.frames // 3
    for seed, regions in enumerate(([Frames(third, third + 99_999)], [Frames(0, 50_000)])):
        check(source, output, regions, spliced(source, output, regions, seed))


def snr_db(sound: Native, error: Native) -> float:
    """How far the error lies below the sound."""
    power = np.mean(np.square(sound, dtype=np.float64)), np.mean(np.square(error, dtype=np.float64))
    return 10 * np.log10((power[0] + 1e-20) / (power[1] + 1e-20))


@pytest.mark.parametrize("kind", ["cbr128", "v4"])
def test_joints_are_no_worse_than_what_lies_between(tmp_path: Path, kind: str) -> None:
    # The song's own samples as the patch: all error is coding.
    source, output = mp3s.write(tmp_path, kind), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        whole = Frames(0, song.frames)
        sound = song.read_native(whole)
        inside: list[float] = []
        joints: list[float] = []
        for start in (10_000, 23_456, 31_111):
            region = Frames(start, start + 50_000)
            with output.open("w+b") as file:
                splicer = Mp3Splicer(song)
                place = splicer.writable(region)
                patch = Patch(place, sound[:, place.start : place.end])
                (changed,) = splicer.write([patch], file, lambda _: None).changed
            with Mp3File(output) as after:
                error = after.read_native(whole) - sound
            last = changed.end - 1056
            parts = [Frames(at, at + 576) for at in range(changed.start + 4_608, last - 4_608, 576)]
            inside += [
                snr_db(sound[:, part.start : part.end], error[:, part.start : part.end]) for part in parts
            ]
            joints += [
                snr_db(sound[:, at : at + 576], error[:, at : at + 576]) for at in (changed.start, last)
            ]
        assert min(joints) > np.percentile(inside, 10)


def test_a_bang_at_the_start_of_an_edit_leaves_the_joint_clean(tmp_path: Path) -> None:
    source, output = mp3s.write(tmp_path, "v4"), tmp_path / "out.mp3"
    with Mp3File(source) as song:
        before = song.read_native(Frames(0, song.frames))
    ratios: list[float] = []
    for start in range(20_000, 30_000, 1_111):
        splice = spliced(source, output, [Frames(start, start + 20_000)], seed=start)
        with Mp3File(output) as song:
            joint = slice(splice.changed[0].start, splice.changed[0].start + 432)
            after = song.read_native(Frames(0, song.frames))
        ratios.append(snr_db(before[:, joint], (after - before)[:, joint]))
    assert np.median(ratios) > 20

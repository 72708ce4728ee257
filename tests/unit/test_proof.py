import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.proof import find_changes, outside, prove, verify
from punchin.region import Frames
from punchin.song import Song
from punchin.songfile import Container, open_song
from punchin.splice import KeptBytes, Method, Splice
from support.songs import made_song, wav_of

RATE = 8000
REGION = Frames(16_000, 24_000)
SPLICE = Splice(Method.LOSSLESS, Container.WAV, (REGION,))


@pytest.fixture
def song():
    return made_song(5.0, RATE)


@pytest.fixture
def pair(song, tmp_path):
    """Opens the song and a copy in which some frames were changed: `pair(Frames(...), by=0.01)`."""
    opened = []

    def make(*changed, by=0.01):
        samples = song.samples.copy()
        for frames in changed:
            samples[:, frames.start : frames.end] += by
        paths = wav_of(song, tmp_path / "a.wav"), wav_of(Song(samples, RATE), tmp_path / "b.wav")
        opened.extend(open_song(path) for path in paths)
        return opened[-2:]

    yield make
    for one in opened:
        one.close()


@given(st.lists(st.integers(0, 1000), max_size=8), st.integers(1000, 1200))
def test_outside_and_regions_make_the_whole(edges, total):
    edges = sorted(set(edges))
    regions = [Frames(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    covered = np.zeros(total, int)
    for run in [*regions, *outside(regions, total)]:
        covered[run.start : run.end] += 1
    assert (covered == 1).all()


def test_a_change_inside_the_region_is_proved_harmless(pair):
    proof = prove(*pair(REGION), [REGION], SPLICE)
    assert proof.identical
    assert proof.largest_difference == 0
    assert [(run.start_frame, run.end_frame) for run in proof.runs] == [(0, 16_000), (24_000, 40_000)]


@pytest.mark.parametrize("frame", [0, 15_999, 24_000, 39_999])
def test_a_single_frame_outside_is_caught(pair, frame):
    proof = prove(*pair(REGION, Frames(frame, frame + 1), by=0.01), [REGION], SPLICE)
    assert not proof.identical
    assert proof.largest_difference == pytest.approx(0.01, abs=1e-4)


def test_the_coded_proof_catches_a_changed_byte_far_from_the_region(song, tmp_path):
    long = Song(np.tile(song.samples, 8), RATE)
    a, b = wav_of(long, tmp_path / "a.wav"), tmp_path / "b.wav"
    raw = bytearray(a.read_bytes())
    kept = (
        KeptBytes(44, 44, 16_000 * 4),
        KeptBytes(44 + 24_000 * 4, 44 + 24_000 * 4, (320_000 - 24_000) * 4),
    )
    splice = Splice(Method.BYTES, Container.WAV, (REGION,), kept)
    b.write_bytes(raw)
    with open_song(a) as source, open_song(b) as output:
        assert prove(source, output, [REGION], splice, "coded").identical
    raw[44 + 250_000 * 4] ^= 1
    b.write_bytes(raw)
    with open_song(a) as source, open_song(b) as output:
        proof = prove(source, output, [REGION], splice, "coded")
        assert not proof.identical
        assert proof.largest_difference == 0, "the sound near the region is the same; the bytes are not"


def test_the_coded_proof_also_decodes_the_sound_near_the_region(pair):
    """Kept bytes alone do not prove it: what stands before them decides how they decode."""
    near = Frames(24_100, 24_101)
    splice = Splice(Method.FRAMES, Container.WAV, (REGION,), (KeptBytes(0, 0, 44),))
    source, output = pair(REGION, near)
    assert not prove(source, output, [REGION], splice, "coded").identical


def test_changes_are_found_without_being_told(pair):
    far = Frames(30_000, 30_500)
    assert find_changes(*pair(REGION, far)) == [REGION, far]


def test_changes_close_together_are_one(pair):
    assert find_changes(*pair(Frames(1000, 1100), Frames(1500, 1600))) == [Frames(1000, 1600)]


@given(st.integers(0, 39_000), st.integers(1, 900))
@settings(max_examples=20, deadline=None)
def test_any_change_is_found_exactly(tmp_path_factory, start, length):
    folder = tmp_path_factory.mktemp("pair")
    song = made_song(5.0, RATE)
    samples = song.samples.copy()
    samples[:, start : start + length] += 0.02
    with (
        open_song(wav_of(song, folder / "a.wav")) as source,
        open_song(wav_of(Song(samples, RATE), folder / "b.wav")) as output,
    ):
        assert find_changes(source, output) == [Frames(start, start + length)]


def test_verify_holds_for_one_changed_part(pair):
    verdict = verify(*pair(REGION))
    assert verdict.holds
    assert verdict.changes == (REGION,)
    assert (verdict.changed_s, verdict.unchanged_s) == (1.0, 4.0)


def test_verify_does_not_hold_for_two_different_songs(pair):
    verdict = verify(*pair(Frames(0, 40_000)))
    assert not verdict.holds
    assert "differ from beginning to end" in verdict.problems[0]


def test_verify_says_what_does_not_fit(song, tmp_path):
    shorter = song.cut(Frames(0, 39_999))
    with (
        open_song(wav_of(song, tmp_path / "a.wav")) as source,
        open_song(wav_of(shorter, tmp_path / "b.wav")) as output,
    ):
        verdict = verify(source, output)
    assert not verdict.holds
    assert verdict.problems == ("the source has 40000 frames, the output 39999",)


def test_floats_are_compared_by_their_bits(tmp_path):
    """0.0 and -0.0 are equal numbers and different bytes; a NaN is not equal to itself and the same bytes."""
    samples = np.zeros((1, 100), np.float32)
    samples[0, 3] = np.nan
    other = samples.copy()
    other[0, 50] = -0.0
    with (
        open_song(wav_of(Song(samples, RATE), tmp_path / "a.wav", "FLOAT")) as source,
        open_song(wav_of(Song(other, RATE), tmp_path / "b.wav", "FLOAT")) as output,
    ):
        assert find_changes(source, source) == []
        assert find_changes(source, output) == [Frames(50, 51)]

import json
from dataclasses import asdict

import numpy as np
import pytest

from punchin.join import JoinSettings, join
from punchin.region import Frames
from punchin.seam import Seams, measure
from punchin.song import Song
from punchin.songfile import SampleFormat
from support.songs import made_song

RATE_HZ = 44_100
FLOAT = SampleFormat(32, is_float=True)
HOLE = Frames(6 * RATE_HZ + 6_000, 10 * RATE_HZ + 6_000)
"""Four seconds, two bars; both edges between two beats, where nothing hides what is wrong."""
FADE_IN, FADE_OUT = Frames(HOLE.start, HOLE.start + 2_205), Frames(HOLE.end - 2_205, HOLE.end)


@pytest.fixture(scope="module")
def song():
    return made_song(16.0)


def with_inside(song, inside, hole=HOLE):
    samples = song.samples.copy()
    samples[:, hole.start : hole.end] = inside
    return Song(samples, song.rate_hz)


def unrelated(song, hole=HOLE, seed=0):
    noise = np.random.default_rng(seed).standard_normal((song.channels, len(hole)))
    return (noise * song.samples.std()).astype(np.float32)


def test_the_unchanged_song_is_seamless(song):
    seams = measure(song, HOLE, song, FADE_IN, FADE_OUT)
    assert (seams.word, seams.score) == ("seamless", 1.0)
    assert seams.punch_in.because == ""
    assert seams.punch_in.switch.value is None


def test_a_hard_cut_is_heard(song):
    joined = with_inside(song, unrelated(song))
    seams = measure(song, HOLE, joined, Frames(HOLE.start, HOLE.start), Frames(HOLE.end, HOLE.end))
    for edge in (seams.punch_in, seams.punch_out):
        assert edge.word in {"audible", "rough"}
        assert edge.switch.value > 0
    assert seams.score == min(seams.punch_in.score, seams.punch_out.score)


def test_the_songs_own_repeat_under_a_fade_is_not(song):
    # Four bars later the same beat and chords come again.
    repeat = Song(song.samples[:, 6_000 : len(HOLE) + 6_000], RATE_HZ)
    original = song.samples[:, HOLE.start : HOLE.end]
    made = join(
        song, HOLE, repeat, original, FLOAT, JoinSettings(), seed=0, at_song_start=False, at_song_end=False
    )
    seams = measure(song, HOLE, with_inside(song, made.samples), made.fade_in, made.fade_out)
    assert seams.word in {"seamless", "smooth"}


@pytest.mark.parametrize("edge", ["punch_in", "punch_out"])
def test_a_click_of_five_samples_is_heard_at_its_edge_only(song, edge):
    inside = song.samples[:, HOLE.start : HOLE.end].copy()
    at = 700 if edge == "punch_in" else len(HOLE) - 700
    inside[:, at : at + 5] += 0.1
    seams = measure(song, HOLE, with_inside(song, inside), FADE_IN, FADE_OUT)
    clicked = getattr(seams, edge)
    assert clicked.word in {"audible", "rough"}
    assert clicked.because == "click"
    assert clicked.click.rank == 0
    other = seams.punch_out if edge == "punch_in" else seams.punch_in
    assert other.word == "seamless"
    assert seams.score == clicked.score < other.score


def test_a_gap_of_five_milliseconds_is_heard(song):
    inside = song.samples[:, HOLE.start : HOLE.end].copy()
    inside[:, 700:920] = 0
    edge = measure(song, HOLE, with_inside(song, inside), FADE_IN, FADE_OUT).punch_in
    assert edge.word in {"audible", "rough"}


@pytest.mark.parametrize("change_db", [-6, 6])
def test_a_step_of_level_is_heard_and_measured(song, change_db):
    gain = np.float32(10 ** (change_db / 20))
    ramp = (
        1 + (gain - 1) * np.minimum(np.arange(len(HOLE)), np.arange(len(HOLE))[::-1]).clip(0, 4_410) / 4_410
    )
    inside = song.samples[:, HOLE.start : HOLE.end] * ramp.astype(np.float32)
    edge = measure(song, HOLE, with_inside(song, inside), FADE_IN, FADE_OUT).punch_in
    assert edge.level_long.value - edge.level_long.original == pytest.approx(change_db, abs=0.7)
    assert edge.level_long.audible > 0.3
    assert edge.word in {"audible", "rough"}


def test_half_a_beat_late_is_measured():
    rng = np.random.default_rng(0)
    in_beat = np.arange(16 * RATE_HZ) % (RATE_HZ // 2)
    beats = (rng.standard_normal((1, in_beat.size)) * np.exp(-in_beat / 2_000) * 0.3).astype(np.float32)
    beats = Song(beats, RATE_HZ)
    late = beats.samples[:, HOLE.start - 11_025 : HOLE.end - 11_025]
    edge = measure(beats, HOLE, with_inside(beats, late), FADE_IN, FADE_OUT).punch_in
    assert abs(edge.beat_ms.value) == pytest.approx(250, abs=20)
    assert edge.beat_ms.audible > 0
    on_time = beats.samples[:, HOLE.start - 22_050 : HOLE.end - 22_050]
    assert measure(beats, HOLE, with_inside(beats, on_time), FADE_IN, FADE_OUT).punch_in.beat_ms.value == 0


def test_other_width_is_measured(song):
    rng = np.random.default_rng(0)
    mid = rng.standard_normal(song.frames)
    wide = np.stack([mid, 0.5 * mid + 0.8 * rng.standard_normal(song.frames)]).astype(
        np.float32
    ) * np.float32(0.1)
    wide = Song(wide, RATE_HZ)
    mono = np.repeat(wide.samples.mean(axis=0, keepdims=True), 2, axis=0)[:, HOLE.start : HOLE.end]
    edge = measure(wide, HOLE, with_inside(wide, mono), FADE_IN, FADE_OUT).punch_in
    # Mono has no side at all; what counts of that ends at 30 dB.
    assert 10 < edge.stereo.value < 35
    assert edge.stereo.rank == 0
    assert edge.stereo.audible > 0.3


def test_a_step_of_the_mean_is_measured(song):
    inside = song.samples[:, HOLE.start : HOLE.end] + np.float32(0.1)
    edge = measure(song, HOLE, with_inside(song, inside), FADE_IN, FADE_OUT).punch_in
    assert edge.dc.value == pytest.approx(0.1, rel=0.1)
    assert edge.dc.audible > 0.3


def test_silence_everywhere():
    silence = Song(np.zeros((2, 16 * RATE_HZ), np.float32), RATE_HZ)
    assert measure(silence, HOLE, silence, FADE_IN, FADE_OUT).score == 1.0


def test_new_sound_that_breaks_into_silence_is_heard():
    silence = Song(np.zeros((2, 16 * RATE_HZ), np.float32), RATE_HZ)
    joined = with_inside(silence, np.full((2, len(HOLE)), 0.3, np.float32))
    seams = measure(silence, HOLE, joined, Frames(HOLE.start, HOLE.start), Frames(HOLE.end, HOLE.end))
    assert seams.word == "rough"


def test_a_part_at_the_start_or_end_of_the_song_has_one_edge(song):
    first, last = Frames(0, 3 * RATE_HZ), Frames(13 * RATE_HZ, song.frames)
    fade = Frames(3 * RATE_HZ - 2_205, 3 * RATE_HZ)
    seams = measure(song, first, with_inside(song, unrelated(song, first), first), None, fade)
    assert seams.punch_in is None
    assert seams.punch_out is not None
    assert seams.score == seams.punch_out.score
    fade = Frames(13 * RATE_HZ, 13 * RATE_HZ + 2_205)
    seams = measure(song, last, with_inside(song, unrelated(song, last), last), fade, None)
    assert seams.punch_out is None
    assert seams.score == seams.punch_in.score
    whole = Frames(0, song.frames)
    assert measure(song, whole, song, None, None) == Seams("seamless", 1.0, None, None)


@pytest.mark.parametrize("rate_hz", [8_000, 37_123, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("frames", [1, 40, 3_000])
def test_any_shape_gives_plain_json(rate_hz, channels, frames):
    rng = np.random.default_rng(frames)
    total = 9_000
    song = Song(rng.standard_normal((channels, total)).astype(np.float32) * np.float32(0.1), rate_hz)
    for start in (0, 30, total - frames):
        hole = Frames(start, start + frames)
        joined = with_inside(song, unrelated(song, hole), hole)
        cut = Frames(hole.start, hole.start), Frames(hole.end, hole.end)
        seams = measure(song, hole, joined, *cut)
        json.dumps(asdict(seams), allow_nan=False)
        assert 0 <= seams.score <= 1


@pytest.mark.parametrize("total", [1, 2, 100, 600])
def test_songs_shorter_than_a_spectrum(total):
    song = Song(np.random.default_rng(0).standard_normal((2, total)).astype(np.float32), RATE_HZ)
    whole = Frames(0, total)
    seams = measure(song, whole, Song(-song.samples, RATE_HZ), Frames(0, 0), Frames(total, total))
    json.dumps(asdict(seams), allow_nan=False)


def test_the_same_arguments_give_the_same_answer_and_nothing_is_written(song):
    joined = with_inside(song, unrelated(song))
    copies = song.samples.copy(), joined.samples.copy()
    first = measure(song, HOLE, joined, FADE_IN, FADE_OUT)
    assert measure(song, HOLE, joined, FADE_IN, FADE_OUT) == first
    np.testing.assert_array_equal(song.samples, copies[0])
    np.testing.assert_array_equal(joined.samples, copies[1])


def test_what_is_no_number_counts_as_silence(song):
    broken = song.samples.copy()
    broken[0, HOLE.start - 300 : HOLE.start + 10] = np.nan
    seams = measure(Song(broken, RATE_HZ), HOLE, Song(broken, RATE_HZ), FADE_IN, FADE_OUT)
    assert seams.score == 1.0


def test_shapes_that_do_not_fit_are_refused(song):
    with pytest.raises(ValueError, match="not of one shape"):
        measure(song, HOLE, Song(song.samples[:1], RATE_HZ), FADE_IN, FADE_OUT)
    with pytest.raises(ValueError, match="outside"):
        measure(song, Frames(0, song.frames + 1), song, FADE_IN, FADE_OUT)

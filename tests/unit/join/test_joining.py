from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.join import JoinSettings, join
from punchin.region import Frames
from punchin.song import Song
from punchin.songfile import SampleFormat
from support.songs import made_song

FORMATS = [SampleFormat(bits) for bits in (8, 16, 24, 32)] + [
    SampleFormat(b, is_float=True) for b in (32, 64)
]
RATE_HZ = 44_100
PLAIN = JoinSettings(dither=False)


def stored(song, fmt):
    """The song as a file of this format has it."""
    if fmt.is_float:
        return song.samples.astype(fmt.dtype)
    steps = np.rint(song.samples.astype(np.float64) * fmt.full_scale)
    return np.clip(steps, -fmt.full_scale, fmt.full_scale - 1).astype(fmt.dtype)


def joined_of(song, hole, new, fmt=FORMATS[1], settings=PLAIN, *, start=False, end=False, seed=1):
    """Join, with the song as its file would decode."""
    native = stored(song, fmt)
    window = Song(fmt.to_float(native), song.rate_hz)
    original = native[:, hole.start : hole.end]
    return original, join(
        window, hole, new, original, fmt, settings, seed=seed, at_song_start=start, at_song_end=end
    )


def other(song, hole, seed=5):
    """Unrelated sound of the hole, about as loud as the song."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((song.channels, len(hole))) * song.samples.std()
    return Song(noise.astype(np.float32), song.rate_hz)


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
@pytest.mark.parametrize("dither", [True, False])
def test_the_same_sound_changes_nothing(fmt, dither):
    song, hole = made_song(4.0, channels=2), Frames(44_100, 120_000)
    new = Song(fmt.to_float(stored(song, fmt))[:, hole.start : hole.end], song.rate_hz)
    original, joined = joined_of(song, hole, new, fmt, JoinSettings(dither=dither))
    np.testing.assert_array_equal(joined.samples, original)
    assert joined.samples.dtype == fmt.dtype
    assert (joined.shift_frames, joined.tone_db, joined.limited_db) == (0, 0, 0)


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_where_new_sound_has_no_weight_every_bit_is_kept(fmt):
    song, hole = made_song(4.0), Frames(44_100, 130_001)
    rng = np.random.default_rng(3)
    # All bits in use: what a float32 window cannot hold must come from the file's own samples.
    song = Song(song.samples.astype(np.float64) + rng.uniform(-1e-9, 1e-9, song.samples.shape), RATE_HZ)
    original, joined = joined_of(song, hole, other(song, hole), fmt, JoinSettings())
    before, after = joined.fade_in.start - hole.start, joined.fade_out.end - hole.start
    assert before > 0 or after < len(hole)
    np.testing.assert_array_equal(joined.samples[:, :before], original[:, :before])
    np.testing.assert_array_equal(joined.samples[:, after:], original[:, after:])
    changed = (joined.samples != original)[:, before:after].mean()
    assert changed > 0.5


def test_the_difference_begins_and_ends_at_nothing():
    song, hole = made_song(4.0), Frames(50_000, 120_000)
    fmt = SampleFormat(64, is_float=True)
    original, joined = joined_of(song, hole, other(song, hole), fmt)
    difference = np.abs(joined.samples - original)
    first = joined.fade_in.start - hole.start
    last = joined.fade_out.end - hole.start
    loud = difference[:, first + 3000 : last - 3000].max()
    assert difference[:, first].max() < 0.001 * loud
    assert difference[:, last - 1].max() < 0.001 * loud


def test_float64_is_mixed_in_float64():
    song, hole = made_song(4.0), Frames(50_000, 120_000)
    fine = Song(song.samples + np.random.default_rng(0).uniform(0, 1e-8, song.samples.shape), RATE_HZ)
    fmt = SampleFormat(64, is_float=True)
    new = Song(fine.samples[:, hole.start : hole.end].astype(np.float32) + np.float32(1e-4), RATE_HZ)
    original, joined = joined_of(fine, hole, new, fmt, replace(PLAIN, search_s=0.0, limit=False))
    assert joined.alike_in > 0.9999
    # At the first frame of the fade the old sound has nearly all the weight: its 64 bits must show.
    assert np.abs(joined.samples[:, 0] - original[:, 0]).max() < 1e-9


@pytest.mark.parametrize("dither", [True, False])
def test_silence_stays_silence(dither):
    silence, hole = Song(np.zeros((2, 50_000), np.float32), RATE_HZ), Frames(10_000, 40_000)
    new = Song(np.zeros((2, 30_000), np.float32), RATE_HZ)
    _, joined = joined_of(silence, hole, new, settings=JoinSettings(dither=dither))
    assert not joined.samples.any()


def test_new_silence_in_music_is_digital_silence():
    song, hole = made_song(3.0), Frames(30_000, 90_000)
    new = Song(np.zeros((2, 60_000), np.float32), RATE_HZ)
    _, joined = joined_of(song, hole, new, settings=JoinSettings())
    assert not joined.samples[:, 20_000:40_000].any()


def test_dither_is_small_seeded_and_only_on_new_sound():
    song, hole = made_song(3.0), Frames(30_000, 90_000)
    new = other(song, hole)
    _, plain = joined_of(song, hole, new)
    _, once = joined_of(song, hole, new, settings=JoinSettings())
    _, again = joined_of(song, hole, new, settings=JoinSettings())
    _, differently = joined_of(song, hole, new, settings=JoinSettings(), seed=2)
    np.testing.assert_array_equal(once.samples, again.samples)
    assert (once.samples != differently.samples).any()
    noise = once.samples.astype(int) - plain.samples
    assert np.abs(noise).max() == 1
    # Triangular noise and rounding: variance 1/6 + 1/12; as seen here, rounding is on both sides.
    assert 0.15 < noise.astype(float).var() < 0.4
    assert abs(noise.mean()) < 0.01


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 17, 100, 441, 3000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_short_holes(frames, channels):
    song = made_song(1.0, channels=channels)
    hole = Frames(20_000, 20_000 + frames)
    _, joined = joined_of(song, hole, other(song, hole), settings=JoinSettings())
    assert joined.samples.shape == (channels, frames)
    assert hole.start <= joined.fade_in.start <= joined.fade_in.end <= joined.fade_out.start
    assert joined.fade_out.start <= joined.fade_out.end <= hole.end


def test_one_frame_is_replaced():
    song, hole = made_song(1.0), Frames(20_000, 20_001)
    new = Song(np.full((2, 1), 0.25, np.float32), RATE_HZ)
    _, joined = joined_of(song, hole, new, settings=replace(PLAIN, match_level=False))
    assert (joined.samples == 8192).all()


@settings(max_examples=40, deadline=None)
@pytest.mark.slow
@given(
    fmt=st.sampled_from(FORMATS),
    rate_hz=st.sampled_from([8_000, 37_123, 192_000]),
    channels=st.integers(1, 8),
    start=st.integers(0, 3_000),
    frames=st.integers(1, 6_000),
    fades=st.tuples(st.floats(0, 10), st.floats(0, 10)),
    search_s=st.floats(0, 1),
    align_s=st.floats(0, 0.02),
    tone=st.floats(0, 1),
    ends=st.tuples(st.booleans(), st.booleans()),
    scale=st.sampled_from([0.0, 1e-6, 0.3, 3.0]),
)
def test_any_setting_gives_samples_of_the_hole(
    fmt, rate_hz, channels, start, frames, fades, search_s, align_s, tone, ends, scale
):
    rng = np.random.default_rng(frames)
    song = Song(rng.uniform(-0.5, 0.5, (channels, start + frames + 500)).astype(np.float32), rate_hz)
    hole = Frames(start, start + frames)
    new = Song((scale * rng.uniform(-1, 1, (channels, frames))).astype(np.float32), rate_hz)
    chosen = JoinSettings(
        fade_in_s=fades[0], fade_out_s=fades[1], search_s=search_s, align_s=align_s, match_tone=tone
    )
    original, joined = joined_of(song, hole, new, fmt, chosen, start=ends[0], end=ends[1])
    assert joined.samples.shape == original.shape
    assert joined.samples.dtype == fmt.dtype
    assert (joined.fade_in is None, joined.fade_out is None) == ends
    if fmt.is_float:
        assert np.isfinite(joined.samples).all()
        assert np.abs(joined.samples).max() <= 1
    else:
        assert np.abs(joined.samples.astype(np.int64)).max() <= fmt.full_scale
    if joined.fade_in:
        kept = joined.fade_in.start - hole.start
        np.testing.assert_array_equal(joined.samples[:, :kept], original[:, :kept])
    if joined.fade_out:
        kept = joined.fade_out.end - hole.start
        np.testing.assert_array_equal(joined.samples[:, kept:], original[:, kept:])


def test_peaks_are_limited_inside_the_hole_only():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    loud = Song(other(song, hole).samples * np.float32(6), RATE_HZ)
    settings = replace(PLAIN, match_level=False, match_tone=0.0)
    fmt = SampleFormat(32, is_float=True)
    original, joined = joined_of(song, hole, loud, fmt, settings)
    assert joined.limited_db > 1
    assert np.abs(joined.samples).max() <= 10 ** (-1 / 20)
    before = joined.fade_in.start - hole.start
    np.testing.assert_array_equal(joined.samples[:, :before], original[:, :before])
    _, free = joined_of(song, hole, loud, fmt, replace(settings, limit=False))
    assert np.abs(free.samples).max() > 1
    # The gain moves slowly: new sound times a smooth curve, no clipping.
    middle = slice(20_000, 60_000)
    gain = joined.samples[:, middle] / free.samples[:, middle]
    assert np.abs(np.diff(gain, axis=1)).max() < 0.01


def test_a_song_that_goes_over_full_scale_lets_new_sound_go_as_high():
    song, hole = made_song(3.0), Frames(44_100, 100_000)
    hot = Song(song.samples * np.float32(1.2 / np.abs(song.samples).max()), RATE_HZ)
    new = Song(hot.samples[:, : len(hole)], RATE_HZ)
    fmt = SampleFormat(32, is_float=True)
    _, joined = joined_of(hot, hole, new, fmt, replace(PLAIN, match_level=False, match_tone=0.0))
    assert joined.limited_db < 1.5
    assert 1.0 < np.abs(joined.samples).max() <= 1.2001
    # In integers nothing can go over; then nothing wraps around either.
    _, held = joined_of(hot, hole, new, SampleFormat(16), replace(PLAIN, match_level=False, match_tone=0.0))
    assert np.abs(held.samples.astype(int)).max() <= 32_767


def test_sound_that_is_late_is_moved_to_meet_the_old():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    late = Song(song.samples[:, hole.start - 60 : hole.end - 60], RATE_HZ)
    _, joined = joined_of(song, hole, late)
    assert joined.shift_frames == -60
    assert joined.alike_in > 0.999
    early = Song(song.samples[:, hole.start + 60 : hole.end + 60], RATE_HZ)
    assert joined_of(song, hole, early)[1].shift_frames == 60
    assert joined_of(song, hole, early, start=True)[1].shift_frames == 0
    assert joined_of(song, hole, late, start=True)[1].shift_frames == -60
    assert joined_of(song, hole, early, end=True)[1].shift_frames == 60
    assert joined_of(song, hole, late, end=True)[1].shift_frames == 0
    assert joined_of(song, hole, early, settings=replace(PLAIN, align_s=0.0))[1].shift_frames == 0


def test_too_little_sound_tells_no_phase():
    song, hole = made_song(4.0), Frames(44_100, 45_500)
    late = Song(song.samples[:, hole.start - 60 : hole.end - 60], RATE_HZ)
    assert joined_of(song, hole, late)[1].shift_frames == 0


def test_of_equal_places_the_crossfades_take_those_at_the_edges():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    _, joined = joined_of(song, hole, Song(song.samples[:, hole.start : hole.end], RATE_HZ))
    assert (joined.fade_in.start, joined.fade_out.end) == (hole.start, hole.end)


def test_a_song_at_full_scale_is_not_changed_by_its_own_sound():
    song, hole = made_song(3.0), Frames(44_100, 100_000)
    clipped = Song(np.clip(song.samples * 5, -1, 1).astype(np.float32), RATE_HZ)
    fmt = SampleFormat(16)
    new = Song(fmt.to_float(stored(clipped, fmt))[:, hole.start : hole.end], RATE_HZ)
    original, joined = joined_of(clipped, hole, new, fmt, JoinSettings())
    assert original.min() == -32_768
    np.testing.assert_array_equal(joined.samples, original)


def test_what_moved_sound_lacks_has_no_weight():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    early = Song(song.samples[:, hole.start + 100 : hole.end + 100], RATE_HZ)
    _, joined = joined_of(song, hole, early, settings=replace(PLAIN, search_s=0.0, fade_in_s=0.0))
    assert joined.shift_frames == 100
    assert joined.fade_in.start == hole.start + 100


def test_unrelated_sound_is_not_moved():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    assert joined_of(song, hole, other(song, hole))[1].shift_frames == 0


def test_the_crossfade_is_put_where_there_is_least_to_hide():
    song, hole = made_song(4.0), Frames(44_100, 132_300)
    new = other(song, hole).samples.copy()
    inside = song.samples[:, hole.start : hole.end]
    for same in (slice(2_000, 4_500), slice(-5_000, -2_000)):
        new[:, same] = inside[:, same]
    _, joined = joined_of(
        song, hole, Song(new, RATE_HZ), settings=replace(PLAIN, search_s=0.1, match_level=False, match_tone=0)
    )
    place = joined.fade_in.start - hole.start
    assert 1_900 <= place <= 2_300
    assert 1_900 <= hole.end - joined.fade_out.end <= 2_300
    _, fixed = joined_of(song, hole, Song(new, RATE_HZ), settings=replace(PLAIN, search_s=0))
    assert fixed.fade_in.start == hole.start
    assert len(fixed.fade_in) == 2_205


def test_level_goes_to_that_of_the_sides():
    song, hole = made_song(8.0), Frames(132_300, 220_500)
    quiet = Song(song.samples[:, hole.start : hole.end] * np.float32(0.6), RATE_HZ)
    _, joined = joined_of(song, hole, quiet)
    assert joined.level.punch_in_db == pytest.approx(3.9, abs=0.6)
    assert joined_of(song, hole, quiet, settings=replace(PLAIN, match_level=False))[1].level.punch_in_db == 0


def test_not_a_number_counts_as_silence_and_is_kept_outside_the_new_sound():
    song, hole = made_song(3.0), Frames(30_000, 90_000)
    holed = song.samples.copy()
    holed[0, 29_000:31_000] = np.nan
    holed[1, 50_000] = np.inf
    fmt = SampleFormat(32, is_float=True)
    _, joined = joined_of(Song(holed, RATE_HZ), hole, other(song, hole), fmt)
    first = joined.fade_in.start - hole.start
    assert np.isfinite(joined.samples[:, first:]).all()
    assert np.isnan(joined.samples[0, : min(first, 1000)]).all()
    assert 0 <= joined.alike_in <= 1
    _, at_once = joined_of(Song(holed, RATE_HZ), hole, other(song, hole), fmt, replace(PLAIN, search_s=0))
    assert np.isfinite(at_once.samples).all()


def test_the_start_of_a_song_is_faded_only_if_the_new_sound_would_click():
    song = made_song(3.0)
    quiet = Song(song.samples * np.linspace(0, 1, song.frames, dtype=np.float32), RATE_HZ)
    hole = Frames(0, 60_000)
    level = Song(np.full((2, 60_000), 0.2, np.float32), RATE_HZ)
    rest = {"start": True, "settings": replace(PLAIN, match_level=False, match_tone=0, limit=False)}
    _, joined = joined_of(quiet, hole, level, **rest)
    assert joined.fade_in is None
    assert np.abs(joined.samples[:, 0]).max() < 5
    assert (joined.samples[:, 133:50_000] == round(0.2 * 32_768)).all()
    # A song that starts in the middle of a sound may go on doing so.
    abrupt = Song(song.samples * np.float32(0.1) + np.float32(0.3), RATE_HZ)
    _, joined = joined_of(abrupt, hole, level, **rest)
    assert (joined.samples[:, 0] == round(0.2 * 32_768)).all()
    end = Frames(song.frames - 60_000, song.frames)
    falling = Song(quiet.samples[:, ::-1], RATE_HZ)
    _, joined = joined_of(falling, end, level, end=True, settings=rest["settings"])
    assert joined.fade_out is None
    assert np.abs(joined.samples[:, -1]).max() < 5


def test_shapes_that_do_not_fit_are_refused():
    song, hole = made_song(1.0), Frames(1_000, 2_000)
    with pytest.raises(ValueError, match="must be"):
        joined_of(song, hole, other(song, Frames(0, 999)))
    with pytest.raises(ValueError, match="outside the window"):
        joined_of(song, Frames(44_000, 44_200), other(song, Frames(0, 200)))

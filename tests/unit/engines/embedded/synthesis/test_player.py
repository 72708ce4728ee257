"""Playing scores: lengths, times, glides, ends, chance."""

import numpy as np
import pytest

from punchin.engines.embedded.score import Hit, Note, Score, Track
from punchin.engines.embedded.synthesis.player import check
from punchin.engines.embedded.synthesis.voice import hz

RATE_HZ = 44_100


def track(name, *notes, role="lead"):
    return Track(name, role, notes)


def onset_s(sound, rate_hz=RATE_HZ):
    level = np.abs(sound).max(axis=0)
    return int(np.argmax(level > 0.1 * level.max())) / rate_hz


@pytest.fixture(scope="module")
def band():
    return Score(
        2.345,
        (
            track("piano", Note(0, 0.5, 60, 0.7), Note(0.5, 0.5, 64, 0.5), role="chords"),
            track("supersaw", Note(0.2, 1.0, 67, 0.8)),
            track("bass-808", Note(0, 0.9, 36, 0.9), Note(1.0, 0.9, 43, 0.9, slide_s=0.2), role="bass"),
        ),
        tuple(Hit(n * 0.25, v, 0.7) for n, v in enumerate(["kick", "closed_hat", "snare", "closed_hat"] * 2)),
        "room",
    )


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 44_100, 48_000])
def test_stems_are_as_long_as_the_score_at_any_rate_and_end_at_zero(player, band, rate_hz):
    stems = player.play(band, rate_hz, seed=1)
    assert [stem.role for stem in stems] == ["chords", "lead", "bass", "drums"]
    for stem in stems:
        assert stem.samples.shape == (2, round(2.345 * rate_hz))
        assert stem.samples.dtype == np.float32
        assert np.isfinite(stem.samples).all()
        assert not stem.samples[:, -1].any()
        assert np.abs(stem.samples).max() > 0.02


def test_the_same_seed_gives_the_same_bits_and_another_another_take(player, band):
    first, again, other = (player.play(band, RATE_HZ, seed=s) for s in (7, 7, 8))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.samples, b.samples)
    assert not np.array_equal(first[1].samples, other[1].samples)
    assert not np.array_equal(first[3].samples, other[3].samples)


@pytest.mark.parametrize(
    "name", ["piano", "steel-guitar", "marimba", "pluck", "trumpet", "finger-bass", "pizzicato"]
)
def test_notes_start_when_they_should(player, name):
    (stem,) = player.play(Score(1.5, (track(name, Note(0.5, 0.5, 55, 0.9)),)), RATE_HZ)
    assert 0.498 < onset_s(stem.samples) < 0.522


def test_hits_start_when_they_should(player):
    for voice in ("kick", "snare", "closed_hat", "clap", "tom_low"):
        for kit in ("standard", "tr808"):
            (stem,) = player.play(Score(1.0, (), (Hit(0.25, voice, 0.9),), kit), RATE_HZ)
            assert 0.249 < onset_s(stem.samples) < 0.262, (voice, kit)


def test_playing_is_linear_in_the_tracks(player, band):
    alone = player.play(Score(band.duration_s, band.tracks[:1]), RATE_HZ, seed=3)
    together = player.play(band, RATE_HZ, seed=3)
    assert np.array_equal(alone[0].samples, together[0].samples)


def repeats_at(sound, at_s, pitch):
    """How alike 60 ms are to themselves one period of a pitch later, 1 where it is that pitch."""
    start, period = round((at_s - 0.03) * RATE_HZ), round(RATE_HZ / hz(pitch))
    part = sound[0, start : start + round(0.06 * RATE_HZ)]
    later = sound[0, start + period : start + period + len(part)]
    return np.corrcoef(part, later)[0, 1]


@pytest.mark.parametrize("name", ["bass-808", "saw-lead", "finger-bass", "reese-bass"])
def test_a_slide_glides_from_the_note_before(player, name):
    notes = Note(0, 0.9, 45, 0.9), Note(1.0, 1.0, 55, 0.9, slide_s=0.5)
    (stem,) = player.play(Score(2.2, (track(name, *notes),)), RATE_HZ)
    for at_s in (1.05, 1.25, 1.45, 1.7):
        x = min(1.0, (at_s - 1.0) / 0.5)
        pitch = 55 - 10 * (0.5 + 0.5 * np.cos(np.pi * x))
        assert repeats_at(stem.samples, at_s, pitch) > 0.6, at_s
        assert repeats_at(stem.samples, at_s, pitch) > repeats_at(stem.samples, at_s, pitch + 3)


def test_bass_plays_one_note_at_a_time(player):
    long = Note(0, 2.0, 40, 0.9)
    both = player.play(Score(2.0, (track("finger-bass", long, Note(1.0, 0.3, 52, 0.0001)),)), RATE_HZ)
    alone = player.play(Score(2.0, (track("finger-bass", long),)), RATE_HZ)
    after = slice(round(1.2 * RATE_HZ), round(1.8 * RATE_HZ))
    assert np.std(both[0].samples[:, after]) < 0.01 * np.std(alone[0].samples[:, after])


def test_a_chord_keeps_all_its_notes(player):
    notes = tuple(Note(0, 1.0, p, 0.7) for p in (60, 64, 67))
    (stem,) = player.play(Score(1.0, (track("organ", *notes),)), RATE_HZ)
    mono = stem.samples[0, 2000:40_000]
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    for pitch in (60, 64, 67):
        at = round(hz(pitch) * len(mono) / RATE_HZ)
        assert spectrum[at - 2 : at + 3].max() > 0.1 * spectrum.max()


def test_notes_outside_the_score_are_not_played(player):
    late = track("piano", Note(1.5, 1, 60, 0.9))
    (stem,) = player.play(Score(1.0, (late,)), RATE_HZ)
    assert not stem.samples.any()


def test_an_empty_score_has_no_stems(player):
    assert player.play(Score(1.0), RATE_HZ) == ()


def test_unknown_names_are_refused_before_anything_is_played():
    with pytest.raises(ValueError, match="no instrument 'pianoo'"):
        check(Score(1.0, (track("piano"), track("pianoo"))))
    with pytest.raises(ValueError, match="no drum kit 'rooom'"):
        check(Score(1.0, (), (Hit(0, "kick", 1),), "rooom"))


def test_progress_reaches_the_end_and_can_stop_it(player, band):
    told = []
    player.play(band, 8000, progress=lambda stage, fraction: told.append(fraction))
    assert told == [0.25, 0.5, 0.75, 1.0]

    class Stop(Exception):
        pass

    def stop(stage, fraction):
        raise Stop

    with pytest.raises(Stop):
        player.play(band, 8000, progress=stop)

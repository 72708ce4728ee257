"""What tags do to a song, by measure: one made song, one hole, many edits."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engine import Unused, no_progress
from punchin.engines.embedded import EmbeddedEngine, voice
from punchin.engines.embedded.analysis import analyse
from punchin.engines.embedded.arrangement import arrange, lay_ground
from punchin.engines.embedded.bed import lay_bed
from punchin.engines.embedded.material import Heard
from punchin.engines.embedded.mix import split
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.production import NO_DRUMS, OLD_VOICE_SOFTER, OLD_VOICE_STAYS
from punchin.engines.embedded.rearranging import SILENCE, rearrange
from punchin.engines.embedded.synthesis import Player
from punchin.engines.embedded.tags import parse_tags
from punchin.region import Frames, Region
from punchin.song import Song
from support.labelled_songs import labelled_song
from support.songs import made_song

RATE_HZ = 22_050
HOLE = Frames(8 * RATE_HZ, 14 * RATE_HZ)
EDIT = Edit(region=Region.parse(8, 14), seed=3)
PLAYER = Player()


def heard_of(song, **changed):
    analysis = analyse(song)
    if changed:
        analysis = replace(analysis, grid=replace(analysis.grid, **changed))
    return Heard.of(song, HOLE, analysis)


@pytest.fixture(scope="module")
def heard():
    return heard_of(wide_song())


def wide_song(seconds=24.0, channels=2):
    """The made song with its beats, and chords that are not the same on both sides."""
    song = made_song(seconds, RATE_HZ, channels)
    t = np.arange(song.frames) / RATE_HZ
    samples = song.samples.copy()
    for channel in range(channels):
        samples[channel] += (0.03 * np.sin(2 * np.pi * (440 + 110 * channel) * t)).astype(np.float32)
    return Song(samples, RATE_HZ)


@pytest.fixture(scope="module")
def take(heard):
    """One filling for each set of tags, made once."""
    made = {}

    def fill(tags="", seed=3, lyrics="", variance=None):
        key = (tags, seed, lyrics, variance)
        if key not in made:
            edit = replace(EDIT, tags=(tags,) if tags else (), seed=seed, lyrics=lyrics, variance=variance)
            made[key] = rearrange(heard, edit, PLAYER, no_progress)
        return made[key]

    return fill


def sound(filling):
    return filling.song.samples


def power(samples):
    return float(np.square(samples, dtype=np.float64).sum())


def band(samples, low_hz, high_hz):
    spectrum = np.fft.rfft(samples, axis=1)
    f = np.fft.rfftfreq(samples.shape[1], 1 / RATE_HZ)
    return power(np.abs(spectrum[:, (f >= low_hz) & (f < high_hz)]))


def strokes(samples):
    """How many a second: rises of the level above 1 kHz by a half within 20 ms."""
    bright = np.diff(samples.mean(axis=0), 2)
    step = round(0.01 * RATE_HZ)
    level = np.sqrt(np.mean(np.square(bright[: bright.size // step * step].reshape(-1, step)), axis=1))
    rises = level[2:] > 1.6 * level[:-2] + 0.05 * level.max()
    return int(np.sum(rises[1:] & ~rises[:-1])) / (samples.shape[1] / RATE_HZ)


def difference(one, other):
    """How unlike two long-term spectra are: mean distance of third octaves in dB, level taken off."""
    edges = 60 * 2 ** (np.arange(24) / 3)
    levels = [
        np.array([10 * np.log10(band(s, a, b) + 1e-9) for a, b in pairwise(edges)]) for s in (one, other)
    ]
    distance = levels[0] - levels[1]
    return float(np.mean(np.abs(distance - distance.mean())))


def width(samples):
    return power(samples[0] - samples[1]) / (2 * power(samples))


# ---- What tags change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags", ["lofi", "house", "rock", "ambient", "jazz", "orchestral", "chiptune", "flute", "muffled"]
)
def test_every_family_of_tags_is_heard(take, tags):
    filling = take(tags)
    assert filling.tags_used == (tags,)
    assert difference(sound(filling), sound(take())) > 1.5


def test_without_tags_the_bed_stays_to_the_bit(take, heard):
    bed = lay_bed(heard.window, HOLE, heard.analysis, seed=3, variance=0.3)
    assert sound(take()).tobytes() == bed.song.samples.tobytes()


def test_more_strokes_in_drum_and_bass_than_in_ambient(take):
    assert strokes(sound(take("ambient"))) < 2.5 < 4 < strokes(sound(take("dnb")))


def test_no_drums_are_no_drums(take):
    before, after = (split(sound(take(tags)), RATE_HZ).percussive for tags in ("", "no drums"))
    assert power(after) < 0.15 * power(before)
    assert take("no drums").details["strokes"] == 0


@pytest.mark.parametrize("tags", ["rock", "house", "hip hop"])
def test_drums_are_replaced_and_not_stacked(take, tags):
    before, after = (power(split(sound(take(t)), RATE_HZ).percussive) for t in ("", tags))
    assert 10 * np.log10(after / before) < 3


def test_dark_tags_are_dark_and_bright_ones_bright(take):
    high = {
        tags: band(sound(take(tags)), 3000, 8000) / power(sound(take(tags)))
        for tags in ("", "muffled", "treble")
    }
    assert 4 * high["muffled"] < high[""] < 0.7 * high["treble"]


def test_a_808_goes_lower_than_no_bass(take):
    low = {tags: band(sound(take(tags)), 25, 70) / power(sound(take(tags))) for tags in ("trap", "no bass")}
    assert low["trap"] > 5 * low["no bass"]


def test_mono_and_wide(take):
    assert width(sound(take("mono"))) < 1e-6
    assert width(sound(take("wide"))) > 1.3 * width(sound(take()))


def test_what_is_played_fits_the_bed_better_than_in_another_key(heard):
    bed = lay_bed(heard.window, HOLE, heard.analysis, seed=3, variance=0.3)
    ground = lay_ground(heard.analysis, HOLE.start / RATE_HZ, HOLE.end / RATE_HZ, bed.donors)
    score = arrange(parse_tags(["piano"]).style, ground, seed=3)
    (stem,) = PLAYER.play(score, RATE_HZ)
    own, added = chroma(bed.song.samples), chroma(stem.samples)
    agreements = [float(np.roll(added, shift) @ own) for shift in range(12)]
    assert agreements[0] > np.mean(agreements[1:]) + 0.1


def chroma(samples):
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=0)))
    f = np.fft.rfftfreq(samples.shape[1], 1 / RATE_HZ)
    inside = (f > 100) & (f < 1500)
    classes = np.round(69 + 12 * np.log2(f[inside] / 440)).astype(int) % 12
    row = np.bincount(classes, spectrum[inside] ** 2, 12) ** 0.5
    return row / np.linalg.norm(row)


# ---- Loudness, ends, chance --------------------------------------------------------------------------------


@pytest.mark.parametrize("tags", ["lofi", "dnb", "ambient", "flute", "no drums", "trap"])
def test_it_is_as_loud_as_the_music_around(take, heard, tags):
    around = np.concatenate(
        [heard.window.samples[:, : HOLE.start], heard.window.samples[:, HOLE.end :]], axis=1
    )
    style = parse_tags([tags]).style
    wanted = loudness(around, RATE_HZ) + 1.5 * style.energy
    assert loudness(sound(take(tags)), RATE_HZ) == pytest.approx(wanted, abs=1.0)
    assert np.abs(sound(take(tags))).max() <= 0.98


def test_the_same_seed_is_the_same_take(take, heard):
    again = rearrange(heard, replace(EDIT, tags=("lofi",)), Player(), no_progress)
    assert again.song.samples.tobytes() == sound(take("lofi")).tobytes()


def test_other_seeds_are_other_takes(take):
    one, other = take("lofi"), take("lofi", seed=4)
    assert one.details["donors"] != other.details["donors"]
    a, b = sound(one).ravel(), sound(other).ravel()
    assert abs(a @ b) / np.sqrt(power(a) * power(b)) < 0.8


def test_variance_reaches_the_arrangement(take):
    usual = [take("rock", seed=seed, variance=0.0).details["strokes"] for seed in (3, 4)]
    assert usual[0] == usual[1] != take("rock", variance=1.0).details["strokes"]


# ---- What is said ------------------------------------------------------------------------------------------


def test_details_say_what_was_played(take):
    details = take("lofi").details
    assert details["groove"] == "lofi"
    assert details["bass"] == "sub-bass"
    assert "rhodes" in details["instruments"]
    assert {"tape", "vinyl"} <= set(details["effects"])
    assert details["strokes"] > 5 < details["notes"]
    assert details["chords"][0][0] == 0.0
    assert "groove" not in take().details


def test_unknown_and_unused_tags_are_said(take):
    filling = take("lofi, flurbish, 90 bpm")
    assert filling.tags_used == ("lofi",)
    assert {entry.what for entry in filling.unused} == {"tag 'flurbish'", "tag '90 bpm'"}


def test_tags_without_effect_leave_the_bed_to_the_bit(take):
    assert sound(take("90 bpm")).tobytes() == sound(take()).tobytes()


def test_without_a_steady_beat_drums_play_only_if_asked_for():
    lost = heard_of(wide_song(), confidence=0.1)
    genre = rearrange(lost, replace(EDIT, tags=("rock",)), PLAYER, no_progress)
    assert genre.details["strokes"] == 0
    assert NO_DRUMS in genre.warnings
    asked = rearrange(lost, replace(EDIT, tags=("rock", "drums")), PLAYER, no_progress)
    assert asked.details["strokes"] > 0
    assert NO_DRUMS not in asked.warnings


def test_silence_stays_silence_and_says_so():
    silent = heard_of(Song(np.zeros((2, 24 * RATE_HZ), np.float32), RATE_HZ))
    filling = rearrange(silent, replace(EDIT, tags=("lofi", "piano")), PLAYER, no_progress)
    assert not filling.song.samples.any()
    assert SILENCE in filling.warnings
    assert [(entry.what, entry.why) for entry in filling.unused] == [
        ("tag 'lofi'", SILENCE),
        ("tag 'piano'", SILENCE),
    ]
    assert filling.tags_used == ()


@pytest.mark.parametrize(("tags", "lyrics"), [("", "[inst]"), ("instrumental", ""), ("lofi, no vocals", "")])
def test_no_vocals_lower_the_old_ones(take, tags, lyrics):
    assert OLD_VOICE_SOFTER in take(tags, lyrics=lyrics).warnings


def test_in_mono_old_vocals_stay():
    song = heard_of(wide_song(channels=1))
    filling = rearrange(song, replace(EDIT, lyrics="[inst]"), PLAYER, no_progress)
    assert OLD_VOICE_STAYS in filling.warnings
    assert filling.song.samples.shape == (1, len(HOLE))


def test_stereo_tags_are_unused_in_mono():
    song = heard_of(wide_song(channels=1))
    filling = rearrange(song, replace(EDIT, tags=("wide", "piano")), PLAYER, no_progress)
    assert filling.tags_used == ("piano",)
    assert [entry.what for entry in filling.unused] == ["tag 'wide'"]


# ---- Words -------------------------------------------------------------------------------------------------


def sings(monkeypatch, samples, dropped=()):
    """Let a singer who always does the same take the place of the voice stage."""
    calls = []

    def sing(lyrics, vocals, ground, rate_hz, *, seed, language, progress):
        calls.append((lyrics, vocals.delivery, rate_hz, seed, language))
        sung = ("la la la",) if samples.any() else ()
        return voice.Sung(samples, sung, dropped, ("sung in tests",), language=language or "en")

    monkeypatch.setattr(voice, "sing", sing)
    return calls


def hum(channels=None):
    t = np.arange(len(HOLE) + 1) / RATE_HZ
    mono = (0.1 * np.sign(np.sin(2 * np.pi * 700 * t))).astype(np.float32)
    return mono if channels is None else np.tile(mono, (channels, 1))


@pytest.mark.parametrize("channels", [None, 2])
def test_words_are_sung_in_front_of_the_band(heard, monkeypatch, channels):
    calls = sings(monkeypatch, hum(channels), (Unused("line 'two'", "it does not fit"),))
    edit = replace(EDIT, tags=("rock",), lyrics="la la la\ntwo", parameters={"language": "es"})
    filling = rearrange(heard, edit, PLAYER, no_progress)
    assert calls == [("la la la\ntwo", "sing", RATE_HZ, 3, "es")]
    assert filling.details["language"] == "es"
    assert filling.lyrics_used == ("la la la",)
    assert [entry.what for entry in filling.unused] == ["line 'two'"]
    assert "sung in tests" in filling.warnings
    assert OLD_VOICE_SOFTER in filling.warnings
    alike = np.corrcoef(sound(filling).mean(axis=0), hum()[: len(HOLE)])[0, 1]
    assert alike > 0.4
    assert loudness(sound(filling), RATE_HZ) == pytest.approx(
        loudness(heard.window.samples, RATE_HZ), abs=1.2
    )


def test_words_without_tags_are_sung_over_the_bed(heard, monkeypatch):
    sings(monkeypatch, hum())
    filling = rearrange(heard, replace(EDIT, lyrics="la la la"), PLAYER, no_progress)
    assert filling.lyrics_used == ("la la la",)
    assert filling.details["notes"] == 0


def test_words_that_nobody_sings_leave_the_bed(heard, monkeypatch):
    sings(monkeypatch, np.zeros(len(HOLE), np.float32), (Unused("lyrics", "no singer"),))
    filling = rearrange(heard, replace(EDIT, lyrics="la la la"), PLAYER, no_progress)
    assert [entry.what for entry in filling.unused] == ["lyrics"]
    assert OLD_VOICE_SOFTER not in filling.warnings
    alike = np.corrcoef(sound(filling).ravel(), lay_bed_samples(heard).ravel())[0, 1]
    assert alike > 0.99


def lay_bed_samples(heard):
    return lay_bed(heard.window, HOLE, heard.analysis, seed=3, variance=0.3).song.samples


def test_in_silence_words_are_unused():
    silent = heard_of(Song(np.zeros((2, 24 * RATE_HZ), np.float32), RATE_HZ))
    filling = rearrange(silent, replace(EDIT, lyrics="la la la"), PLAYER, no_progress)
    assert [(entry.what, entry.why) for entry in filling.unused] == [("lyrics", SILENCE)]
    assert SILENCE in filling.warnings


def test_tags_of_the_voice_need_words(take):
    filling = take("rock, female vocals")
    assert filling.tags_used == ("rock",)
    assert [entry.what for entry in filling.unused] == ["tag 'female vocals'"]


def lateness_ms(samples, rate_hz, beats_s):
    """By how much the steepest rise of log energy near each beat is late; it knows nothing of the score."""
    step = rate_hz // 500
    bright = np.square(np.diff(samples.mean(axis=0)))
    energy = bright[: bright.size // step * step].reshape(-1, step).mean(axis=1)
    level = np.log(np.convolve(energy, np.ones(3) / 3, "same") + 1e-3 * energy.mean())
    rise, reach = level[2:] - level[:-2], 30
    at = np.round(np.asarray(beats_s) * rate_hz / step).astype(int)
    at = at[(at > reach) & (at < rise.size - reach)]
    near = rise[at[:, None] + np.arange(-reach, reach + 1)]
    struck = near.max(axis=1) > 1.0
    return (near[struck].argmax(axis=1) + 1 - reach) * step / rate_hz * 1000


@pytest.mark.slow
@pytest.mark.parametrize(("style", "tags"), [("rock", "house"), ("disco", "rock")])
def test_strokes_fall_on_the_beats_of_the_song(style, tags):
    made = labelled_song(style, 7001, 30.0)
    rate_hz = made.song.rate_hz
    hole = Frames(12 * rate_hz, 20 * rate_hz)
    filling = EmbeddedEngine().fill(
        made.song, hole, Edit(region=Region.parse(12, 20), tags=(tags,), seed=1), no_progress
    )
    lags = lateness_ms(filling.song.samples, rate_hz, made.beats_s - 12.0)
    assert lags.size >= 8
    assert abs(np.median(lags)) < 15

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.analysis.model import Analysis, BeatGrid, Chord, Form, Harmony, Key
from punchin.engines.embedded.arrangement import Ground, arrange, beats_of, lay_ground
from punchin.engines.embedded.score import DRUM_VOICES
from punchin.engines.embedded.tags import Kind, Style, parse_tags, vocabulary
from support.grounds import AM, C, F, G, made_ground, supported

GENRES = (
    "lofi", "boombap", "trap", "house", "techno", "drum and bass", "synthwave", "pop", "rock", "metal",
    "punk", "jazz", "bossa nova", "funk", "reggae", "country", "folk", "ambient", "classical", "cinematic",
    "chiptune", "salsa",
)  # fmt: skip

ANY_CHORD = st.builds(Chord, st.integers(0, 11), st.sampled_from(["maj", "min"]))


@st.composite
def grounds(draw):
    """Any ground: 1 to 64 uneven beats, odd metres, holes that begin and end anywhere, any chroma."""
    beats = draw(st.integers(1, 64))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = dice.uniform(0.25, 1.2) * dice.uniform(0.9, 1.1, beats)
    begins_s = -float(dice.uniform(0, 1.5)) * lengths[0] * draw(st.booleans())
    times = begins_s + np.concatenate([[0.0], np.cumsum(lengths)])
    per_bar = draw(st.sampled_from([2, 3, 4, 5, 7]))
    chords = draw(st.lists(ANY_CHORD, min_size=1, max_size=6))
    each = tuple(chords[k * len(chords) // beats] for k in range(beats))
    support = np.array([supported(chord) for chord in each]) * dice.uniform(0, 1, (beats, 12))
    return Ground(
        duration_s=max(0.02, float(times[-1] - draw(st.floats(0, 0.9)) * lengths[-1])),
        beats_s=times,
        positions=(np.arange(beats) + draw(st.integers(0, 6))) % per_bar,
        beats_per_bar=per_bar,
        chords=each,
        support=support,
        confidences=dice.uniform(0, 1, beats),
        energy=dice.uniform(0, 1, beats),
        key=Key(draw(st.integers(0, 11)), draw(st.sampled_from(["maj", "min"]))),
        swing=draw(st.floats(0.45, 0.8)),
        tuning_semitones=draw(st.floats(-0.5, 0.5)),
        steady=draw(st.booleans()),
    )


def assert_playable(score, ground):
    assert score.duration_s == ground.duration_s
    for track in score.tracks:
        assert track.notes
        starts = [note.start_s for note in track.notes]
        assert starts == sorted(starts)
        for note in track.notes:
            assert note.start_s >= 0
            assert note.duration_s > 0
            assert note.start_s + note.duration_s <= ground.duration_s
            assert 0 < note.velocity <= 1
            assert 12 <= note.pitch <= 110
    assert [hit.start_s for hit in score.hits] == sorted(hit.start_s for hit in score.hits)
    for hit in score.hits:
        assert 0 <= hit.start_s < ground.duration_s
        assert 0 < hit.velocity <= 1
        assert hit.voice in DRUM_VOICES


@settings(deadline=None, max_examples=40)
@given(
    grounds(),
    st.lists(st.sampled_from([t.name for t in vocabulary().terms if t.kind is not Kind.IGNORED]), max_size=5),
    st.integers(0, 2**31 - 1),
    st.floats(0, 1),
)
def test_any_tags_on_any_ground_give_a_score_inside_the_hole(ground, tags, seed, variance):
    assert_playable(arrange(parse_tags(tags).style, ground, seed=seed, variance=variance), ground)


@pytest.mark.slow
@pytest.mark.parametrize("term", [t.name for t in vocabulary().terms if t.kind is not Kind.IGNORED])
def test_every_tag_can_be_arranged(term):
    ground = made_ground(24, tempo_bpm=118, first_position=1, begins_s=-0.2)
    assert_playable(arrange(parse_tags([term, "pop"]).style, ground, seed=5, variance=1), ground)


@pytest.mark.parametrize("duration_s", [0.02, 0.1, 0.4, 1.0])
def test_a_hole_shorter_than_a_beat_still_has_a_score(duration_s):
    ground = made_ground(1, tempo_bpm=60, duration_s=duration_s)
    assert_playable(arrange(parse_tags(["rock, piano, strings"]).style, ground, seed=1), ground)


@pytest.mark.parametrize("duration_s", [0.05, 0.6, 7.3, 60.0])
def test_a_hole_without_a_beat_still_has_a_score(duration_s):
    ground = Ground.without_beat(duration_s, C, Key(0, "maj"))
    score = arrange(parse_tags(["pop, strings"]).style, ground, seed=1)
    assert_playable(score, ground)
    assert score.hits == ()
    if duration_s > 0.5:
        assert score.tracks


def test_the_same_seed_gives_the_same_score():
    style, ground = parse_tags(["funk, flute"]).style, made_ground()
    assert arrange(style, ground, seed=3) == arrange(style, ground, seed=3)


@pytest.mark.parametrize("genre", ["pop", "lofi", "jazz", "rock", "trap", "synthwave", "folk", "funk"])
def test_other_seeds_play_other_notes_not_only_at_other_times(genre):
    style, ground = parse_tags([genre]).style, made_ground(32)

    def written(seed):
        score = arrange(style, ground, seed=seed)
        notes = [(t.instrument, round(n.start_s / 0.15), n.pitch) for t in score.tracks for n in t.notes]
        return frozenset(notes) | {(h.voice, round(h.start_s / 0.15), 0) for h in score.hits}

    takes = [written(seed) for seed in range(6)]
    alike = [len(a & b) / len(a | b) for k, a in enumerate(takes) for b in takes[:k]]
    assert np.median(alike) < 0.85
    assert max(alike) < 1


def test_variance_says_how_far_seeds_lead_apart():
    style, ground = parse_tags(["pop, flute, hats"]).style, made_ground(32)

    def apart(variance):
        takes = []
        for seed in range(6):
            score = arrange(style, ground, seed=seed, variance=variance)
            takes.append(
                {(t.instrument, round(n.start_s / 0.15), n.pitch) for t in score.tracks for n in t.notes}
            )
        return np.mean([1 - len(a & b) / len(a | b) for k, a in enumerate(takes) for b in takes[:k]])

    none, some, all_of_it = apart(0.0), apart(0.3), apart(1.0)
    assert none < 0.35
    assert none < some < all_of_it


def test_without_variance_seeds_differ_only_in_their_hands():
    style, ground = parse_tags(["rock, piano, flute, shaker, sparse"]).style, made_ground(32)
    exact = replace(style, humanity=0.0)
    assert arrange(exact, ground, seed=1, variance=0) == arrange(exact, ground, seed=2, variance=0)
    assert arrange(style, ground, seed=1, variance=0) != arrange(style, ground, seed=2, variance=0)


def test_another_instrument_leaves_the_others_as_they_were():
    ground = made_ground()
    one, two = (arrange(parse_tags([tags]).style, ground, seed=9) for tags in ("pop", "pop, flute"))
    assert one.hits == two.hits
    first = {t.instrument: t.notes for t in one.tracks}
    second = {t.instrument: t.notes for t in two.tracks}
    assert first == {name: second[name] for name in first}
    assert "flute" in second


def features(genre):
    """Onsets a second of drums and notes, mean note length, the drums, the instruments."""
    ground = made_ground(32, tempo_bpm=110)
    score = arrange(parse_tags([genre]).style, ground, seed=1)
    notes = [note for track in score.tracks for note in track.notes]
    lengths = [note.duration_s for note in notes] or [0.0]
    numbers = np.array([len(score.hits), len(notes)]) / ground.duration_s
    names = {score.kit, *(t.instrument for t in score.tracks), *(h.voice for h in score.hits)}
    return np.append(numbers, np.mean(lengths)), names


def test_genres_can_be_told_apart_by_what_is_played():
    found = {genre: features(genre) for genre in GENRES}
    for k, a in enumerate(GENRES):
        for b in GENRES[:k]:
            (numbers_a, names_a), (numbers_b, names_b) = found[a], found[b]
            shared = len(names_a & names_b) / len(names_a | names_b)
            away = np.abs(numbers_a - numbers_b) / (1 + np.minimum(numbers_a, numbers_b))
            assert shared < 0.7 or away.max() > 0.3, f"{a} and {b} are the same"
    rates = [numbers[0] for numbers, _ in found.values()]
    assert min(rates) == 0
    assert max(rates) > 8


def test_what_is_left_out_is_not_played():
    ground = made_ground()
    assert arrange(parse_tags(["rock, no drums"]).style, ground, seed=1).hits == ()
    bassless = arrange(parse_tags(["rock, no bass"]).style, ground, seed=1)
    assert "bass" not in {t.role for t in bassless.tracks}
    guitarless = arrange(parse_tags(["rock, no guitar"]).style, ground, seed=1)
    assert not any("guitar" in t.instrument for t in guitarless.tracks)


def test_what_was_asked_for_is_marked_and_carries_its_level():
    score = arrange(parse_tags(["pop, accordion"]).style, made_ground(), seed=1)
    track = next(t for t in score.tracks if t.instrument == "accordion")
    assert track.asked
    assert track.gain_db == -2
    assert not next(t for t in score.tracks if t.instrument == "piano").asked


def test_the_song_as_it_is_has_an_empty_score():
    score = arrange(Style(), made_ground(), seed=1)
    assert score.tracks == ()
    assert score.hits == ()


def test_more_energy_is_played_harder():
    def strength(energy):
        style = replace(parse_tags(["pop"]).style, energy=energy)
        return np.mean([n.velocity for t in arrange(style, made_ground(), seed=1).tracks for n in t.notes])

    assert strength(-0.8) < strength(0) < strength(0.8)


# ---- the ground --------------------------------------------------------------------------------------------


def analysis(beats=40, period_s=0.5):
    chords = tuple((AM, F, C, G)[k // 4 % 4] for k in range(beats))
    chroma = np.array([supported(chord) for chord in chords])
    return Analysis(
        grid=BeatGrid(np.arange(beats + 1) * period_s + 0.1, np.arange(beats) % 4, 4, 0.5, 0.9, 0.8),
        harmony=Harmony(chords, np.full(beats, 0.7), chroma, chroma, Key(0, "maj"), 0.9, 0.12),
        features=np.zeros((beats, 3)),
        playing_db=np.zeros((beats, 2)),
        loudness_lufs=np.linspace(-40, -10, beats),
        musicality=0.9,
        form=Form.unknown(beats),
    )


def test_the_ground_of_a_hole_has_its_beats_and_one_on_each_side():
    ground = lay_ground(analysis(), 4.0, 8.0)
    assert ground.duration_s == 4
    assert ground.beats_s[0] == pytest.approx(0.1 + 6 * 0.5 - 4.0)
    assert ground.beats_s[-1] == pytest.approx(0.1 + 17 * 0.5 - 4.0)
    assert ground.positions.tolist() == [k % 4 for k in range(6, 17)]
    assert ground.tuning_semitones == 0.12
    assert np.all(np.diff(ground.energy) >= 0)


def test_the_chords_are_those_of_what_is_heard():
    found = analysis()
    inside = beats_of(found, 4.0, 8.0)
    donors = [k - 4 for k in inside]
    ground = lay_ground(found, 4.0, 8.0, donors)
    assert ground.chords[1:-1] == tuple(found.harmony.chords[k] for k in donors)
    with pytest.raises(ValueError, match="donors"):
        lay_ground(found, 4.0, 8.0, donors[:-1])


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.05), (0.0, 20.2), (20.15, 20.3), (3.1, 3.2)])
def test_holes_at_the_edges_have_ground_too(start_s, end_s):
    ground = lay_ground(analysis(), start_s, end_s)
    score = arrange(parse_tags(["rock"]).style, ground, seed=1)
    assert_playable(score, ground)


def test_an_unsure_beat_is_not_steady():
    found = analysis()
    unsure = replace(found, grid=replace(found.grid, confidence=0.1))
    assert lay_ground(found, 1, 2).steady
    assert not lay_ground(unsure, 1, 2).steady


def test_ground_that_does_not_fit_together_is_refused():
    ground = made_ground(8)
    with pytest.raises(ValueError, match="do not fit"):
        replace(ground, chords=ground.chords[:-1])
    with pytest.raises(ValueError, match="rise"):
        replace(ground, beats_s=ground.beats_s[::-1].copy())

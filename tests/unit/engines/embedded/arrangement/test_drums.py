import numpy as np
import pytest

from punchin.engines.embedded.arrangement import arrange, library
from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT
from punchin.engines.embedded.arrangement.timing import LOOSEST_S
from punchin.engines.embedded.tags import Style, parse_tags
from support.grounds import made_ground

GROOVES = sorted(library().grooves)


def hits(style, ground=None, seed=1, variance=0.5):
    return arrange(style, ground or made_ground(), seed=seed, variance=variance).hits


def times(found, voice):
    return np.array([hit.start_s for hit in found if hit.voice == voice])


@pytest.mark.parametrize("name", GROOVES)
def test_every_groove_plays(name):
    found = hits(Style(groove=name))
    assert {hit.voice for hit in found} >= {
        voice
        for voice, readings in library().grooves[name].voices.items()
        if any(step.mark in "Xx" for bar in readings[0].bars for step in bar) and len(readings) == 1
    } - {"crash"}


@pytest.mark.parametrize("name", ["pop", "house", "boombap", "funk", "bossa", "waltz"])
def test_strokes_lie_on_the_grid_as_near_as_hands_can(name):
    ground = made_ground(tempo_bpm=100, beats_per_bar=3 if name == "waltz" else 4)
    for hit in hits(Style(groove=name), ground):
        step = hit.start_s / 0.6 * STEPS_A_BEAT
        assert abs(step - round(step)) / STEPS_A_BEAT * 0.6 <= LOOSEST_S + 1e-6


def test_machines_play_exactly_where_it_is_written():
    found = hits(Style(groove="house", humanity=0.0), made_ground(tempo_bpm=120), variance=0)
    assert times(found, "kick")[:8] == pytest.approx(np.arange(8) * 0.5)
    assert times(found, "clap")[:4] == pytest.approx(np.arange(4) + 0.5)


@pytest.mark.parametrize("share", [0.5, 0.55, 0.6, 0.63])
def test_swing_moves_the_second_sixteenth_to_its_share(share):
    style = Style(percussion=("shaker",), drums_asked=True, humanity=0.0, swing=share)
    late = (times(hits(style, made_ground(tempo_bpm=100)), "shaker") / 0.6 + 1e-9) % 0.5 * 2
    assert sorted(set(late.round(4))) == pytest.approx([0, share], abs=1e-3)


@pytest.mark.parametrize("share", [0.64, 2 / 3, 0.7])
def test_more_swing_moves_the_second_eighth(share):
    style = Style(percussion=("ride",), humanity=0.0, swing=share)
    late = (times(hits(style, made_ground(tempo_bpm=100)), "ride") / 0.6 + 1e-9) % 1
    assert sorted(set(late.round(4))) == pytest.approx([0, share], abs=1e-3)


def test_a_song_that_swings_swings_on():
    style = Style(groove="pop", humanity=0.0)
    off = (times(hits(style, made_ground(swing=0.66)), "closed_hat") / 0.6 + 1e-9) % 1
    assert sorted(set(off.round(3))) == pytest.approx([0, 0.66], abs=2e-3)


def test_looser_hands_move_further():
    grid = made_ground(tempo_bpm=100)

    def spread(humanity):
        away = times(hits(Style(groove="house", humanity=humanity), grid), "kick") / 0.6
        away -= away.round()
        return away[np.abs(away) < 0.15].std()  # without the fills' kicks between beats

    assert spread(0.0) == pytest.approx(0.0, abs=1e-9)
    assert spread(3.0) > 2 * spread(1.0) > 0


@pytest.mark.parametrize("beats_per_bar", [2, 3, 5, 6, 7])
@pytest.mark.parametrize("name", ["pop", "trap", "house", "jazz", "bossa", "waltz"])
def test_other_metres_keep_the_kick_on_the_one(name, beats_per_bar):
    ground = made_ground(beats_per_bar * 6, beats_per_bar=beats_per_bar, tempo_bpm=90)
    found = hits(Style(groove=name, humanity=0.0), ground, variance=0)
    low = times(found, "kick") if name != "jazz" else times(found, "ride")
    bars = np.arange(6) * beats_per_bar * 60 / 90
    on_the_one = [np.abs(low - bar).min() < 1e-6 for bar in bars[:-1]]
    assert sum(on_the_one) >= 4


def test_three_four_keeps_its_backbeat():
    ground = made_ground(18, beats_per_bar=3, tempo_bpm=100)
    found = hits(Style(groove="pop", humanity=0.0), ground, variance=0)
    in_bar = (times(found, "snare") / 0.6).round(3) % 3
    assert {0.0} & set(in_bar[:4]) == set()
    assert 1.0 in in_bar[:4]


def test_half_time_halves_the_backbeats_and_double_time_doubles_them():
    ground = made_ground(64, tempo_bpm=100)
    backbeats = {
        feel: len(times(hits(Style(groove="pop", feel=feel), ground, variance=0), "snare"))
        for feel in (0.5, 1, 2)
    }
    assert backbeats[0.5] == pytest.approx(backbeats[1] / 2, abs=6)
    assert backbeats[2] == pytest.approx(backbeats[1] * 2, abs=8)


def test_trap_at_a_slow_tempo_is_counted_double():
    slow = hits(Style(groove="trap"), made_ground(tempo_bpm=70))
    fast = hits(Style(groove="trap"), made_ground(tempo_bpm=140))
    assert len(slow) == pytest.approx(2 * len(fast), rel=0.25)


def test_a_hole_that_begins_inside_a_bar_goes_on_from_there():
    """Two beats are left of the first bar: the kick of beat one is not played there, the snare of four is."""
    ground = made_ground(18, first_position=2, tempo_bpm=100)
    found = hits(Style(groove="pop", humanity=0.0), ground, variance=0)
    snare = times(found, "snare")
    assert np.abs(times(found, "kick") - 2 * 0.6).min() < 1e-6
    in_bar = ((snare[snare > 1.3] / 0.6).round(2) + 2) % 4
    assert set(in_bar[:6]) == {1.0, 3.0}


def test_a_fill_leads_out_of_the_hole():
    style = Style(groove="rock", humanity=0.0, energy=0.3)
    ground = made_ground(32, tempo_bpm=110)
    last = ground.duration_s - 2 * 60 / 110
    for seed in range(6):
        found = hits(style, ground, seed=seed)
        in_fill = [h for h in found if h.start_s >= last - 1e-6 and ("tom" in h.voice or h.voice == "snare")]
        usual = [h for h in found if h.voice == "snare" and h.start_s < 4 * 60 / 110]
        assert len(in_fill) >= 3
        assert len(usual) == 2


def test_fills_differ_by_seed():
    style, ground = Style(groove="rock"), made_ground(32)
    ends = {
        tuple(h.voice for h in hits(style, ground, seed=seed) if h.start_s > ground.duration_s - 1.2)
        for seed in range(12)
    }
    assert len(ends) >= 3


def test_a_fill_replaces_what_the_groove_would_play():
    ground = made_ground(32, tempo_bpm=110)
    found = hits(Style(groove="rock", humanity=0.0), ground, variance=0)
    hats = times(found, "closed_hat")
    beats = set((hats / (60 / 110)).round(3))
    assert {28.0, 29.0} <= beats
    assert not {30.0, 31.0} & beats


def test_strokes_from_before_the_hole_are_not_played_at_its_start():
    ground = made_ground(18, first_position=2, tempo_bpm=100)
    snare = times(hits(Style(percussion=("backbeat",), humanity=0.0), ground), "snare")
    assert snare[0] == pytest.approx(0.6)
    just_before = made_ground(18, begins_s=-0.015, tempo_bpm=100)
    kick = times(hits(Style(percussion=("kick",), humanity=0.0), just_before), "kick")
    assert kick[0] == 0.0


def test_no_cymbal_is_struck_at_the_very_end():
    ground = made_ground(16, tempo_bpm=200)
    found = hits(Style(groove="jazz"), ground)
    assert max(times(found, "ride")) <= ground.duration_s - 0.25
    assert max(h.start_s for h in found) > ground.duration_s - 0.35


def test_what_is_muted_does_not_play():
    assert not len(times(hits(Style(groove="house", muted=("hats",))), "closed_hat"))
    assert len(times(hits(Style(groove="house")), "closed_hat"))


def test_another_grooves_tops_are_played_instead():
    found = hits(Style(groove="boombap", tops="jazz"), variance=0)
    assert len(times(found, "ride"))
    assert not len(times(found, "closed_hat"))
    assert len(times(found, "kick"))


def test_sparse_is_less_and_dense_is_more():
    counts = [
        sum(len(hits(Style(groove="pop", sparseness=s, density=d), seed=seed)) for seed in range(4))
        for s, d in ((0.6, 1), (0, 1), (0, 1.5))
    ]
    assert counts[0] < counts[1] < counts[2]


def test_without_a_beat_drums_play_only_if_asked_for():
    ground = made_ground(steady=False)
    assert hits(parse_tags(["rock"]).style, ground) == ()
    assert hits(parse_tags(["rock, drums"]).style, ground) != ()


def test_louder_music_is_drummed_harder():
    quiet, loud = made_ground(), made_ground()
    quiet.energy[:], loud.energy[:] = 0.1, 0.9
    strength = [np.mean([h.velocity for h in hits(Style(groove="pop"), g)]) for g in (quiet, loud)]
    assert strength[0] < 0.9 * strength[1]


def test_no_drum_is_struck_twice_at_once():
    for name in GROOVES:
        found = hits(Style(groove=name, percussion=("hats", "shaker"), density=1.5), seed=3, variance=1)
        for voice in {hit.voice for hit in found}:
            gaps = np.diff(times(found, voice))
            assert gaps.size == 0 or gaps.min() >= 0.018

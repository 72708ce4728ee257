import itertools

import numpy as np
import pytest

from punchin.engines.embedded.voice.aligning import (
    CEPSTRA,
    PAUSE_ODDS,
    SILENCE,
    STATES,
    STEP_S,
    PhoneModel,
    align,
    features,
    models_of,
)
from punchin.engines.embedded.voice.pronouncing import pronounce
from punchin.engines.embedded.voice.sounds import VOWELS
from punchin.engines.embedded.voice.speaking import can_speak, speak

needs_voice = pytest.mark.skipif(
    not can_speak(), reason="py-nanotts is not installed: pip install 'punchin[voice]'"
)


def model(centre, rng):
    size = 2 * CEPSTRA
    return PhoneModel(
        centre + rng.normal(0, 1, (STATES, size)), np.full((STATES, size), 4.0), np.array([2.0, 3.0, 2.0])
    )


def log_likelihood(path, rows, words, models):
    """The slow, obvious twin: the score of one way through the states, given as (phone, state) a row."""
    chain = [(SILENCE, True)]
    for phones in words:
        chain += [(p, False) for p in phones] + [(SILENCE, True)]
    total = 0.0
    for t, (link, state) in enumerate(path):
        m = models[chain[link][0]]
        d = rows[t] - m.means[state]
        total -= 0.5 * np.sum(d**2 / m.variances[state] + np.log(2 * np.pi * m.variances[state]))
        if t:
            before = path[t - 1]
            length = max(1.2, models[chain[before[0]][0]].lengths[before[1]])
            total += np.log(1 - 1 / length) if before == (link, state) else np.log(1 / length)
            entered = link != before[0] and chain[link][0] == SILENCE and 0 < link < len(chain) - 1
            total += PAUSE_ODDS if entered else 0.0
    return total


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_it_finds_the_likeliest_of_all_ways(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    models = {name: model(rng.normal(0, 2, 2 * CEPSTRA), rng) for name in ("AA", "T", SILENCE)}
    words = [["AA"], ["T"]]
    rows = rng.normal(0, 2, (12, 2 * CEPSTRA))
    monkeypatch.setattr("punchin.engines.embedded.voice.aligning.features", lambda _: rows)
    found = align(np.zeros(1), words, models)
    links = 5
    best = -np.inf
    for inner in (True, False):
        order = [0, 1, 2, 3, 4] if inner else [0, 1, 3, 4]
        for first, last in itertools.product((0, 1), (len(order), len(order) - 1)):
            states = [(link, s) for link in order[first:last] for s in range(STATES)]
            for cuts in itertools.combinations(range(1, len(rows)), len(states) - 1):
                edges = [0, *cuts, len(rows)]
                path = [st for st, a, b in zip(states, edges, edges[1:], strict=False) for _ in range(b - a)]
                best = max(best, log_likelihood(path, rows, words, models))
    assert links == 5
    rebuilt = viterbi_score(found, rows, words, models)
    assert rebuilt == pytest.approx(best)


def viterbi_score(found, rows, words, models):
    """The best score among all state paths with the found phone edges."""
    order = []
    seen = -1
    for phone in found:
        if phone.name == SILENCE:
            link = 0 if not order else order[-1] + 1
        else:
            seen = phone.word
            link = 1 + 2 * seen
        order.append(link)
    edges = [round(p.start_s / STEP_S) for p in found] + [len(rows)]
    pieces = []
    for link, a, b in zip(order, edges, edges[1:], strict=False):
        ways = []
        for cuts in itertools.combinations(range(1, b - a), STATES - 1):
            marks = [0, *cuts, b - a]
            ways.append([(link, s) for s in range(STATES) for _ in range(marks[s + 1] - marks[s])])
        pieces.append(ways)
    return max(
        log_likelihood([row for way in ways for row in way], rows, words, models)
        for ways in itertools.product(*pieces)
    )


def test_features_are_even_and_finite():
    speech = np.random.default_rng(2).normal(0, 0.1, 16_000)
    rows = features(speech)
    assert rows.shape == (201, 26)
    assert np.isfinite(features(np.zeros(16_000))).all()
    louder = features(2 * speech)
    np.testing.assert_allclose(louder[:, 1:CEPSTRA], rows[:, 1:CEPSTRA], atol=0.02)


def test_models_of_every_sound_are_shipped():
    models = models_of("en")
    assert set(models) >= {v for v in VOWELS if v.isupper()} | {SILENCE, "T", "ZH", "NG"}
    assert all((m.variances > 0).all() and m.means.shape == (STATES, 2 * CEPSTRA) for m in models.values())


@needs_voice
def test_vowels_of_speech_are_found():
    """ "Sister, sister": what the models call a vowel is voiced and loud, what they call S hisses."""
    words = ["sister", "sister", "see", "the", "city"]
    [speech] = speak([words])
    phones = align(speech, [pronounce(word).phones for word in words], models_of("en"))
    assert [p.name for p in phones if p.name != SILENCE] == [x for w in words for x in pronounce(w).phones]
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(phones))
    for phone in phones:
        part = speech[round(phone.start_s * 16_000) : round(phone.end_s * 16_000)]
        turns = np.mean(np.diff(np.sign(part)) != 0)
        if phone.name == "S":
            assert turns > 0.3
        elif phone.name in VOWELS:
            assert turns < 0.25

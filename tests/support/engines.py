"""Engines for tests: each is a true engine that does one thing, most of them wrong."""

from dataclasses import dataclass, field, replace

import numpy as np

from punchin.engine import EngineSpec, Filling, Unused
from punchin.errors import Cancelled
from punchin.song import Song


@dataclass
class ScriptedEngine:
    """Answers with what `answer(window, hole, edit)` gives, and notes what it was asked."""

    answer: object
    spec: EngineSpec = field(
        default_factory=lambda: EngineSpec(name="scripted", version="1", summary="Tests.")
    )
    asked: list = field(default_factory=list)
    listen_s: float = 2.0

    def load(self):
        pass

    def window(self, hole, total, rate_hz, edit):
        listen = round(self.listen_s * rate_hz)
        return hole.widen(listen, listen, total)

    def fill(self, window, hole, edit, progress):
        self.asked.append((window, hole, edit))
        progress("script", 0.5)
        given = self.answer(window, hole, edit)
        return given if isinstance(given, Filling) else Filling(song=Song(given, window.rate_hz))


def with_spec(engine, **changes):
    engine.spec = replace(engine.spec, **changes)
    return engine


def noise_engine(**changes):
    """Noise in the level of a quiet song; another seed gives other noise."""

    def answer(window, hole, edit):
        rng = np.random.default_rng(edit.seed)
        return (rng.standard_normal((window.channels, len(hole))) * 0.05).astype(np.float32)

    return with_spec(ScriptedEngine(answer), **changes)


def echo_engine(**changes):
    """Gives back what was there."""
    return with_spec(
        ScriptedEngine(lambda window, hole, edit: window.cut(hole).samples.copy()),
        **changes,
    )


def silent_engine():
    return ScriptedEngine(lambda window, hole, edit: np.zeros((window.channels, len(hole)), np.float32))


def nan_engine():
    def answer(window, hole, edit):
        samples = np.full((window.channels, len(hole)), 0.1, np.float32)
        samples[0, len(hole) // 2] = np.nan
        return samples

    return ScriptedEngine(answer)


def short_engine():
    return ScriptedEngine(
        lambda window, hole, edit: np.full((window.channels, len(hole) - 1), 0.1, np.float32)
    )


def wrong_rate_engine():
    return ScriptedEngine(
        lambda window, hole, edit: Filling(
            song=Song(np.full((window.channels, len(hole)), 0.1, np.float32), window.rate_hz + 1)
        )
    )


def deaf_engine():
    """Asks for a window that does not hold the hole."""
    engine = noise_engine()
    engine.window = lambda hole, total, rate_hz, edit: replace(hole, end=hole.end - 1)
    return engine


def choosy_engine():
    """Uses the first tag only, and says so."""

    def answer(window, hole, edit):
        return Filling(
            song=Song(np.full((window.channels, len(hole)), 0.05, np.float32), window.rate_hz),
            tags_used=edit.tags[:1],
            unused=tuple(Unused(f"tag {tag!r}", "one is enough") for tag in edit.tags[1:]),
            warnings=("this engine is choosy",),
            details={"mood": "choosy"},
        )

    return with_spec(ScriptedEngine(answer), honours=frozenset({"tags"}))


def cancelling_progress(at_stage):
    """Progress that changes its mind when a stage is reached."""

    def progress(stage, fraction):
        if stage == at_stage:
            raise Cancelled

    return progress

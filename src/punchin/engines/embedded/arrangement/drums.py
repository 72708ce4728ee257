"""Drums: the groove, what plays on top of it, fills where phrases end, and the hands that play them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement.scene import ALMOST
from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT
from punchin.engines.embedded.arrangement.timing import GRACE_S, Hands
from punchin.engines.embedded.score import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from punchin.engines.embedded.arrangement.library import Fill, Groove
    from punchin.engines.embedded.arrangement.scene import Count, Placed, Scene
    from punchin.engines.embedded.arrangement.timing import Bar

VELOCITIES = {"X": 1.0, "x": 0.78, "o": 0.45, "?": 0.5}
ROLL_STEPS = 2
"""A roll takes the time of two sixteenths."""

ROLL_VELOCITY = 0.7

TOPS = frozenset({
    "closed_hat", "pedal_hat", "open_hat", "ride", "ride_bell", "shaker", "tambourine", "sleighbells",
})  # fmt: skip
"""What keeps time above the kick and snare; `Style.tops` exchanges it."""

CORE = frozenset({"kick", "snare", "clap", "surdo", "taiko_low"})
"""What makes a groove that groove: never left out for sparseness on the beat."""

SILENT_IN_FILLS = frozenset({
    "kick", "snare", "rim", "clap", "snap", "brush", "closed_hat", "open_hat",
    "tom_low", "tom_mid", "tom_high", "taiko_low", "taiko_high",
})  # fmt: skip

RINGING = frozenset({"crash", "open_hat", "ride", "ride_bell"})
RINGING_S = 0.25
"""How long before the end of the hole the last cymbal is struck; the mix fades what is left of it."""

STROKE_S = 0.03
"""The shortest time a stroke needs before the end of the hole."""

SAME_STROKE_S = 0.018
"""Two strokes of one drum nearer than this are one; the fastest roll is wider up to 200 bpm."""

BUSIER = frozenset({"closed_hat", "ride", "shaker", "brush"})
"""Which drums get in-between strokes when a style is dense."""

PHRASE_BARS = 4


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke before it is timed: position in beats (straight), drum, velocity."""

    beat: float
    voice: str
    velocity: float


@dataclass(frozen=True, slots=True)
class FillPlace:
    """A fill and where it is played, in beats."""

    start: float
    end: float
    fill: Fill
    pulse: float


def play_drums(scene: Scene) -> tuple[Hit, ...]:
    """Every stroke in the hole, in order of time."""
    style, ground = scene.style, scene.ground
    if not (style.groove or style.percussion) or not (ground.steady or style.drums_asked):
        return ()
    count = scene.count()
    strokes: list[Stroke] = []
    if style.groove:
        groove = scene.patterns.grooves[style.groove]
        voices = _voices(scene, groove)
        main = list(_groove(scene, count, groove, voices))
        if style.tops:
            other = scene.patterns.grooves[style.tops]
            main += _groove(scene, count, other, frozenset(other.voices.keys() & TOPS))
        fills = _fills(scene, count, groove)
        strokes += _with_fills(main, fills)
        strokes += _crashes(scene, count, groove, fills)
    for name in style.percussion:
        strokes += _groove(scene, count, scene.patterns.grooves[name])
    return _played(scene, count, strokes)


def _voices(scene: Scene, groove: Groove) -> frozenset[str]:
    """Which drums of the groove play: not those asked to be silent, nor those that others replace."""
    muted = {voice for name in scene.style.muted for voice in scene.patterns.grooves[name].voices}
    voices = set(groove.voices) - muted
    return frozenset(voices - TOPS if scene.style.tops else voices)


def _groove(
    scene: Scene, count: Count, groove: Groove, voices: frozenset[str] | None = None
) -> Iterator[Stroke]:
    """The strokes of a groove in every bar; its readings, and which maybes are played, stay the same."""
    plays = groove.voices.keys() if voices is None else voices
    for voice, readings in groove.voices.items():
        dice = scene.dice.of(f"drums {groove.name} {voice}")
        pattern = scene.dice.choose(readings, dice)
        if voice not in plays:
            continue
        decided: dict[tuple[int, int], bool] = {}
        for placed in scene.place(pattern, count, late_backbeat=groove.late_backbeat):
            key = (placed.bar.number % len(pattern.bars), placed.step)
            if key not in decided:
                decided[key] = _decide(scene, voice, placed, dice)
            if decided[key]:
                yield from _strokes(placed, voice)
        if voice in BUSIER and scene.style.density > 1:
            yield from _in_between(scene, count, voice, dice)


def _decide(scene: Scene, voice: str, placed: Placed, dice: np.random.Generator) -> bool:
    """Whether a step is played in this score: maybes by chance, others unless the style is sparse."""
    style, chance = scene.style, float(dice.random())
    if placed.mark == "?":
        return chance < scene.dice.freedom * 0.6 * style.density * (1 + 0.5 * style.energy)
    on_beat = placed.step % STEPS_A_BEAT == 0
    if voice in CORE:
        return on_beat or placed.mark == "X" or chance >= 0.5 * style.sparseness
    return chance >= style.sparseness * (0.5 if on_beat else 0.9)


def _strokes(placed: Placed, voice: str) -> Iterator[Stroke]:
    if not placed.mark.isdigit():
        yield Stroke(placed.beat, voice, VELOCITIES[placed.mark])
        return
    strokes = int(placed.mark)
    length = ROLL_STEPS * placed.bar.pulse / STEPS_A_BEAT
    for k in range(strokes):
        yield Stroke(placed.beat + length * k / strokes, voice, ROLL_VELOCITY * (1 - 0.4 * k / strokes))


def _in_between(scene: Scene, count: Count, voice: str, dice: np.random.Generator) -> Iterator[Stroke]:
    """Soft strokes on the second and fourth sixteenths; `_played` keeps the louder where one was written."""
    chosen = {step for step in range(1, 64, 2) if dice.random() < scene.style.density - 1}
    for bar in count.bars:
        for step in range(1, bar.pulses * STEPS_A_BEAT, 2):
            if step in chosen and bar.position(step) < bar.end - ALMOST:
                yield Stroke(bar.position(step), voice, 0.4)


def _fills(scene: Scene, count: Count, groove: Groove) -> list[FillPlace]:
    """Fills: into the first whole bar if the hole begins inside one, after phrases, out of the hole."""
    family = scene.patterns.fills.get(groove.fills, ())
    dice = scene.dice.of("fills")
    begin, end = scene.clock.beat(0.0), scene.clock.beat(scene.ground.duration_s)
    places: list[FillPlace] = []

    def add(start: float, stop: float, most: int, pulse: float) -> None:
        """The longest of the fills that fit, or a shorter one that the dice prefer."""
        room = int((stop - start) / pulse + ALMOST)
        fits = [fill for fill in family if fill.beats <= min(room, most)]
        if fits:
            longest = max(fill.beats for fill in fits)
            if longest > 1 and dice.random() < 0.4 * scene.dice.freedom:
                longest = max(fill.beats for fill in fits if fill.beats < longest)
            fill = scene.dice.choose([fill for fill in fits if fill.beats == longest], dice)
            places.append(FillPlace(stop - fill.beats * pulse, stop, fill, pulse))

    out = _last_pulse(count.bars, end)
    if out is not None and end - begin >= 4 * count.bars[-1].pulse:
        most = 4 if end - begin >= 16 and scene.style.energy >= 0.2 else 2 if end - begin >= 8 else 1
        add(begin, out, most, count.bars[-1].pulse)
    for bar in count.bars[:-1]:
        cut = bar.start < begin - ALMOST
        if cut and bar.number == 0 and bar.end - begin >= 1 and bar.end < end - bar.pulses * bar.pulse:
            add(max(begin, bar.end - 2 * bar.pulse), bar.end, 2, bar.pulse)
        elif bar.number % PHRASE_BARS == PHRASE_BARS - 1 and bar.end < end - bar.pulses * bar.pulse:
            wanted, most = dice.random() < 0.35 + 0.4 * scene.dice.freedom, 1 if dice.random() < 0.6 else 2
            if wanted:
                add(bar.start, bar.end, most, bar.pulse)
    return places


def _last_pulse(bars: Sequence[Bar], end: float) -> float | None:
    """The last beat of a pattern, as it counts, that is over when the hole is; a hair later counts too."""
    for bar in reversed(bars):
        whole = int((end - bar.start) / bar.pulse + 0.1)
        if whole >= 1:
            return bar.start + min(whole, bar.pulses) * bar.pulse
    return None


def _with_fills(main: Iterable[Stroke], fills: Sequence[FillPlace]) -> Iterator[Stroke]:
    for stroke in main:
        inside = any(place.start - ALMOST <= stroke.beat < place.end - ALMOST for place in fills)
        if not (inside and stroke.voice in SILENT_IN_FILLS):
            yield stroke
    for place in fills:
        for voice, pattern in place.fill.voices.items():
            for step in pattern.bars[0]:
                beat = place.start + step.at * place.pulse / STEPS_A_BEAT
                if not step.mark.isdigit():
                    yield Stroke(beat, voice, VELOCITIES[step.mark])
                    continue
                strokes, length = int(step.mark), ROLL_STEPS * place.pulse / STEPS_A_BEAT
                for k in range(strokes):
                    yield Stroke(
                        beat + length * k / strokes, voice, ROLL_VELOCITY * (0.8 + 0.4 * k / strokes)
                    )


def _crashes(scene: Scene, count: Count, groove: Groove, fills: Sequence[FillPlace]) -> Iterator[Stroke]:
    """A cymbal on the first downbeat and after fills, in styles that have the energy for it."""
    if groove.fills not in ("toms", "snare", "taiko") or scene.style.energy < 0 or "crash" in groove.voices:
        return
    begin, end = scene.clock.beat(0.0), scene.clock.beat(scene.ground.duration_s)
    downbeats = [bar.start for bar in count.bars if begin - 0.05 <= bar.start < end - 2]
    wanted = set(downbeats[:1] if scene.style.energy >= 0.2 else ())
    wanted |= {beat for beat in downbeats for place in fills if abs(place.end - beat) < ALMOST}
    for beat in sorted(wanted):
        yield Stroke(beat, "crash", 0.6)


def _played(scene: Scene, count: Count, strokes: Iterable[Stroke]) -> tuple[Hit, ...]:
    """Strokes as hands play them, cut to the hole; of two of one drum at one time the louder stays."""
    duration_s = scene.ground.duration_s
    loudest: dict[tuple[str, int], Stroke] = {}
    for stroke in strokes:
        key = (stroke.voice, round(stroke.beat * 96))
        if key not in loudest or stroke.velocity > loudest[key].velocity:
            loudest[key] = stroke
    hands: dict[str, Hands] = {}
    hits: list[Hit] = []
    for stroke in sorted(loudest.values(), key=lambda s: (s.beat, s.voice)):
        if stroke.voice not in hands:
            dice = scene.dice.hands(stroke.voice)
            hands[stroke.voice] = Hands(dice, scene.style.humanity, lag=stroke.voice != "kick")
        hand = hands[stroke.voice]
        straight_s, late_s = scene.seconds(stroke.beat, count), hand.moved()
        velocity = hand.strength(stroke.velocity * scene.strength(stroke.beat))
        last_s = duration_s - min(RINGING_S if stroke.voice in RINGING else STROKE_S, 0.5 * duration_s)
        if straight_s >= -GRACE_S and straight_s <= last_s:
            hits.append(Hit(min(max(0.0, straight_s + late_s), last_s), stroke.voice, velocity))
    return _single(sorted(hits, key=lambda hit: (hit.start_s, hit.voice)))


def _single(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    kept: list[Hit] = []
    latest: dict[str, float] = {}
    for hit in hits:
        if hit.start_s - latest.get(hit.voice, -1.0) >= SAME_STROKE_S:
            kept.append(hit)
            latest[hit.voice] = hit.start_s
    return tuple(kept)

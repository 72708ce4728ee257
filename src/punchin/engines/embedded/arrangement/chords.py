"""Chordal players: held and struck chords, strums and picking, broken chords, and single strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement.instruments import range_of
from punchin.engines.embedded.arrangement.playing import Player
from punchin.engines.embedded.arrangement.scene import ALMOST
from punchin.engines.embedded.arrangement.voicing import broken, lead_voices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.arrangement.instruments import Range
    from punchin.engines.embedded.arrangement.scene import Placed, Scene
    from punchin.engines.embedded.arrangement.voicing import Voicing
    from punchin.engines.embedded.score import Note
    from punchin.engines.embedded.tags.style import Part

VELOCITIES = {
    "X": 0.92,
    "x": 0.76,
    "o": 0.5,
    "?": 0.5,
    "D": 0.9,
    "d": 0.72,
    "u": 0.58,
    "m": 0.4,
    "B": 0.88,
    "c": 0.85,
}
PICKED = 0.66
"""The velocity of one note of a chord."""

STRUM_S = {"D": 0.028, "d": 0.018, "u": 0.014}
"""How long a strum takes over the strings."""

STRUMMED_STRINGS = 5
"""How many strings a strum should have, where the instrument has them."""

STRUMMED_LOWER = 4.0
"""How much lower a strumming hand lies than one that picks: near the nut, where the open strings are."""

MUTED_BEATS = 0.12
LONGEST_HOLD = 16.0
"""After this many beats a held chord is struck again."""

HELD_FIGURE = "hold"
BUSY_FROM = 1.25
"""From this density on, eighths become sixteenths."""


def play_chords(scene: Scene, part: Part) -> list[Note]:
    """A part that plays whole chords or picks them: the roles "chords" and "pad"."""
    figure = scene.patterns.figures[part.role, part.figure]
    if not scene.ground.steady and not part.asked:
        figure = scene.patterns.figures[part.role, HELD_FIGURE]
    player = Player(scene, part, figure)
    playable = range_of(part.instrument)
    grips = _grips(player, playable, power=figure.power)
    if figure.held:
        _hold(player, grips)
        return player.notes
    for placed in player.steps():
        _struck(player, placed, grips, playable)
    return player.notes


def _grips(player: Player, playable: Range, *, power: bool) -> list[Voicing]:
    """A voicing for every span, led smoothly; the seed moves the hand a little up or down."""
    free = player.scene.dice.freedom
    away = float(player.dice.normal()) * 3.0 * free
    centre = min(playable.high - 5.0, max(playable.low + 5.0, playable.centre + away))
    chords = [span.tones for span in player.scene.harmony.spans]
    strummed = any(step.mark in STRUM_S for bar in player.pattern.bars for step in bar)
    if strummed and playable.strings:
        centre -= STRUMMED_LOWER
    return lead_voices(
        chords,
        playable,
        centre=centre,
        power=power,
        voices=min(STRUMMED_STRINGS, len(playable.strings)) if strummed else 0,
        whims=player.dice,
        freedom=free,
    )


def _hold(player: Player, grips: Sequence[Voicing]) -> None:
    """Chords held as long as they last; notes that two chords share sound on."""
    harmony, clock = player.scene.harmony, player.scene.clock
    begin, end = clock.beat(0.0), clock.beat(player.scene.ground.duration_s)
    held: dict[int, tuple[float, float]] = {}

    def release(pitch: int) -> None:
        start, stop = held.pop(pitch)
        roll_s = player.figure.roll_s * sorted(grip).index(pitch) / len(grip) if pitch in grip else 0.0
        player.play(start, stop, pitch, VELOCITIES["x"], roll_s)

    grip: Voicing = ()
    for index, grip in enumerate(grips):
        start, stop = max(begin, harmony.start(index)), min(end, harmony.end(index))
        for pitch in [p for p, (since, _) in held.items() if p not in grip or stop - since > LONGEST_HOLD]:
            release(pitch)
        while start < stop - ALMOST:
            until = min(stop, start + LONGEST_HOLD)
            for pitch in grip:
                since = held[pitch][0] if pitch in held else start
                held[pitch] = (since, until)
            if until < stop - ALMOST:
                for pitch in grip:
                    release(pitch)
            start = until
    for pitch in list(held):
        release(pitch)
    player.notes.sort(key=lambda note: (note.start_s, note.pitch))


def _struck(player: Player, placed: Placed, grips: Sequence[Voicing], playable: Range) -> None:
    """One step; where the chord changes under it, it is struck again if half a beat or more is left."""
    harmony = player.scene.harmony
    beat, end = placed.beat, placed.beat + placed.length
    while beat < end - ALMOST:
        index = harmony.index(beat)
        stop = min(end, harmony.end(index))
        if beat == placed.beat or end - beat >= 0.5:
            _strike(player, placed.mark, beat, stop, grips[index], index, playable)
        beat = stop


def _strike(
    player: Player, mark: str, beat: float, end: float, grip: Voicing, index: int, playable: Range
) -> None:
    velocity = VELOCITIES.get(mark, PICKED)
    if mark in "123456":
        ringing = min(max(end, beat + player.figure.ring_beats), player.scene.harmony.end(index))
        player.play(beat, ringing, _voice(grip, int(mark) - 1, playable), velocity)
    elif mark in "Bbl":
        player.play(beat, max(end, min(beat + player.figure.ring_beats, player.scene.harmony.end(index))),
                    _low_note(player, mark, grip, index, playable), velocity)  # fmt: skip
    else:
        strings = grip if mark in "XxoD?d" else grip[max(0, len(grip) - 4) :]
        if mark == "m":
            end = beat + MUTED_BEATS
        roll_s = STRUM_S.get(mark, player.figure.roll_s)
        order = strings[::-1] if mark == "u" else strings
        for k, pitch in enumerate(order):
            player.play(beat, end, pitch, velocity, roll_s * k / len(order))


def _voice(grip: Voicing, k: int, playable: Range) -> int:
    """The k-th note of a chord from below; above its top the chord begins again an octave higher."""
    octave, within = divmod(k, len(grip))
    pitch = grip[within] + 12 * octave
    return pitch if pitch <= playable.high else grip[-1]


def _low_note(player: Player, mark: str, grip: Voicing, index: int, playable: Range) -> int:
    """The root or fifth below the hand; not under the bass of a band that has one."""
    tones = player.scene.harmony.spans[index].tones
    wanted = tones.fifth if mark == "l" else tones.root
    floor = playable.low - (0 if playable.strings else 7 if player.scene.style.bass else 12)
    return min((p for p in range(floor, floor + 12) if p % 12 == wanted), key=lambda p: abs(p - grip[0] + 7))


def play_arpeggio(scene: Scene, part: Part) -> list[Note]:
    """A part that breaks chords: up, down, both or in a pattern of its own, as the seed likes."""
    player = Player(scene, part, scene.patterns.figures["arp", part.figure])
    playable = range_of(part.instrument)
    grips = _grips(player, playable, power=False)
    order = _order(player)
    steps, last_index, k = player.steps(), -1, 0
    busy = scene.style.density >= BUSY_FROM and part.figure == "eighths"
    for placed in steps:
        index = scene.harmony.index(placed.beat)
        notes = broken(grips[index], playable, 8)
        if index != last_index or placed.step == 0:
            k, last_index = 0, index
        chosen = int(placed.mark) - 1 if placed.mark.isdigit() else order[k % len(order)]
        k += 1
        stop = min(placed.beat + max(placed.length, placed.bar.pulse / 4), scene.harmony.end(index))
        velocity = 0.8 if placed.step % 8 == 0 else 0.64
        player.play(placed.beat, stop, _note_of(notes, chosen), velocity)
        between = placed.beat + placed.bar.pulse / 4
        if busy and between < min(placed.bar.end, scene.harmony.end(index)) - ALMOST:
            again = _note_of(notes, order[(k + 1) % len(order)])
            player.play(between, between + placed.bar.pulse / 4, again, velocity * 0.75)
    return player.notes


def _note_of(notes: Voicing, k: int) -> int:
    """The k-th note of a broken chord; beyond the top it turns back, so every pattern fits every chord."""
    turn = 2 * max(1, len(notes) - 1)
    k %= turn
    return notes[min(k, turn - k, len(notes) - 1)]


def _order(player: Player) -> tuple[int, ...]:
    """In which order the notes come; the first is the usual one."""
    orders = ((0, 1, 2, 3), (0, 1, 2, 1), (3, 2, 1, 0), (0, 2, 1, 3), (0, 2, 1, 2), (0, 1, 2, 3, 4, 3, 2, 1))
    return player.scene.dice.choose(orders, player.dice)


def play_hits(scene: Scene, part: Part) -> list[Note]:
    """A part that strikes single notes or chords at a few places: bells, timpani, brass."""
    player = Player(scene, part, scene.patterns.figures["hits", part.figure])
    playable = range_of(part.instrument)
    grips = _grips(player, playable, power=False)
    for placed in player.steps():
        index = scene.harmony.index(placed.beat)
        stop = min(placed.beat + placed.length, scene.harmony.end(index))
        root = scene.harmony.spans[index].tones.root
        low = next(p for p in range(playable.low, playable.low + 12) if p % 12 == root)
        pitches = grips[index] if placed.mark == "c" else (low,)
        if placed.mark == "X" and low + 12 <= playable.high:
            pitches = (low, low + 12)
        for pitch in pitches:
            player.play(placed.beat, stop, pitch, VELOCITIES[placed.mark])
    return player.notes

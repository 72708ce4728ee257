"""From a style and the ground of a hole to a score: who plays, each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement.bass import play_bass
from punchin.engines.embedded.arrangement.chords import play_arpeggio, play_chords, play_hits
from punchin.engines.embedded.arrangement.dice import Dice
from punchin.engines.embedded.arrangement.drums import play_drums
from punchin.engines.embedded.arrangement.melody import play_lead
from punchin.engines.embedded.arrangement.scene import Scene
from punchin.engines.embedded.score import Score, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from punchin.engines.embedded.arrangement.ground import Ground
    from punchin.engines.embedded.score import Note
    from punchin.engines.embedded.tags.style import Part, Role, Style

USUAL_VARIANCE = 0.5

PLAYERS: Mapping[Role, Callable[[Scene, Part], list[Note]]] = {
    "chords": play_chords,
    "pad": play_chords,
    "arp": play_arpeggio,
    "lead": play_lead,
    "hits": play_hits,
}


def arrange(style: Style, ground: Ground, *, seed: int, variance: float = USUAL_VARIANCE) -> Score:
    """Write the score of a hole.

    Args:
        style: what the tags decided.
        ground: beats, bars and chords of what sounds in the hole.
        seed: the same seed gives the same score; another gives other readings, fills, voicings and melodies.
        variance: 0..1, how far seeds lead away from the usual reading of every pattern; at 0 they differ only
            in how the hands play.

    Returns:
        A score whose notes all start and end inside the hole. Tracks that would have no note are left out.
    """
    scene = Scene.of(style, ground, Dice(seed, variance))
    tracks = [play_bass(scene, style.bass)] if style.bass else []
    for part in style.parts:
        notes = sorted(PLAYERS[part.role](scene, part), key=lambda note: (note.start_s, note.pitch))
        tracks.append(Track(part.instrument, part.role, tuple(notes), part.gain_db, part.asked))
    return Score(ground.duration_s, tuple(t for t in tracks if t.notes), play_drums(scene), style.kit)

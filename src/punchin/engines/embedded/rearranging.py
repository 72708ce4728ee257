"""One take of a region: the stages of the engine, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from punchin.engine import Filling, Unused
from punchin.engines.embedded.arrangement.ground import STEADY
from punchin.engines.embedded.bed import lay_bed
from punchin.engines.embedded.material import Wish
from punchin.engines.embedded.production import Production, part_of
from punchin.engines.embedded.tags import Circumstances, parse_tags

if TYPE_CHECKING:
    from punchin.edits import Edit
    from punchin.engine import Progress
    from punchin.engines.embedded.analysis import Analysis
    from punchin.engines.embedded.bed import Bed
    from punchin.engines.embedded.material import Heard
    from punchin.engines.embedded.synthesis import Player
    from punchin.song import Song

USUAL_BED_VARIANCE = 0.3
"""How freely donors are chosen where nobody says."""

SILENCE = "the song is silent here: there is no music to follow"


def understand(edit: Edit, window: Song, analysis: Analysis | None = None) -> Wish:
    """What an edit means for this song; before the analysis a steady beat is taken for granted.

    Raises:
        EditError: if there are tags and none of them is known, or words that the voice cannot pronounce.
    """
    words = False
    if edit.lyrics.strip():
        # Words are rare and what reads them is large: it is loaded when it is needed.
        from punchin.engines.embedded.voice.lyrics import check_language, parse_lyrics

        lyrics = parse_lyrics(edit.lyrics)
        language = edit.parameters.get("language")
        check_language(lyrics, None if language is None else str(language))
        words = bool(lyrics.lines)
    steady = analysis is None or analysis.grid.confidence >= STEADY
    tags = parse_tags(edit.tags, Circumstances(words=words, stereo=window.channels > 1, beat=steady))
    silenced = tags.style.vocals.delivery == "none"
    return Wish(tags, words and not silenced, silenced or edit.wants_instrumental)


def rearrange(heard: Heard, edit: Edit, player: Player, progress: Progress) -> Filling:
    """Fill a hole: lay the bed, and if there are tags or words, play and sing on it, and mix everything.

    Raises:
        EditError: if there are tags and none of them is known, or words that the voice cannot pronounce.
    """
    wish = understand(edit, heard.window, heard.analysis)
    bed = lay_bed(
        heard.window,
        heard.hole,
        heard.analysis,
        seed=edit.seed or 0,
        variance=USUAL_BED_VARIANCE if edit.variance is None else edit.variance,
        progress=part_of(progress, 0.0, 1.0 if wish.changes_nothing else 0.2),
    )
    unused = tuple(_tag(entry.what, entry.why) for entry in (*wish.tags.unused, *wish.tags.unknown))
    details = _heard_details(heard, bed)
    if wish.changes_nothing or heard.surroundings.silent:
        progress("done", 1.0)
        silent = () if wish.changes_nothing else tuple(_tag(tag, SILENCE) for tag in wish.tags.used)
        warnings = (*bed.warnings, *((SILENCE,) if silent or wish.sings else ()))
        lyrics = (Unused("lyrics", SILENCE),) if wish.sings else ()
        return Filling(song=bed.song, unused=(*silent, *unused, *lyrics), warnings=warnings, details=details)
    produced = Production(heard, bed, wish, edit, part_of(progress, 0.2, 0.8)).made(player)
    progress("done", 1.0)
    return Filling(
        song=produced.song,
        tags_used=wish.tags.used,
        lyrics_used=produced.lyrics_used,
        unused=(*unused, *produced.unused),
        warnings=(*bed.warnings, *produced.warnings),
        details={**details, **produced.details},
    )


def _tag(tag: str, why: str) -> Unused:
    """A tag without effect, named as the core names it."""
    return Unused(f"tag {tag!r}", why)


def _heard_details(heard: Heard, bed: Bed) -> dict[str, Any]:
    """What was found and done, for the receipt. All times are seconds from the start of the hole."""
    grid, harmony = heard.analysis.grid, heard.analysis.harmony
    rate_hz, start = heard.window.rate_hz, heard.hole.start
    return {
        "method": "rearrange",
        "tempo_bpm": round(grid.tempo_bpm, 2),
        "tempo_confidence": round(grid.confidence, 3),
        "beats_per_bar": grid.beats_per_bar,
        "bar_confidence": round(grid.downbeat_confidence, 3),
        "key": str(harmony.key),
        "key_confidence": round(harmony.key_confidence, 3),
        "musicality": round(heard.analysis.musicality, 3),
        **_form_details(heard, bed),
        "donors": [
            [
                round((piece.target.start - start) / rate_hz, 3),
                round((piece.source - start) / rate_hz, 3),
                round(len(piece.target) / rate_hz, 3),
            ]
            for piece in bed.pieces
        ],
    }


def _form_details(heard: Heard, bed: Bed) -> dict[str, Any]:
    """The parts of the song around the hole, and where its donors come from."""
    form, grid = heard.analysis.form, heard.analysis.grid
    start_s = heard.hole.start / heard.window.rate_hz
    places = range(bed.beats.first, bed.beats.end)
    alike = [form.parts[beat] == form.parts[donor] for beat, donor in zip(places, bed.donors, strict=True)]
    return {
        "sections": [
            [
                round(float(grid.times_s[first]) - start_s, 3),
                round(float(grid.times_s[end]) - start_s, 3),
                form.name(first),
            ]
            for first, end in form.sections
        ],
        "section_confidence": round(form.confidence, 3),
        "donors_from_same_section": round(sum(map(bool, alike)) / len(alike), 3),
    }

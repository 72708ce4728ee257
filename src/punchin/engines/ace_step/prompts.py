"""The two texts that the model reads, in the exact form that it was trained with.

Formats: ACE-Step 1.5, acestep/constants.py (SFT_GEN_PROMPT, TASK_INSTRUCTIONS) and handler.py
(`_dict_to_meta_string`, `_format_lyrics`); the same in diffusers `AceStepPipeline._format_prompt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.ace_step.recipe import Recipe

INSTRUCTION = "Repaint the mask area based on the given conditions:"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Attributes: `text` goes through the text encoder, `lyrics` through its embedding table only."""

    text: str
    lyrics: str


def prompt_of(tags: Sequence[str], sheet: str, window_s: int, recipe: Recipe) -> Prompt:
    """The texts of one window.

    Args:
        tags: become the caption, with commas between.
        sheet: the lines sung in the window.
        window_s: length of what the model hears in whole seconds: it makes that much music, not the song.
        recipe: language and what is known about the music.
    """
    metas = (
        f"- bpm: {recipe.bpm or 'N/A'}\n"
        f"- timesignature: {recipe.timesignature or 'N/A'}\n"
        f"- keyscale: {recipe.keyscale or 'N/A'}\n"
        f"- duration: {window_s} seconds\n"
    )
    caption = ", ".join(tags)
    return Prompt(
        text=f"# Instruction\n{INSTRUCTION}\n\n# Caption\n{caption}\n\n# Metas\n{metas}<|endoftext|>\n",
        lyrics=f"# Languages\n{recipe.language}\n\n# Lyric\n{sheet}<|endoftext|>",
    )

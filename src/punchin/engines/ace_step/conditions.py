"""Tags, lyrics and timbre as the transformer reads them: one sequence `[1, L, H]` for its cross-attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.window import LATENTS_PER_S
from punchin.errors import EditError

if TYPE_CHECKING:
    from punchin.engines.ace_step.loading import Networks
    from punchin.engines.ace_step.prompts import Prompt

MOST_TEXT_TOKENS = 256
MOST_LYRIC_TOKENS = 2048
"""What the model was trained with; `AceStepPipeline.encode_prompt` cuts off the rest."""
TIMBRE = 30 * LATENTS_PER_S
"""Length of the timbre reference in latents."""


def text_tokens(networks: Networks, prompt: Prompt) -> tuple[Tensor, Tensor]:
    """Token numbers of text and lyrics, `[1, L]` each.

    Raises:
        EditError: if one is too long; cut-off lyrics would be sung without their end.
    """
    found: list[Tensor] = []
    for what, text, most in (
        ("tags", prompt.text, MOST_TEXT_TOKENS),
        ("lyrics", prompt.lyrics, MOST_LYRIC_TOKENS),
    ):
        tokens = networks.tokenizer(text, return_tensors="pt").input_ids
        if tokens.shape[1] > most:
            raise EditError(
                f"the {what} are {tokens.shape[1]} tokens long and the model reads {most}; "
                f"give {'fewer' if what == 'tags' else 'only the lines sung in the region'}"
            )
        found.append(tokens)
    return found[0], found[1]


def encode_timbre(networks: Networks, reference: Tensor | None, device: str, dtype: Any) -> Tensor:
    """How the voice and the band sound, `[1, 1, H]`.

    Args:
        networks: the model.
        reference: latents `[T, D]` of music to sound like; None is silence, which the model knows as "no
            reference" (zeros would be a drone).
        device: where the condition encoder is.
        dtype: its precision.
    """
    encoder = networks.condition_encoder
    if reference is None:
        heard = encoder.silence_latent[:, :TIMBRE]
    else:
        repeats = -(-TIMBRE // reference.shape[0])
        heard = reference.repeat(repeats, 1)[:TIMBRE].unsqueeze(0)
    order = torch.zeros(1, dtype=torch.long, device=device)
    return encoder.timbre_encoder(heard.to(device=device, dtype=dtype), order)[0]


def encode_conditions(
    networks: Networks, tokens: tuple[Tensor, Tensor], timbre: Tensor, device: str
) -> Tensor:
    """Lyrics, timbre and text in the order in which the model packs them, `[1, L, H]`.

    The same as `AceStepConditionEncoder.forward` for a single prompt, where nothing is padding; its parts are
    called here so that the timbre of silence, 45 % of its work, is computed once.
    """
    text, lyrics = (each.to(device) for each in tokens)
    encoder = networks.condition_encoder
    words = networks.text_encoder.get_input_embeddings()(lyrics)
    sung = encoder.lyric_encoder(
        inputs_embeds=words, attention_mask=torch.ones_like(lyrics, dtype=torch.bool)
    )
    read = encoder.text_projector(networks.text_encoder(input_ids=text).last_hidden_state)
    return torch.cat([sung, timbre, read], dim=1)


def context_latents(source: Tensor, mask: Tensor, silence: Tensor) -> Tensor:
    """What the transformer sees besides noise: the music with silence in the hole, and the hole itself.

    Args:
        source: latents of the music `[B, T, D]`.
        mask: `[B, T]`, true where music is made anew.
        silence: latents of silence `[1, ≥T, D]`.

    Returns:
        `[B, T, 2D]`. The mask is 0 and 1, not the "2.0, decide for yourself" that ACE-Step's own HTTP API
        sends by default.
    """
    inside = mask[..., None]
    heard = torch.where(inside, silence[:, : source.shape[1]].to(source.dtype), source)
    return torch.cat([heard, inside.to(source.dtype).expand_as(source)], dim=-1)

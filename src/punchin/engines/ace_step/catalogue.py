"""The models this engine can run: names, where they come from, how they want to be run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One published ACE-Step 1.5 model.

    Attributes:
        name: as in `punchin models pull NAME`; also its folder below `PUNCHIN_HOME/models`.
        engine: as in `--engine NAME`.
        summary: one sentence for `punchin engines`.
        checkpoint: its folder in the original layout, beside `vae` and `Qwen3-Embedding-0.6B`.
        turbo: distilled: few steps, guidance built into the weights.
        steps, most_steps: number of denoising steps by default and at most (ACE-Step 1.5, docs/en/API.md,
            `inference_steps`).
        guidance_scale: by default; 1 is none (diffusers `AceStepPipeline`: 7 for base and sft).
        shift: of the step schedule (ACE-Step 1.5, docs/en/INFERENCE.md: 3 for turbo and in its example of
            a high-quality base run).
        parameters, hidden, blocks: number of weights, width and depth of the diffusion transformer, for
            estimates before anything is loaded.
    """

    name: str
    engine: str
    summary: str
    checkpoint: str
    turbo: bool
    steps: int
    most_steps: int
    guidance_scale: float = 1.0
    shift: float = 3.0
    parameters: int = 1_575_000_000
    hidden: int = 2048
    blocks: int = 24


TURBO = Model(
    name="ace-step-1.5-turbo",
    engine="ace-step",
    summary="ACE-Step 1.5 turbo: new music and singing from tags and lyrics, 8 steps.",
    checkpoint="acestep-v15-turbo",
    turbo=True,
    steps=8,
    most_steps=20,
)
XL_TURBO = Model(
    name="ace-step-1.5-xl-turbo",
    engine="ace-step-xl-turbo",
    summary="ACE-Step 1.5 XL turbo: the larger model in 8 steps, for cards of 12 GB and more.",
    checkpoint="acestep-v15-xl-turbo",
    turbo=True,
    steps=8,
    most_steps=20,
    parameters=4_169_000_000,
    hidden=2560,
    blocks=32,
)
BASE = Model(
    name="ace-step-1.5-base",
    engine="ace-step-base",
    summary="ACE-Step 1.5 base: 50 steps with guidance, slower and more obedient than turbo.",
    checkpoint="acestep-v15-base",
    turbo=False,
    steps=50,
    most_steps=200,
    guidance_scale=7.0,
)
SFT = Model(
    name="ace-step-1.5-sft",
    engine="ace-step-sft",
    summary="ACE-Step 1.5 sft: the fine-tuned base model, 50 steps with guidance.",
    checkpoint="acestep-v15-sft",
    turbo=False,
    steps=50,
    most_steps=200,
    guidance_scale=7.0,
)

MODELS = {model.name: model for model in (TURBO, XL_TURBO, BASE, SFT)}
"""Every known model by name."""

ENCODERS_PARAMETERS = 608_000_000 + 596_000_000
"""Condition encoder and text encoder, which all models share in size; they run in the model's precision."""
VAE_PARAMETERS = 169_000_000
"""The autoencoder, always float32."""

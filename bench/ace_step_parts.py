"""The table of bench/ace_step.py computed from single parts, for machines and hours that cannot run it whole.

    python bench/ace_step_parts.py [--threads N] [--song-s 240]

Full-size ACE-Step 1.5 turbo in float32 with random weights, of which only what is timed is made: one pair of
layers of the transformer (one of 12 like pairs), called once for each length of window, and one tile of the
autoencoder each way. A step is what is outside the layers and 12 pairs; encode and decode are seconds of
sound, margins included, at the cost of a second in that tile. Texts are left out: all rows have the same.
Nothing in the table is the time of a whole edit; it says "computed".
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from punchin.edits import Edit
from punchin.engines.ace_step.catalogue import TURBO
from punchin.engines.ace_step.crossing import kept_conditions
from punchin.engines.ace_step.recipe import read_recipe
from punchin.engines.ace_step.tiles import (
    DECODE_MARGIN,
    DECODE_TILE,
    ENCODE_MARGIN,
    ENCODE_TILE,
    tiles,
)
from punchin.engines.ace_step.window import FRAMES_PER_LATENT, LATENTS_PER_S, RATE_HZ, passes
from punchin.region import Frames, Region

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS, PAIRS, READ, EDIT_S = 8, 12, 400, 10
DIFFUSERS_ENCODE_S, DIFFUSERS_DECODE_S = 30 / 26, 512 / 384
"""What diffusers' tiles encode and decode for a second of music: 30 s with 2 s on each side, 512 latents with
64 on each side (autoencoder_oobleck.py, 0.42.1)."""
BESIDE = 9 + LATENTS_PER_S // 2
"""Latents beside the region that are decoded to hear the autoencoder's own level, on each side."""


def spent(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def pair_of_layers() -> Any:
    from diffusers import AceStepTransformer1DModel

    torch.manual_seed(0)
    return AceStepTransformer1DModel(num_hidden_layers=2, is_turbo=True, model_version="turbo").eval()


def step_s(transformer: Any, latents: int, *, kept: bool) -> float:
    """One call of the whole transformer, from one of its 12 pairs of layers."""
    inside: list[float] = []
    first = transformer.layers[0].register_forward_pre_hook(lambda *_: inside.append(time.process_time()))
    last = transformer.layers[1].register_forward_hook(lambda *_: inside.append(time.process_time()))
    inputs = {
        "hidden_states": torch.randn(1, latents, 64), "timestep": torch.full((1,), 0.5),
        "timestep_r": torch.full((1,), 0.5), "encoder_hidden_states": torch.randn(1, READ, 2048),
        "context_latents": torch.randn(1, latents, 128), "return_dict": False,
    }  # fmt: skip
    with kept_conditions(transformer) if kept else nullcontext():
        if kept:  # what later steps find
            transformer(
                **inputs | {name: inputs[name][:, :64] for name in ("hidden_states", "context_latents")}
            )
            inside.clear()
        whole = spent(lambda: transformer(**inputs))
    first.remove()
    last.remove()
    pair = inside[1] - inside[0]
    return whole - pair + PAIRS * pair


def autoencoder() -> tuple[float, float]:
    """Core-seconds to encode and to decode a second of sound in our tiles."""
    from diffusers import AutoencoderOobleck

    from support.tiny_checkpoint import RATIOS

    vae = AutoencoderOobleck(
        encoder_hidden_size=128, downsampling_ratios=RATIOS, channel_multiples=[1, 2, 4, 8, 16],
        decoder_channels=128, decoder_input_channels=64, sampling_rate=RATE_HZ,
    ).eval()  # fmt: skip
    for module in vae.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    encoded, decoded = ENCODE_TILE + 2 * ENCODE_MARGIN, DECODE_TILE + 2 * DECODE_MARGIN
    sound = torch.randn(1, 2, encoded * FRAMES_PER_LATENT) * 0.1
    encode = spent(lambda: vae.encode(sound)) / encoded
    decode = spent(lambda: vae.decode(torch.randn(1, 64, decoded))) / decoded
    return encode * LATENTS_PER_S, decode * LATENTS_PER_S


def widened(runs: list[Frames], margin: int) -> float:
    """Seconds of sound in these tiles with their margins."""
    return sum(len(run) + 2 * margin for run in runs) / LATENTS_PER_S


def window_s(song_s: int, quality: str) -> tuple[float, float, int]:
    """(seconds encoded, seconds decoded, latents heard) of one edit in the middle of a song."""
    edit = Edit(region=Region.parse(0, EDIT_S), parameters={"quality": quality})
    start = (song_s - EDIT_S) // 2 * RATE_HZ
    hole = Frames(start, start + EDIT_S * RATE_HZ)
    (only,) = passes([hole], song_s * RATE_HZ, read_recipe(edit, TURBO).rule)
    (mask,) = only.masks
    heard = [tile for tile in tiles(only.window, ENCODE_TILE) if tile not in mask]
    made = tiles(mask.widen(BESIDE, BESIDE, only.window.end), DECODE_TILE)
    return widened(heard, ENCODE_MARGIN), widened(made, DECODE_MARGIN), len(only.window)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--song-s", type=int, default=240)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(asked.threads)
    with torch.inference_mode():
        encode, decode = autoencoder()
        print(f"a second of sound: encode {encode:.2f}, decode {decode:.2f} core-s", flush=True)
        transformer = pair_of_layers()
        short, long = window_s(asked.song_s, "normal"), window_s(asked.song_s, "high")
        steps = {
            (latents, kept): step_s(transformer, latents, kept=kept)
            for latents, kept in ((short[2], False), (short[2], True), (long[2], True))
        }
        for (latents, kept), cost in steps.items():
            print(
                f"a step of {latents / 25:.1f} s{', conditions kept' * kept}: {cost:.2f} core-s", flush=True
            )
        whole = step_s(transformer, asked.song_s * LATENTS_PER_S, kept=False)
        print(f"a step of {asked.song_s} s: {whole:.2f} core-s")
    song = (
        asked.song_s * DIFFUSERS_ENCODE_S * encode, STEPS * whole, asked.song_s * DIFFUSERS_DECODE_S * decode
    )  # fmt: skip
    rows = [("a  diffusers, the whole song", song)]
    for name, (encoded, decoded, latents), share in (
        ("b  window of 15 s on each side", short, 1),
        ("c  again with another seed", short, 0),
        ("B  window of 30 s on each side", long, 1),
        ("-  again with another seed, 30 s", long, 0),
    ):
        first = steps.get((latents, False), steps[latents, True])
        denoise = first + (STEPS - 1) * steps[latents, True]
        rows.append((name, (share * encoded * encode, denoise, decoded * decode)))
    print(f"\n{'computed, core-seconds':38}    encode   denoise    decode       all ratio")
    for name, parts in rows:
        figures = "".join(f"{part:10.1f}" for part in (*parts, sum(parts)))
        print(f"{name:38}{figures}{sum(song) / sum(parts):6.1f}")
    print("load average: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))


if __name__ == "__main__":
    main()

"""Sound to latents and back, in tiles that give the same samples as the whole.

The autoencoder is convolutional, so a tile with margins as wide as it hears, cut off again, is exact. Tiles
are therefore the only path: memory is bounded by the tile, and equal sound gives equal bits wherever it lies
in the song. Always float32: bfloat16 costs 40 dB, and half precision is where silent encodes come from
(ComfyUI issue 14096).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.tiles import DECODE_MARGIN, DECODE_TILE, ENCODE_MARGIN, tiles
from punchin.engines.ace_step.window import FRAMES_PER_LATENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from punchin.engines.ace_step.cache import BoundedCache
    from punchin.region import Frames
    from punchin.song import Samples


def encode(
    vae: Any,
    samples: Samples,
    wanted: Iterable[Frames],
    device: str,
    cache: BoundedCache[Tensor],
    progress: Callable[[float], None],
) -> dict[Frames, Tensor]:
    """Latents of parts of a song: the mean of the posterior, never a sample of it.

    Args:
        vae: in float32.
        samples: the song `[C, N]` at 48 kHz; silence stands for what is missing of its last latent.
        wanted: runs of latents.
        device: where the autoencoder is.
        cache: by content.
        progress: told the fraction that is done.

    Returns:
        For each run its latents `[len(run), D]`, float32, on the CPU.
    """
    total = -(-samples.shape[1] // FRAMES_PER_LATENT)
    runs = list(wanted)
    found: dict[Frames, Tensor] = {}
    for number, run in enumerate(runs):
        progress(number / len(runs))
        heard = run.widen(ENCODE_MARGIN, ENCODE_MARGIN, total)
        sound = _cut(samples, heard)
        inner = run.within(heard)
        key = (hashlib.blake2b(sound.tobytes(), digest_size=20).digest(), inner)
        found[run] = cache.get(key, lambda sound=sound, inner=inner: _encoded(vae, sound, inner, device))
    progress(1.0)
    return found


def decode(
    vae: Any, latents: Tensor, wanted: Frames, device: str, progress: Callable[[float], None]
) -> Samples:
    """The sound of some latents.

    Args:
        vae: in float32.
        latents: `[T, D]`, of a whole window; what lies beside `wanted` gives the margins.
        wanted: which of them.
        device: where the autoencoder is.
        progress: told the fraction that is done.

    Returns:
        Sound `[C, len(wanted)·1920]`, float32.
    """
    parts: list[Samples] = []
    runs = tiles(wanted, DECODE_TILE)
    for number, run in enumerate(runs):
        progress(number / len(runs))
        heard = run.widen(DECODE_MARGIN, DECODE_MARGIN, latents.shape[0])
        inner = run.within(heard)
        batch = latents[heard.start : heard.end].T.contiguous().unsqueeze(0).to(device, torch.float32)
        sound = vae.decode(batch, return_dict=False)[0][0]
        part = sound[:, inner.start * FRAMES_PER_LATENT : inner.end * FRAMES_PER_LATENT]
        parts.append(part.to("cpu", torch.float32).numpy())
    progress(1.0)
    return np.concatenate(parts, axis=1)


def _cut(samples: Samples, run: Frames) -> Samples:
    """The sound of a run of latents `[C, len(run)·1920]`, float32."""
    start, end = run.start * FRAMES_PER_LATENT, run.end * FRAMES_PER_LATENT
    part = samples[:, start:end].astype(np.float32)
    return np.ascontiguousarray(np.pad(part, ((0, 0), (0, end - start - part.shape[1]))))


def _encoded(vae: Any, sound: Samples, inner: Frames, device: str) -> Tensor:
    heard = torch.from_numpy(sound).unsqueeze(0).to(device)
    posterior = vae.encode(heard, return_dict=False)[0]
    return posterior.mode()[0, :, inner.start : inner.end].T.to("cpu").contiguous()

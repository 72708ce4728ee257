"""How sound and latents are cut for the autoencoder, and how far it hears.

A latent depends on 6 latents of sound on each side, a frame of sound on 8.34 latents (counted from kernel
sizes and strides, so true for any weights); the margins are those and a little more.
"""

from __future__ import annotations

from punchin.region import Frames

ENCODE_MARGIN = 7
DECODE_MARGIN = 9
ENCODE_TILE = 120
"""4.8 s: 12 % are margins, and the working memory stays below 1 GB at full size."""
DECODE_TILE = 250
"""10 s, so a usual edit with the music beside it is two tiles."""


def tiles(run: Frames, tile: int) -> list[Frames]:
    """`run` in parts of `tile` latents, the last one shorter."""
    starts = range(run.start, run.end, tile)
    return [Frames(start, min(start + tile, run.end)) for start in starts]

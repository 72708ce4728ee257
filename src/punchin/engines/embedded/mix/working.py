"""Between the song's own rate and channels and the stereo that a mix is made in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.resample import conform, resampled_frames, return_to
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.engines.embedded.effects.filters import Sound

LOWEST_HZ, HIGHEST_HZ = 22_050, 96_000
USUAL_HZ = 44_100
"""Songs of rates between the first two are mixed at their own; others at the usual one."""


def working_rate(rate_hz: int) -> int:
    """The rate at which a song of that rate is mixed."""
    return rate_hz if LOWEST_HZ <= rate_hz <= HIGHEST_HZ else USUAL_HZ


def to_stereo(song: Song) -> Song:
    """The song in stereo at its working rate: mono on both sides, more channels mixed down by BS.775."""
    return conform(song, working_rate(song.rate_hz), 2)


def back_to(mixed: Sound, mixed_hz: int, like: Song) -> Song:
    """A mix at the rate and channels of the song it was made for, exactly as long.

    Args:
        mixed: `[2, N]`.
        mixed_hz: its rate.
        like: the same stretch of the song, `[C, M]`: mono gets the mean of both sides; of more than two
            channels each gets its side, as loud as it was there, so that a silent one stays silent.
    """
    wanted = resampled_frames(like.frames, like.rate_hz, mixed_hz)
    if mixed.shape[1] != wanted:
        raise ValueError(f"a mix of {mixed.shape[1]} frames does not fit {like.frames} at {like.rate_hz} Hz")
    return return_to(Song(mixed, mixed_hz), like.rate_hz, like.channels, like.frames, like)

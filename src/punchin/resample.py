"""Between the song's rate and channels and the engine's, there and back, without moving the sound in time.

Resampling is soxr's VHQ: linear phase with its delay taken off, pass band to 0.95 of Nyquist, aliases below
-150 dB. A song of `N` frames becomes one of exactly round(N · to / from), ties to even; what already has the
wanted rate and channels comes back bit for bit. Channels follow the WAVE order (L R C LFE ...).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
import soxr

from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.song import Samples

EDGE_S = 0.05
"""Sound on both sides that goes through the resampler with a part, so that the part's ends do not ring."""

LFE_BAND_HZ = (80.0, 160.0)
"""Where sound sent to a low-frequency channel fades out, centred on its 120 Hz limit (BS.775-4, annex 7)."""

LOUDEST_SPREAD = 4.0
"""The most that a channel of the song may be louder than the mix it is made from, as a factor (+12 dB)."""

_HALF = 0.5**0.5
_TO_STEREO: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    1: ((1,), (1,)),
    2: ((1, 0), (0, 1)),
    3: ((1, 0, _HALF), (0, 1, _HALF)),
    4: ((1, 0, _HALF, 0), (0, 1, 0, _HALF)),
    5: ((1, 0, _HALF, _HALF, 0), (0, 1, _HALF, 0, _HALF)),
    6: ((1, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF)),
    7: ((1, 0, _HALF, 0, 0.5, _HALF, 0), (0, 1, _HALF, 0, 0.5, 0, _HALF)),
    8: ((1, 0, _HALF, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF, 0, _HALF)),
}
"""Left and right row of the down-mix by number of channels (BS.775-4, table 2: others at -3 dB)."""

_LFE = {6: 3, 7: 3, 8: 3}
"""Which channel is the low-frequency one."""


def resampled_frames(frames: int, from_hz: int, to_hz: int) -> int:
    """How many frames `frames` become: round(frames · to / from), ties to even; at least one of any."""
    return max(round(Fraction(frames * to_hz, from_hz)), min(frames, 1))


def conform(song: Song, rate_hz: int | None, channels: int | None) -> Song:
    """The song at an engine's rate and channels; None keeps the song's own. Frame 0 stays at time 0.

    Channels: mono goes to both sides of stereo; more become fewer by the proportions of BS.775-4, each row
    scaled to a sum of 1, so that nothing leaves full scale and mono → stereo → mono is the identity. Where
    more than two are wanted, the front pair has the sound and the rest is silent.
    """
    mixed = song.samples if channels in (None, song.channels) else _mixed(song.samples, channels)
    wanted_hz = rate_hz or song.rate_hz
    return Song(_resampled(mixed, song.rate_hz, wanted_hz), wanted_hz)


def return_to(new: Song, rate_hz: int, channels: int, frames: int, original: Song | None = None) -> Song:
    """An engine's sound at the song's rate and channels, exactly `frames` long.

    Args:
        new: what the engine gave.
        rate_hz, channels, frames: of the part of the song that it replaces.
        original: that part as it was, `[channels, frames]`. Where the song has more channels than the engine,
            each channel gets its side of the new sound (left, right, or their mean for centre and back
            centre; a low-pass of it for the LFE) as loud as that channel was against the mix that the
            engine heard: a silent channel stays silent. Without it the front pair has the new sound.

    Raises:
        ValueError: if `new` is longer or shorter than `frames` by more than rounding explains.
    """
    if channels == new.channels:
        spread = new.samples
    elif original is not None and channels > new.channels:
        spread = _spread(new, original)
    else:
        spread = _mixed(new.samples, channels)
    samples = _resampled(spread, new.rate_hz, rate_hz)
    missing = frames - samples.shape[1]
    # Half a frame of the lower rate is lost to rounding, or a whole one where the sound is that short.
    if abs(missing) > 2 + rate_hz // new.rate_hz:
        raise ValueError(f"{new.frames} frames at {new.rate_hz} Hz are not {frames} frames at {rate_hz} Hz")
    if missing > 0:
        samples = np.concatenate([samples, np.repeat(samples[:, -1:], missing, axis=1)], axis=1)
    return Song(samples[:, :frames], rate_hz)


def return_part(played: Song, part: Frames, original: Song) -> Song:
    """The frames `part` of a window that an engine has played, in the rate and channels of the song.

    Args:
        played: the whole window at the engine's rate and channels, the new sound in it.
        part: which frames to give, counted at the song's rate from the start of the window.
        original: the window as it was, at the song's rate and channels; says how channels are spread.

    Returns:
        `[original.channels, len(part)]` at `original.rate_hz`, aligned to the sample. Only the part and a
        little around it is resampled; it starts where frames of both rates fall together, since elsewhere
        it would come out up to half a frame late.
    """
    grid = original.rate_hz // gcd(original.rate_hz, played.rate_hz)
    edge = round(EDGE_S * original.rate_hz)
    wide = part.widen(edge, edge, original.frames)
    wide = Frames(wide.start // grid * grid, wide.end)
    start = wide.start * played.rate_hz // original.rate_hz
    end = min(played.frames, start + resampled_frames(len(wide), original.rate_hz, played.rate_hz))
    around = return_to(
        played.cut(Frames(start, end)), original.rate_hz, original.channels, len(wide), original.cut(wide)
    )
    return around.cut(part.within(wide))


def _resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    if from_hz == to_hz:
        return samples
    wanted = resampled_frames(samples.shape[1], from_hz, to_hz)
    if not wanted:
        return samples[:, :0]
    # Some frames more than needed: soxr's own rounding of the length may differ by one.
    spare = np.zeros((samples.shape[0], 2 + from_hz // to_hz), samples.dtype)
    interleaved = np.ascontiguousarray(np.concatenate([samples, spare], axis=1).T)
    return np.ascontiguousarray(soxr.resample(interleaved, from_hz, to_hz, "VHQ").T[:, :wanted])


def _stereo_rows(channels: int) -> NDArray[np.float64]:
    """Down-mix to stereo `[2, C]`, each row with sum 1."""
    rows = np.array(_TO_STEREO[channels], dtype=np.float64)
    return rows / rows.sum(axis=1, keepdims=True)


def _mixed(samples: Samples, channels: int) -> Samples:
    """`[C, N]` → `[channels, N]`: down by BS.775-4, up to the front pair."""
    stereo = _stereo_rows(samples.shape[0])
    if channels == 1:
        matrix = stereo.mean(axis=0, keepdims=True)
    else:
        matrix = np.concatenate([stereo, np.zeros((channels - 2, samples.shape[0]))])
    return (matrix @ samples).astype(samples.dtype)


def _spread(new: Song, original: Song) -> Samples:
    """The new sound in every channel of the original, each as loud as it was against the engine's mix."""
    rows = _stereo_rows(original.channels)
    shares = rows / rows.sum(axis=0, keepdims=True).clip(1e-9)
    shares[:, rows.sum(axis=0) == 0] = 0.5
    left_right = np.stack([new.samples[0], new.samples[min(1, new.channels - 1)]])
    heard = _mixed(original.samples, new.channels)
    heard_pair = np.stack([heard[0], heard[-1]])
    sources, heard_sources = shares.T @ left_right, shares.T @ heard_pair
    loudness = _rms(original.samples) / np.maximum(_rms(heard_sources), 1e-9)
    spread = sources * np.minimum(loudness, LOUDEST_SPREAD)[:, None]
    lfe = _LFE.get(original.channels)
    if lfe is not None:
        spread[lfe] = _low_part(sources[lfe], new.rate_hz)
        lows = _low_part(heard_sources[lfe], original.rate_hz)
        gain = _rms(original.samples[lfe : lfe + 1]) / max(float(_rms(lows[None])[0]), 1e-9)
        spread[lfe] *= np.minimum(gain, LOUDEST_SPREAD)
    return spread.astype(new.samples.dtype)


def _rms(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Root mean square of each channel, `[C, N]` → `[C]`."""
    if not samples.size:
        return np.zeros(len(samples))
    return np.sqrt(np.mean(np.square(samples, dtype=np.float64), axis=1))


def _low_part(samples: NDArray[np.floating], rate_hz: int) -> NDArray[np.float64]:
    """What an LFE channel may carry, `[N]` → `[N]`: zero phase, fading out over `LFE_BAND_HZ`."""
    padded = samples.shape[0] + rate_hz // 10
    low, high = LFE_BAND_HZ
    ramp = np.clip((high - np.fft.rfftfreq(padded, 1 / rate_hz)) / (high - low), 0, 1)
    kept = np.fft.rfft(samples, padded) * np.sin(ramp * np.pi / 2) ** 2
    return np.fft.irfft(kept, padded)[: samples.shape[0]]

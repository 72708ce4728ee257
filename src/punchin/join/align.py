"""Where new and old sound meet best: the new sound moved by a few milliseconds, the crossfade by more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.song import Samples

ALIKE = 0.5
"""The least correlation at which the new sound is the old one moved in time, and not other music."""
GAIN = 0.02
"""How much the correlation must win before anything is moved."""
NEARLY = 0.01
"""Places whose relative difference is this close to the best are as good; the first is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """Old and new sound of the same frames next to one edge, `[C, N]` each."""

    old: Samples
    new: Samples


def best_shift(meetings: Sequence[Meeting], lags: range) -> int:
    """How many frames later (or, if negative, earlier) the new sound has to be to meet the old in phase.

    Args:
        meetings: one for each edge; one answer has to serve both, since the music between them is one.
        lags: what may be answered, half-open and with 0 inside.

    Returns:
        The lag of the largest normalised cross-correlation summed over edges and channels; 0 where the two
        are not alike there, or not more alike than unmoved.
    """
    energy = sum(_energy(one.old) for one in meetings), sum(_energy(one.new) for one in meetings)
    if len(lags) < 2 or min(energy) == 0:
        return 0
    found = sum((_correlations(one, lags) for one in meetings), np.zeros(len(lags))) / np.sqrt(
        energy[0] * energy[1]
    )
    best = int(np.argmax(found))
    return lags[best] if found[best] >= ALIKE and found[best] - found[lags.index(0)] >= GAIN else 0


def _correlations(meeting: Meeting, lags: range) -> NDArray[np.float64]:
    """Σ_c Σ_n old[c, n + lag] · new[c, n] for each lag, by FFT long enough not to wrap around."""
    frames = meeting.old.shape[1]
    size = 1 << (2 * frames - 1).bit_length()
    spectrum = np.sum(np.fft.rfft(meeting.old, size) * np.conj(np.fft.rfft(meeting.new, size)), axis=0)
    found = np.fft.irfft(spectrum, size)[np.asarray(lags) % size]
    # A lag of the segment's length or more has nothing to compare.
    return np.where(np.abs(lags) < frames, found, 0.0)


def _energy(samples: Samples) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))


def best_place(meeting: Meeting, fade: int) -> int:
    """Where in `meeting` a crossfade of `fade` frames has the least to hide.

    Returns:
        The first frame of the crossfade: the earliest place where Σ(new − old)² / (Σ new² + Σ old²) over the
        fade is as small as anywhere, to within `NEARLY`. Two silences are no difference.
    """
    difference = _running(np.subtract(meeting.new, meeting.old, dtype=np.float64))
    sound = _running(meeting.new) + _running(meeting.old)
    span = max(fade, 1)
    if difference.size <= span:
        return 0
    different, heard = difference[span:] - difference[:-span], sound[span:] - sound[:-span]
    # What a running sum rounds away is no sound.
    audible = heard > 1e-12 * max(float(sound[-1]), 1e-30)
    relative = np.where(audible, different / np.where(audible, heard, 1.0), 0.0)
    return int(np.flatnonzero(relative <= relative.min() + NEARLY)[0])


def _running(samples: Samples) -> NDArray[np.float64]:
    """Energy of all channels before each frame, `[N + 1]`."""
    return np.concatenate([[0.0], np.cumsum(np.sum(np.square(samples, dtype=np.float64), axis=0))])


def moved(samples: Samples, frames: int) -> Samples:
    """The samples `[C, N]` so many frames later; what comes in from outside is silence."""
    if frames == 0:
        return samples
    result = np.zeros_like(samples)
    if frames > 0:
        result[:, frames:] = samples[:, :-frames]
    else:
        result[:, :frames] = samples[:, -frames:]
    return result

"""What tests with foreign clients need."""

import io

import numpy as np
import soundfile


def check_edit(sound, song, start_s, end_s):
    """The sound is the song, sample by sample, but for the region, which is new."""
    before, rate_hz = soundfile.read(song, dtype="int16")
    after, same_rate_hz = soundfile.read(io.BytesIO(sound), dtype="int16")
    assert (rate_hz, before.shape) == (same_rate_hz, after.shape)
    start, end = round(start_s * rate_hz), round(end_s * rate_hz)
    assert np.array_equal(before[:start], after[:start])
    assert np.array_equal(before[end:], after[end:])
    assert not np.array_equal(before[start:end], after[start:end])

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


def check_roughly(sound, song, start_s, end_s):
    """The sound is about the song outside the region, as a service has it that does not keep samples."""
    before, rate_hz = soundfile.read(song)
    after, _ = soundfile.read(io.BytesIO(sound))
    assert abs(len(before) - len(after)) < 0.1 * rate_hz
    length, start, end = min(len(before), len(after)), round(start_s * rate_hz), round(end_s * rate_hz)
    outside = np.r_[0:start, end:length]
    difference = np.sqrt(np.mean((before[outside] - after[outside]) ** 2))
    assert difference <= 0.05 * np.sqrt(np.mean(before[outside] ** 2))

"""What is found at a seam: readings, one edge, both edges. Plain numbers and words, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One statistic at one edge.

    Attributes:
        value: what it is in the new song; units are those of the statistic (see `Edge`). None where there is
            nothing to measure.
        original: the same at the same place of the original song.
        rank: share of places in the song around where the original has as large a value, 0..1; 0 says that
            the song never does that by itself.
        audible: 0..1, how sure the calibration is that this gives the seam away.
    """

    value: float | None
    original: float | None
    rank: float | None
    audible: float


@dataclass(frozen=True, slots=True)
class Edge:
    """How one seam measures.

    Attributes:
        word: "seamless", "smooth", "audible" or "rough".
        score: 1 (nothing gives it away) .. 0.
        because: the statistic that costs most, as named here; "" if none costs anything.
        click: largest prediction error of the sound near the seam, against the errors around it, dB.
        dip: how far the sound breaks off for some milliseconds, dB.
        switch: energy of the difference (new − original) where it begins, against the song, dB; a fade keeps
            this low, a hard cut does not.
        flux: largest change of the log-mel spectrum within some 20 ms, dB a band.
        level_short, level_long: loudness after minus before, over 0.4 s and 3 s, dB.
        timbre: change of the spectrum's shape over 0.4 s, dB a band.
        high: energy above 10 kHz after minus before, relative to all, dB.
        stereo: largest change of width (side against mid) and balance (left against right), dB.
        dc: change of the mean over 0.4 s, largest of the channels, full scale 1.
        beat_ms: how late the new part's onsets are against the song's grid; 0 is on the beat.
    """

    word: str
    score: float
    because: str
    click: Reading
    dip: Reading
    switch: Reading
    flux: Reading
    level_short: Reading
    level_long: Reading
    timbre: Reading
    high: Reading
    stereo: Reading
    dc: Reading
    beat_ms: Reading


@dataclass(frozen=True, slots=True)
class Seams:
    """How both seams of a punch-in measure.

    Attributes:
        word: that of the worse edge.
        score: that of the worse edge; 1 where the new part has no edge at all (the whole song is new).
        punch_in: None where the new part begins with the song.
        punch_out: None where it ends with the song.
    """

    word: str
    score: float
    punch_in: Edge | None
    punch_out: Edge | None

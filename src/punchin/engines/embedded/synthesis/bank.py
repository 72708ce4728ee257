"""The instrument bank: recordings of single notes and drum strokes, decoded only when they are first played.

`bank.zip` is built by `scripts/build_bank.py` from the FluidR3 GM sound font (MIT; `bank.LICENSE.txt`).
"""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

Sound = NDArray[np.floating]
"""Samples `[C, N]`, one or two channels."""


class Zone(msgspec.Struct, frozen=True):
    """One recording of a set: what sounds for the pitches around its root.

    Attributes:
        name: the drum's voice, or the pitch in words.
        root: the pitch, as a MIDI number, that is heard when it plays at its own speed.
        start: where it begins in the set's file, in frames.
        frames: how long it is.
        loop: the frames `[a, b)` that repeat while a note is held; None plays it once.
        fade: over how many frames the end of the loop becomes its beginning.
        level_from: from which frame on the recording was levelled so that it can loop ...
        level_db_s: ... and by how much: what the player takes away again, in dB a second of the recording.
        decay_db_s: how fast a held note falls on top of that.
        sustain_db: how far it falls.
        gain_db: makes all zones of a set equally loud.
    """

    name: str
    root: float
    start: int
    frames: int
    loop: tuple[int, int] | None
    fade: int
    level_from: int
    level_db_s: float
    decay_db_s: float
    sustain_db: float
    gain_db: float


class Set(msgspec.Struct, frozen=True):
    """All recordings of one instrument or drum kit: zones from low to high, in one file of one rate."""

    rate_hz: int
    channels: int
    zones: tuple[Zone, ...]


KEEP_BYTES = 24_000_000
"""How much of what was decoded is kept: a piano with its brightest notes. All of the bank would be 90 MB."""


class Bank:
    """The open bank. It keeps what it has decoded last, so make one and use it for every edit."""

    def __init__(self) -> None:
        self._zip = zipfile.ZipFile(
            io.BytesIO(
                resources.files("punchin.engines.embedded.synthesis").joinpath("bank.zip").read_bytes()
            )
        )
        self.sets: Mapping[str, Set] = msgspec.json.decode(self._zip.read("index.json"), type=dict[str, Set])
        self._sounds: OrderedDict[Hashable, Sound] = OrderedDict()
        self._bytes = 0

    def nearest(self, name: str, pitch: float) -> Zone:
        """The zone of a set whose root is nearest; of two the higher one."""
        return min(self.sets[name].zones, key=lambda zone: (abs(zone.root - pitch), -zone.root))

    def named(self, name: str, voice: str) -> Zone | None:
        """The zone of that name in a set, if there is one."""
        return next((zone for zone in self.sets[name].zones if zone.name == voice), None)

    def sound(self, name: str, zone: Zone) -> Sound:
        """A zone's samples `[C, frames]` at its set's rate, equally loud, ready to loop; read-only."""
        return self.once((name, zone.name), lambda: self._decoded(name, zone))

    def once(self, key: Hashable, make: Callable[[], Sound]) -> Sound:
        """What `make` gives, made anew only if it was not asked for lately by this key."""
        if key in self._sounds:
            self._sounds.move_to_end(key)
            return self._sounds[key]
        made = make()
        self._sounds[key] = made
        self._bytes += made.nbytes
        self._forget(KEEP_BYTES)
        return made

    def rest(self) -> None:
        """Nothing is played for now: let go of all that was decoded."""
        self._forget(0)

    def _forget(self, most: int) -> None:
        """Let go of what was not used for longest, until no more than `most` bytes are kept."""
        while self._bytes > most and self._sounds:
            self._bytes -= self._sounds.popitem(last=False)[1].nbytes

    def _decoded(self, name: str, zone: Zone) -> Sound:
        row = self.once((name,), lambda: self._row(name))
        sound = row[:, zone.start : zone.start + zone.frames] * np.float32(10 ** (zone.gain_db / 20))
        if zone.loop:
            _close(sound, *zone.loop, zone.fade)
        sound.flags.writeable = False
        return sound

    def _row(self, name: str) -> Sound:
        """All zones of a set, `[C, N]`.

        The whole file, though one zone is wanted: seeking in Vorbis, libsndfile can miss by some frames.
        """
        frames, _ = soundfile.read(io.BytesIO(self._zip.read(f"{name}.ogg")), dtype="float32", always_2d=True)
        return np.ascontiguousarray(frames.T, dtype=np.float32)


def unrolled(sound: Sound, zone: Zone, frames: int, rate_hz: int) -> Sound:
    """At least `frames` of a zone as a long held note, `[C, N]`; fewer where it does not loop."""
    if zone.loop and frames > zone.frames:
        start, end = zone.loop
        times = -(-(frames - end) // (end - start))
        sound = np.concatenate([sound[:, :end], np.tile(sound[:, start:end], times)], axis=1)
    sound = sound[:, :frames]
    if zone.level_db_s:
        after_s = np.maximum(np.arange(sound.shape[1]) - zone.level_from, 0) / rate_hz
        sound = sound * (10 ** (-zone.level_db_s * after_s / 20)).astype(np.float32)
    return sound


def _close(sound: Sound, start: int, end: int, fade: int) -> None:
    """Blend the end of a loop into what comes before its beginning, so that jumping back is no step.

    The two parts are alike by some correlation r; their sum is divided by the level that this gives, so that
    neither copies (r = 1) nor strangers (r = 0) swell or dip in the middle.
    """
    if fade < 1:
        return
    old, new = sound[:, end - fade : end], sound[:, start - fade : start]
    powers = float((old**2).sum()) * float((new**2).sum())
    alike = float((old * new).sum()) / powers**0.5 if powers > 0 else 1.0
    rise = ((np.arange(fade) + 1) / fade).astype(np.float32)
    level = np.sqrt((1 - rise) ** 2 + rise**2 + 2 * max(alike, 0.0) * rise * (1 - rise))
    sound[:, end - fade : end] = (old * (1 - rise) + new * rise) / level

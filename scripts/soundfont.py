"""Reads SoundFont 2 files: presets, their zones, and samples with loop points.

Just enough of the "SoundFont Technical Specification 2.04" (E-mu/Creative, 2006) to take single notes out of
a font: the RIFF chunks (section 4 and 7), generators of preset and instrument zones (8 and 9.4), and 16-bit
samples. Modulators, modulation envelopes and LFOs are left out: the bank keeps plain recordings of notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# Generator numbers, spec section 8.1.2.
START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
FILTER_HZ, PAN, END_COARSE = 8, 17, 12
HOLD, DECAY, SUSTAIN, RELEASE, ATTACK = 35, 36, 37, 38, 34
INSTRUMENT, KEYS, VELOCITIES = 41, 43, 44
LOOP_START_COARSE, ATTENUATION, LOOP_END_COARSE = 45, 48, 50
COARSE_TUNE, FINE_TUNE, SAMPLE, MODE, SCALE_TUNING, ROOT_KEY = 51, 52, 53, 54, 56, 58

DEFAULTS = {
    ATTACK: -12000,
    HOLD: -12000,
    DECAY: -12000,
    RELEASE: -12000,
    FILTER_HZ: 13500,
    SCALE_TUNING: 100,
    ROOT_KEY: -1,
}
"""Where a generator that is not given does not start from 0."""

NOT_ADDED = {INSTRUMENT, KEYS, VELOCITIES, SAMPLE, MODE, ROOT_KEY}
"""Generators of a preset zone that are not added to those of its instrument's zones."""

Generators = dict[int, int]


def seconds(timecents: int) -> float:
    """A time from its logarithm: 1200 timecents are one octave above one second (section 8.1.2)."""
    return 2.0 ** (timecents / 1200)


@dataclass(frozen=True, slots=True)
class Recording:
    """One sample of the font as it is stored: where its frames lie, its loop and its pitch."""

    name: str
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate_hz: int
    pitch: int
    correction_cents: int


@dataclass(frozen=True, slots=True)
class Zone:
    """What sounds for a range of keys and velocities: a recording, and how it is played."""

    recording: Recording
    generators: Generators
    keys: tuple[int, int]
    velocities: tuple[int, int]

    def answers(self, key: int, velocity: int) -> bool:
        """Whether a key press at this velocity makes it sound."""
        return self.keys[0] <= key <= self.keys[1] and self.velocities[0] <= velocity <= self.velocities[1]

    def value(self, generator: int) -> int:
        """A generator's value, or its default (section 8.1.3)."""
        return self.generators.get(generator, DEFAULTS.get(generator, 0))

    @property
    def root(self) -> float:
        """The key, with a fraction, at which the recording plays at its own speed."""
        key = self.value(ROOT_KEY)
        stored = self.recording.pitch if key < 0 else key
        tuning = self.value(COARSE_TUNE) + (self.value(FINE_TUNE) + self.recording.correction_cents) / 100
        return stored - tuning

    @property
    def frames(self) -> tuple[int, int, int, int]:
        """Start, end, loop start and loop end in the font's one long run of samples."""
        r, v = self.recording, self.value
        return (
            r.start + v(START) + 32768 * v(START_COARSE),
            r.end + v(END) + 32768 * v(END_COARSE),
            r.loop_start + v(LOOP_START) + 32768 * v(LOOP_START_COARSE),
            r.loop_end + v(LOOP_END) + 32768 * v(LOOP_END_COARSE),
        )

    @property
    def loops(self) -> bool:
        """Whether the loop is played (sample modes 1 and 3)."""
        _, _, start, end = self.frames
        return self.value(MODE) in (1, 3) and end - start > 8


class SoundFont:
    """An open font. Zones come by bank and program; sound is read only when asked for."""

    def __init__(self, raw: NDArray[np.uint8]) -> None:
        self._raw = raw
        self._chunks = dict(self._walk(12, len(raw)))
        self._recordings = self._read_recordings()
        self._instruments = self._read_zones("inst", "ibag", "igen", "<S20,<u2", 1)
        self._presets = self._read_zones("phdr", "pbag", "pgen", "<S20,<u2,<u2,<u2,<u4,<u4,<u4", 3)
        header = self._table("phdr", "<S20,<u2,<u2,<u2,<u4,<u4,<u4")
        self._numbers = {(int(row[2]), int(row[1])): i for i, row in enumerate(header[:-1])}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a font into memory without reading it."""
        return cls(np.memmap(path, np.uint8, mode="r"))

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Every zone of a preset, with the generators of preset and instrument put together (section 9.4)."""
        found: list[Zone] = []
        shared: Generators = {}
        for of_preset in self._presets[self._numbers[bank, program]]:
            if INSTRUMENT not in of_preset:  # the preset's global zone
                shared = of_preset
                continue
            found += self._of_instrument(shared | of_preset)
        return found

    def sound(self, start: int, end: int) -> NDArray[np.float64]:
        """Frames `[start, end)` of the font's samples, full scale ±1."""
        offset, _ = self._chunks["smpl"]
        return self._raw[offset + 2 * start : offset + 2 * end].view("<i2") / 32768.0

    def _of_instrument(self, of_preset: Generators) -> Iterator[Zone]:
        shared: Generators = {}
        for own in self._instruments[of_preset[INSTRUMENT]]:
            if SAMPLE not in own:  # the instrument's global zone
                shared = own
                continue
            generators = shared | own
            for generator, amount in of_preset.items():
                if generator not in NOT_ADDED:
                    generators[generator] = generators.get(generator, DEFAULTS.get(generator, 0)) + amount
            keys, velocities = _range(generators, KEYS), _range(generators, VELOCITIES)
            outer_keys, outer_velocities = _range(of_preset, KEYS), _range(of_preset, VELOCITIES)
            yield Zone(
                self._recordings[generators[SAMPLE]],
                generators,
                (max(keys[0], outer_keys[0]), min(keys[1], outer_keys[1])),
                (max(velocities[0], outer_velocities[0]), min(velocities[1], outer_velocities[1])),
            )

    def _walk(self, start: int, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """The chunks of a RIFF list, and of the lists in it: name, (offset, bytes)."""
        while start < end:
            name = bytes(self._raw[start : start + 4]).decode("ascii")
            size = int.from_bytes(bytes(self._raw[start + 4 : start + 8]), "little")
            if name == "LIST":
                yield from self._walk(start + 12, start + 8 + size)
            else:
                yield name, (start + 8, size)
            start += 8 + size + size % 2

    def _table(self, chunk: str, dtype: str) -> NDArray[np.void]:
        offset, size = self._chunks[chunk]
        return np.frombuffer(bytes(self._raw[offset : offset + size]), np.dtype(dtype))

    def _read_recordings(self) -> list[Recording]:
        rows = self._table("shdr", "<S20,<u4,<u4,<u4,<u4,<u4,u1,i1,<u2,<u2")
        return [Recording(row[0].decode("latin1"), *(int(x) for x in row.tolist()[1:8])) for row in rows]

    def _read_zones(
        self, header: str, bags: str, gens: str, dtype: str, bag_column: int
    ) -> list[list[Generators]]:
        """For each preset or instrument: the generators of each of its zones (sections 7.2 to 7.9)."""
        first_bag = self._table(header, dtype)[f"f{bag_column}"].astype(int)
        first_gen = self._table(bags, "<u2,<u2")["f0"].astype(int)
        rows = self._table(gens, "<u2,<i2").tolist()
        zones = [dict(rows[a:b]) for a, b in pairwise(first_gen)]
        return [zones[a:b] for a, b in pairwise(first_bag)]


def _range(generators: Generators, which: int) -> tuple[int, int]:
    packed = generators.get(which, 127 << 8) & 0xFFFF
    return packed & 0xFF, packed >> 8

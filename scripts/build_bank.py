"""Builds the instrument bank of the embedded engine from the FluidR3 GM sound font (MIT).

    apt-get download fluid-soundfont-gm && dpkg-deb -x fluid-soundfont-gm_*.deb /somewhere
    python scripts/build_bank.py /somewhere/usr/share/sounds/sf2/FluidR3_GM.sf2

Writes `synthesis/bank.zip`: one Ogg Vorbis file for each set of recordings, all its zones in a row, and
`index.json` with the place, pitch, loop and decay of each. The same font and the same libsndfile give the
same bytes. What is decided here and not in the font: which recordings are kept, how long they are, loops for
what is cut short, pitch as measured, and equal loudness of all zones of a set.
"""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import soundfile
import soxr
from fastcrc import crc32

from punchin.engines.embedded.synthesis.bank import Set
from punchin.engines.embedded.synthesis.bank import Zone as Entry
from punchin.loudness import k_weighted
from soundfont import ATTENUATION, DECAY, PAN, SUSTAIN, SoundFont, Zone, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BANK = Path(__file__).parents[1] / "src/punchin/engines/embedded/synthesis/bank.zip"

VELOCITY = 100
"""The key velocity that is kept; softer keys of this font are the same recordings behind a filter."""

GAP_S = 0.03
"""Silence between two zones of a file, so that no codec window reaches from one into the next."""

SETS = """
# set             bank:program channels keys   step seconds quality
piano             0:0          2        26-94  4    3.2     .4
rhodes            0:4          2        31-91  6    2.4     .5
fm-piano          0:5          1        48-90  6    2.4     .3
harpsichord       0:6          1        38-86  6    1.8     .3
clavinet          0:7          1        31-84  6    .5      .3
celesta           0:8          1        54-96  6    .8      .3
glockenspiel      0:9          1        79-103 6    .9      .3
music-box         0:10         1        50-90  6    .9      .3
vibraphone        0:11         1        57-96  6    .6      .3
marimba           0:12         1        48-84  6    1.2     .3
xylophone         0:13         1        54-102 6    .9      .3
tubular-bells     0:14         1        60-84  6    1.5     .4
dulcimer          0:15         2        60-96  6    1.4     .3
rock-organ        0:18         1        44-91  6    1.4     .2
church-organ      0:19         1        36-96  6    1.6     .3
accordion         0:21         1        60-90  6    1.5     .3
harmonica         0:22         1        60-88  4    .6      .3
nylon-guitar      0:24         1        40-84  4    2.4     .4
steel-guitar      0:25         1        40-84  4    2.8     .4
jazz-guitar       0:26         1        40-79  5    1.6     .3
clean-guitar      0:27         1        40-79  4    1.8     .4
muted-guitar      0:28         1        40-70  4    .8      .3
overdriven-guitar 0:29         1        40-79  4    1.8     .3
distorted-guitar  0:30         1        40-79  4    1.8     .3
upright-bass      0:32         1        28-66  5    1.6     .3
finger-bass       0:33         1        28-48  4    1.6     .3
pick-bass         0:34         1        28-48  4    1.6     .3
fretless-bass     0:35         1        28-48  4    1.4     .3
slap-bass         0:36         1        28-48  4    1.4     .3
violin            0:40         1        55-98  6    1.2     .3
viola             0:41         1        48-88  6    1.2     .3
cello             0:42         1        37-76  6    1.4     .3
pizzicato         0:45         2        36-88  7    .8      .3
harp              0:46         1        34-99  7    1.3     .3
timpani           0:47         1        36-43  2    2.2     .3
strings           0:48         2        31-83  6    2.2     .3
choir             0:52         2        42-81  6    1.8     .3
oohs              0:53         2        48-84  6    1.3     .3
orchestra-hit     0:55         2        68-68  6    .9      .3
trumpet           0:56         1        60-96  4    .6      .3
trombone          0:57         1        42-76  5    .7      .3
tuba              0:58         1        28-60  5    .8      .3
muted-trumpet     0:59         1        54-84  6    .7      .3
french-horn       0:60         2        39-75  6    1.6     .3
brass             0:61         2        41-84  6    1.6     .3
alto-sax          0:65         1        49-80  5    1.1     .3
tenor-sax         0:66         1        47-75  5    1.4     .3
oboe              0:68         1        63-82  5    .9      .3
bassoon           0:70         1        35-73  5    1.2     .3
clarinet          0:71         1        52-84  5    .8      .3
flute             0:73         1        61-90  5    1.2     .3
recorder          0:74         1        72-86  4    1.2     .3
pan-flute         0:75         1        54-96  6    1.0     .3
shakuhachi        0:77         2        72-72  6    1.6     .3
sitar             0:104        1        52-91  5    1.2     .3
banjo             0:105        1        50-74  4    1.2     .3
shamisen          0:106        1        48-90  6    .5      .3
koto              0:107        1        60-78  6    .8      .3
kalimba           0:108        1        55-96  5    .5      .3
bagpipe           0:109        1        57-86  5    1.6     .3
steel-drums       0:114        1        66-84  6    .7      .3
"""

DRUMS = """
# set      program voice:key:seconds
standard   0   kick:36:.5 snare:38:.5 rim:37:.4 clap:39:.4 closed_hat:42:.25 pedal_hat:44:.25 open_hat:46:1.4
standard   0   tom_low:41:1 tom_mid:47:.9 tom_high:50:.8 crash:49:3.2 ride:51:2.2 ride_bell:53:2.2
room       8   kick:36:.5
power      16  kick:36:.7 snare:38:.9 tom_low:41:1.1 tom_mid:47:.9 tom_high:50:.8
electronic 24  kick:36:.4 snare:38:.6 tom_low:43:.8 tom_mid:47:.7 tom_high:48:.6
jazz       32  kick:36:.5 snare:38:.5
brush      40  snare:38:.4 clap:39:.6 swirl:40:.6
orchestra  48  kick:36:1.6 snare:38:.8 crash:59:3
percussion 0   tambourine:54:.4 cowbell:56:.35 bongo_high:60:.3 bongo_low:61:.35 conga_slap:62:.3
percussion 0   conga_high:63:.5 conga_low:64:.55 timbale_high:65:.7 timbale_low:66:.8 guiro:73:.25
percussion 0   claves:75:.12 shaker:82:.3 sleighbells:83:.6 taiko_high:86:1.2 taiko_low:87:1.4
"""

DRUM_QUALITY = 0.4


@dataclass(slots=True)
class Cut:
    """One zone on its way into the bank: sound `[N, C]` and what the index will say of it."""

    name: str
    sound: NDArray[np.float64]
    root: float
    loop: tuple[int, int] | None = None
    fade: int = 0
    level_from: int = 0
    level_db_s: float = 0.0
    decay_db_s: float = 0.0
    sustain_db: float = 100.0


def main() -> None:
    """Read the font named on the command line and write the bank."""
    font = SoundFont.open(Path(sys.argv[1]))
    index: dict[str, Set] = {}
    with zipfile.ZipFile(BANK, "w", zipfile.ZIP_STORED) as bank:
        for name, rate_hz, quality, cuts in (*melodic(font), *drums(font)):
            sound, zones = joined(cuts, rate_hz)
            coded = vorbis(sound, rate_hz, quality)
            add(bank, f"{name}.ogg", coded)
            index[name] = Set(rate_hz, sound.shape[1], tuple(zones))
            print(f"{name:18} {len(zones):3} zones {len(sound) / rate_hz:6.1f} s {len(coded) / 1000:7.1f} kB")
        add(bank, "index.json", msgspec.json.encode(index))
    print(f"{BANK.name}: {BANK.stat().st_size / 1e6:.2f} MB")


def add(bank: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file whose entry does not say when it was made."""
    bank.writestr(zipfile.ZipInfo(name), content)


# ---- What is taken from the font ---------------------------------------------------------------------------


def melodic(font: SoundFont) -> Iterator[tuple[str, int, float, list[Cut]]]:
    """Each set of pitched recordings: name, rate, quality, zones from low to high."""
    for name, place, channels, keys, step, length_s, quality in rows(SETS):
        bank, program = (int(x) for x in place.split(":"))
        low, high = (int(x) for x in keys.split("-"))
        groups = grouped(font.zones(bank, program))
        kept = spaced([g for g in groups if low - 1 <= g[0].root <= high + 1] or groups[-1:], int(step))
        rate_hz = kept[len(kept) // 2][0].recording.rate_hz
        cuts = [cut(font, group, int(channels), float(length_s), rate_hz) for group in kept]
        yield name, rate_hz, float(quality), cuts


def drums(font: SoundFont) -> Iterator[tuple[str, int, float, list[Cut]]]:
    """Each drum kit's own recordings; what it shares with the standard kit is kept only there."""
    kits: dict[str, list[Cut]] = {}
    rate_hz = 44_100
    for name, program, *voices in rows(DRUMS):
        for voice, key, length_s in (v.split(":") for v in voices):
            zones = unique([z for z in font.zones(128, int(program)) if z.answers(int(key), VELOCITY)])
            sound = layered(font, zones, 2, float(length_s), rate_hz, float(key))
            kits.setdefault(name, []).append(Cut(voice, faded(trimmed(sound), rate_hz), float(key)))
    for name, cuts in kits.items():
        yield name, rate_hz, DRUM_QUALITY, cuts


def rows(table: str) -> Iterator[list[str]]:
    """The words of each line of a table that is no comment."""
    for line in table.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


def grouped(zones: Sequence[Zone]) -> list[list[Zone]]:
    """Zones that sound together on the same keys, from low to high."""
    groups: dict[tuple[int, int], list[Zone]] = {}
    for zone in zones:
        if zone.velocities[0] <= VELOCITY <= zone.velocities[1]:
            groups.setdefault(zone.keys, []).append(zone)
    return [unique(groups[keys]) for keys in sorted(groups)]


def unique(zones: Sequence[Zone]) -> list[Zone]:
    """One zone for each recording and side: this font doubles some to pass them through another filter."""
    return list({(zone.recording.start, zone.value(PAN)): zone for zone in zones}.values())


def spaced(groups: Sequence[list[Zone]], step: int) -> list[list[Zone]]:
    """Groups at least `step` semitones apart, the lowest first."""
    kept: list[list[Zone]] = []
    for group in sorted(groups, key=lambda g: g[0].root):
        if not kept or group[0].root - kept[-1][0].root >= step - 0.5:
            kept.append(group)
    return kept


# ---- One zone ----------------------------------------------------------------------------------------------


def cut(font: SoundFont, group: list[Zone], channels: int, length_s: float, rate_hz: int) -> Cut:
    """One zone: its own loop where that fits, else one made here, with the decay that the font gives it."""
    first = group[0]
    zones = group if channels == 2 else group[:1]
    start, _, loop_start, loop_end = first.frames
    fits = loop_end - start <= length_s * rate_hz and all(
        z.recording.rate_hz == rate_hz
        and [f - z.frames[0] for f in z.frames[2:]] == [loop_start - start, loop_end - start]
        for z in zones
    )
    decay_s = seconds(first.value(DECAY))
    sustain_db = min(first.value(SUSTAIN) / 10, 100.0)
    # SoundFont spec 8.1.2, decayVolEnv: the time for a fall of 100 dB; the fall stops at the sustain level.
    found = Cut(
        "",
        np.zeros((0, channels)),
        first.root,
        decay_db_s=100 / decay_s if sustain_db else 0.0,
        sustain_db=sustain_db,
    )
    if first.loops and fits:
        length_s = (loop_end - start) / rate_hz
    sound = layered(font, zones, channels, length_s, rate_hz, first.root)
    sound = without_rumble(sound, first.root, rate_hz)
    lead = len(sound) - len(trimmed(sound))
    found.sound = sound[lead:]
    if not first.loops:
        found.sound, found.decay_db_s = faded(found.sound, rate_hz), 0.0
    elif fits:
        found.loop = (max(loop_start - start - lead, 1), len(found.sound))
        found.fade = min(found.loop[0], found.loop[1] - found.loop[0], round(0.05 * rate_hz))
    else:
        make_loop(found, rate_hz)
    found.root = measured_pitch(found, rate_hz)
    found.name = f"{found.root:.2f}"
    return found


def layered(
    font: SoundFont, zones: Sequence[Zone], channels: int, length_s: float, rate_hz: int, key: float
) -> NDArray[np.float64]:
    """The zones together as they sound on `key`, `[N, C]`, loops played on, without envelopes."""
    frames = round(length_s * rate_hz)
    mix = np.zeros((frames, channels))
    for zone in zones:
        heard = unrolled(font, zone, length_s, 2 ** ((key - zone.root) / 12), rate_hz)[:frames]
        heard = heard * 10 ** (
            -zone.value(ATTENUATION) * 0.4 / 200
        )  # as players have it: 0.4 of the written centibels
        right = np.clip(zone.value(PAN) / 1000 + 0.5, 0, 1)
        sides = (
            np.array([np.cos(right * np.pi / 2), np.sin(right * np.pi / 2)]) if channels == 2 else np.ones(1)
        )
        mix[: len(heard)] += heard[:, None] * sides
    ends = np.flatnonzero(np.abs(mix).max(axis=1) > 1e-5)
    return mix[: ends[-1] + 1]


def unrolled(font: SoundFont, zone: Zone, length_s: float, speed: float, rate_hz: int) -> NDArray[np.float64]:
    """A zone's recording with its loop repeated for `length_s` at a speed, `[N]`."""
    start, end, loop_start, loop_end = zone.frames
    sound = font.sound(start, end)
    needed = int(length_s * zone.recording.rate_hz * speed) + 64
    if zone.loops and needed > loop_end - start:
        loop = font.sound(loop_start, loop_end)
        times = -(-(needed - (loop_end - start)) // len(loop))
        sound = np.concatenate([font.sound(start, loop_end), np.tile(loop, times)])
    sound = sound[:needed]
    same = abs(speed - 1) < 1e-6 and zone.recording.rate_hz == rate_hz
    return sound if same else soxr.resample(sound, zone.recording.rate_hz * speed, rate_hz, "VHQ")


def without_rumble(sound: NDArray[np.float64], root: float, rate_hz: int) -> NDArray[np.float64]:
    """Without what lies an octave and more below the note: the room and the hands of whoever recorded it."""
    length = 2 * len(sound)
    frequency_hz = np.fft.rfftfreq(length, 1 / rate_hz)
    above = (frequency_hz / (0.4 * 440 * 2 ** ((root - 69) / 12))) ** 4
    spectrum = np.fft.rfft(sound, length, axis=0) * (above / (1 + above))[:, None]
    return np.fft.irfft(spectrum, length, axis=0)[: len(sound)]


def trimmed(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the silence before the attack, so that notes start when they should."""
    level = np.abs(sound).max(axis=1)
    return sound[max(0, int(np.argmax(level > 0.004 * level.max())) - 8) :]


def faded(sound: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """Faded out over its last fifth."""
    sound = sound.copy()
    fade = min(len(sound) // 5, round(0.3 * rate_hz))
    sound[-fade:] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / fade))[:, None]
    return sound


# ---- Loops -------------------------------------------------------------------------------------------------


def make_loop(found: Cut, rate_hz: int) -> None:
    """Give a recording that was cut short a loop over its second half.

    What decays there is levelled first, and the index says by how much: the player takes it away again, so
    that a piano string goes on falling at its own pace while its loop turns.
    """
    frames = len(found.sound)
    found.level_from = frames // 4
    found.level_db_s = max(0.0, -slope_db_s(found.sound[frames // 3 :], rate_hz))
    after_s = np.maximum(np.arange(frames) - found.level_from, 0) / rate_hz
    found.sound = found.sound * 10 ** (found.level_db_s * after_s / 20)[:, None]
    shortest, longest = frames // 5, round(frames * 0.6)
    width = round(0.06 * rate_hz)
    mono = found.sound.mean(axis=1)
    end = frames
    target = mono[end - width : end]
    candidates = mono[end - width - longest : end - shortest]
    products = np.correlate(candidates, target)
    energies = np.convolve(candidates**2, np.ones(width), "valid")
    best = int(np.argmax(products / np.sqrt(energies * (target**2).sum() + 1e-12)))
    found.loop = (end - width - longest + best + width, end)
    found.fade = min(found.loop[0], round(0.12 * rate_hz))


def slope_db_s(sound: NDArray[np.float64], rate_hz: int) -> float:
    """How fast the level changes, by the straight line through it, 30 ms at a time."""
    hop = round(0.03 * rate_hz)
    power = (sound[: len(sound) // hop * hop] ** 2).reshape(-1, hop, sound.shape[1]).mean(axis=(1, 2))
    level_db = 10 * np.log10(power + 1e-10)
    return float(np.polyfit(np.arange(len(level_db)) * hop / rate_hz, level_db, 1)[0])


def measured_pitch(found: Cut, rate_hz: int) -> float:
    """The pitch that is heard, as a MIDI number, within 60 cents of the one that the font states.

    The middle, weighted by power, of where the first ten partials lie against the stated ones; a partial lies
    at the centre of gravity of what is within 60 cents of it. Only sound after the attack is measured.
    """
    held = [found.sound[:, 0]]
    if found.loop:
        a, b = found.loop
        held += [found.sound[a:b, 0]] * -(-round(1.2 * rate_hz) // (b - a))
    mono = np.concatenate(held)[round(0.06 * rate_hz) : round(1.2 * rate_hz)]
    count = 1 << 19
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), count)) ** 2
    cents, weights = [], []
    for partial in range(1, 11):
        centre = partial * 440 * 2 ** ((found.root - 69) / 12) * count / rate_hz
        low, high = int(centre * 2 ** (-60 / 1200)), int(centre * 2 ** (60 / 1200)) + 2
        if high > count // 2:
            break
        around = power[low:high]
        gravity = float((around * np.arange(low, high)).sum() / max(around.sum(), 1e-20))
        cents.append(1200 * np.log2(gravity / centre))
        weights.append(float(around.sum()))
    order = np.argsort(cents)
    share = np.cumsum(np.array(weights)[order])
    return found.root + float(np.array(cents)[order][np.searchsorted(share, share[-1] / 2)]) / 100


# ---- The file ----------------------------------------------------------------------------------------------


def joined(cuts: Sequence[Cut], rate_hz: int) -> tuple[NDArray[np.float32], list[Entry]]:
    """All zones of a set in one row, each scaled to full scale; the gains make them equally loud again."""
    gap = round(GAP_S * rate_hz)
    pieces: list[NDArray[np.float64]] = []
    entries: list[Entry] = []
    start = gap
    for found in cuts:
        peak = float(np.abs(found.sound).max()) / 0.9
        heard = k_weighted(found.sound[: round(0.4 * rate_hz)].T / peak, rate_hz)
        loudness_db = 10 * np.log10(float(np.square(heard).sum(axis=0).mean()))
        entries.append(
            Entry(
                name=found.name,
                root=round(found.root, 3),
                start=start,
                frames=len(found.sound),
                loop=found.loop,
                fade=found.fade,
                level_from=found.level_from,
                level_db_s=round(found.level_db_s, 3),
                decay_db_s=round(found.decay_db_s, 3),
                sustain_db=found.sustain_db,
                gain_db=round(-20 - loudness_db, 2),
            )
        )
        pieces += [np.zeros((gap, found.sound.shape[1])), found.sound / peak]
        start += len(found.sound) + gap
    pieces.append(np.zeros((gap, cuts[0].sound.shape[1])))
    return np.concatenate(pieces).astype(np.float32), entries


def vorbis(sound: NDArray[np.float32], rate_hz: int, quality: float) -> bytes:
    """The sound as Ogg Vorbis, with the serial number that libsndfile draws by chance set to 1."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate_hz, format="OGG", subtype="VORBIS", compression_level=1 - quality)
    pages = bytearray(buffer.getvalue())
    at = 0
    while at < len(pages):  # RFC 3533, section 6: the page header
        segments = pages[at + 26]
        size = 27 + segments + sum(pages[at + 27 : at + 27 + segments])
        pages[at + 14 : at + 18] = (1).to_bytes(4, "little")
        pages[at + 22 : at + 26] = bytes(4)
        check = crc32.cksum(bytes(pages[at : at + size])) ^ 0xFFFFFFFF
        pages[at + 22 : at + 26] = check.to_bytes(4, "little")
        at += size
    return bytes(pages)


if __name__ == "__main__":
    main()

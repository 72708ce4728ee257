"""Proves that nothing outside the regions changed: from the files alone, by decoding and by hashing.

The engine is not asked, and neither is the code that wrote the output: both files are opened again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from punchin.receipt import CodedRecord, FileRecord, ProofRecord, Receipt, RunRecord
from punchin.region import Frames
from punchin.splice import as_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from punchin.songfile import Native, SongFile
    from punchin.splice import KeptBytes, Splice

Depth = Literal["sound", "coded"]

SOUND_UP_TO_S = 900.0
"""Songs up to this length are decoded whole for the proof in every edit; longer ones by `punchin verify`."""
NEAR_S = 5.0
"""How much sound on both sides of a region is decoded when the rest is proved by its coded bytes."""
SAME_CHANGE_S = 0.1
"""Changed frames that lie closer together than this belong to one change."""

_BLOCK_BYTES = 1 << 20


def nobody(fraction: float) -> None:
    """Report to nobody."""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(song: SongFile, name: str) -> FileRecord:
    """The record of one file, with the hash of its bytes."""
    return FileRecord(
        name=name,
        bytes=song.path.stat().st_size,
        sha256=file_sha256(song.path),
        container=str(song.container),
        codec=song.codec,
        sample_format=str(song.sample_format),
        rate_hz=song.rate_hz,
        channels=song.channels,
        frames=song.frames,
    )


def outside(regions: Sequence[Frames], total: int) -> list[Frames]:
    """The runs of a song of `total` frames that lie outside all regions; empty runs left out."""
    edges = [0, *(frame for region in sorted(regions) for frame in (region.start, region.end)), total]
    return [Frames(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def prove(
    source: SongFile,
    output: SongFile,
    regions: Sequence[Frames],
    splice: Splice,
    depth: Depth | None = None,
    report: Callable[[float], None] = nobody,
) -> ProofRecord:
    """Compare everything outside the regions in both files.

    Args:
        source: the song before.
        output: the song after.
        regions: where it may differ.
        splice: how the output was written; its kept bytes are compared where not everything is decoded.
        depth: "sound" decodes everything in both, "coded" compares kept bytes and decodes near the regions;
            None chooses by the length of the song.
        report: called with 0..1; may raise `Cancelled`.
    """
    if depth is None or not splice.kept:
        depth = "sound" if source.duration_s <= SOUND_UP_TO_S or not splice.kept else "coded"
    runs = outside(regions, source.frames)
    if depth == "coded":
        near = round(NEAR_S * source.rate_hz)
        runs = [part for run in runs for part in _ends(run, near, source.frames)]
    coded = [_coded_run(source.path, output.path, kept) for kept in splice.kept] if depth == "coded" else []
    records = _sound_runs(source, output, runs, report)
    same_length = source.frames == output.frames
    return ProofRecord(
        depth=depth,
        identical=same_length
        and all(run.source_sha256 == run.output_sha256 for run in records)
        and all(run.identical for run in coded),
        largest_difference=max((run.largest_difference for run in records), default=0.0),
        compared_as=_compared_as(source, output),
        runs=records,
        coded=coded,
    )


def _ends(run: Frames, near: int, total: int) -> Iterator[Frames]:
    """The parts of a run outside the regions that lie next to a region, at most `near` frames of each."""
    head = None if run.start == 0 else Frames(run.start, min(run.end, run.start + near))
    tail = None if run.end == total else Frames(max(run.start, run.end - near), run.end)
    if head and tail and head.end >= tail.start:
        yield run
        return
    yield from (part for part in (head, tail) if part)


def _compared_as(source: SongFile, output: SongFile) -> str:
    if source.sample_format == output.sample_format:
        return f"{source.sample_format} samples"
    return f"{source.sample_format} samples of the source brought to {output.sample_format}"


def _sound_runs(
    source: SongFile, output: SongFile, runs: Iterable[Frames], report: Callable[[float], None]
) -> list[RunRecord]:
    runs = list(runs)
    total = sum(len(run) for run in runs) or 1
    done = 0
    records: list[RunRecord] = []
    for run in runs:
        hashes, largest = (hashlib.sha256(), hashlib.sha256()), 0.0
        for block, before, after in _paired_blocks(source, output, run):
            hashes[0].update(_pcm_bytes(before))
            hashes[1].update(_pcm_bytes(after))
            largest = max(largest, _largest_difference(before, after, output.sample_format.full_scale))
            done += len(block)
            report(done / total)
        records.append(RunRecord(run.start, run.end, hashes[0].hexdigest(), hashes[1].hexdigest(), largest))
    return records


def _paired_blocks(
    source: SongFile, output: SongFile, run: Frames, block_frames: int = 1 << 17
) -> Iterator[tuple[Frames, Native, Native]]:
    """Both files block by block, the source's samples as the output stores them."""
    reachable = Frames(min(run.start, output.frames), min(run.end, output.frames))
    for start in range(reachable.start, reachable.end, block_frames):
        block = Frames(start, min(start + block_frames, reachable.end))
        before = as_stored(source.read_native(block), source.sample_format, output.sample_format)
        yield block, before, output.read_native(block)


def _pcm_bytes(native: Native) -> bytes:
    interleaved = np.ascontiguousarray(native.T)
    return interleaved.astype(interleaved.dtype.newbyteorder("<"), copy=False).tobytes()


def _largest_difference(before: Native, after: Native, full_scale: float) -> float:
    if before.tobytes() == after.tobytes():
        return 0.0
    wide = np.abs(before.astype(np.float64) - after.astype(np.float64)) / full_scale
    largest = float(np.nanmax(wide, initial=0.0))
    return largest if np.isfinite(largest) else float("1e308")


def _coded_run(source: Path, output: Path, kept: KeptBytes) -> CodedRecord:
    return CodedRecord(kept.source_offset, kept.output_offset, kept.length, _same_bytes(source, output, kept))


def _same_bytes(source: Path, output: Path, kept: KeptBytes) -> bool:
    left = kept.length
    with source.open("rb") as before, output.open("rb") as after:
        before.seek(kept.source_offset)
        after.seek(kept.output_offset)
        while left > 0:
            block = before.read(min(left, _BLOCK_BYTES))
            if not block or block != after.read(len(block)):
                return False
            left -= len(block)
    return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison of two files found.

    Attributes:
        holds: nothing changed outside the regions (of the receipt; without one: outside one or more changes
            that the comparison found by itself), and every hash of the receipt is right.
        changes: the runs of frames that differ, found by comparing.
        length_same: both songs have the same number of frames.
        problems: what is wrong, each a sentence; empty if it holds.
        unchanged_s, changed_s: how much of the song is the same, and how much is not.
        compared_as: the samples that were compared; says so where the output cannot hold the source's.
    """

    holds: bool
    changes: tuple[Frames, ...]
    length_same: bool
    problems: tuple[str, ...]
    unchanged_s: float
    changed_s: float
    compared_as: str


def find_changes(
    source: SongFile, output: SongFile, report: Callable[[float], None] = nobody
) -> list[Frames]:
    """The runs of frames in which two songs differ, found by decoding both; near ones are one."""
    gap = round(SAME_CHANGE_S * source.rate_hz)
    changes: list[Frames] = []
    whole = Frames(0, min(source.frames, output.frames))
    for block, before, after in _paired_blocks(source, output, whole):
        for change in _differing(before, after, block.start, gap):
            if changes and change.start - changes[-1].end < gap:
                changes[-1] = Frames(changes[-1].start, change.end)
            else:
                changes.append(change)
        report(block.end / max(1, len(whole)))
    return changes


def _differing(before: Native, after: Native, offset: int, gap: int) -> Iterator[Frames]:
    if before.tobytes() == after.tobytes():
        return
    bits = np.dtype(f"u{before.dtype.itemsize}")
    where = np.flatnonzero(
        (np.ascontiguousarray(before).view(bits) != np.ascontiguousarray(after).view(bits)).any(0)
    )
    for group in np.split(where, np.flatnonzero(np.diff(where) >= gap) + 1):
        if group.size:
            yield Frames(offset + int(group[0]), offset + int(group[-1]) + 1)


def verify(
    source: SongFile,
    output: SongFile,
    receipt: Receipt | None = None,
    report: Callable[[float], None] = nobody,
) -> Verdict:
    """Check the promise from the files alone; with a receipt also that the receipt tells the truth.

    Everything is decoded, whatever the length. Without a receipt the changed regions are found and named, and
    the promise holds if there is sound that is the same and both songs are equally long and alike in form.
    """
    problems = _form_problems(source, output)
    if problems:
        return Verdict(
            False, (), source.frames == output.frames, tuple(problems), 0.0, source.duration_s, "nothing"
        )
    changes = find_changes(source, output, report)
    changed_s = sum(len(change) for change in changes) / source.rate_hz
    if receipt is not None:
        problems += _receipt_problems(source, output, receipt)
    elif changes == [Frames(0, source.frames)]:
        problems.append("the two songs differ from beginning to end")
    return Verdict(
        holds=not problems,
        changes=tuple(changes),
        length_same=True,
        problems=tuple(problems),
        unchanged_s=source.duration_s - changed_s,
        changed_s=changed_s,
        compared_as=_compared_as(source, output),
    )


def _form_problems(source: SongFile, output: SongFile) -> list[str]:
    pairs = (
        ("Hz", source.rate_hz, output.rate_hz),
        ("channels", source.channels, output.channels),
        ("frames", source.frames, output.frames),
    )
    return [f"the source has {a} {unit}, the output {b}" for unit, a, b in pairs if a != b]


def _receipt_problems(source: SongFile, output: SongFile, receipt: Receipt) -> list[str]:
    problems: list[str] = []
    for word, song, record in (("source", source, receipt.source), ("output", output, receipt.output)):
        if file_sha256(song.path) != record.sha256:
            problems.append(f"the {word} is not the file of the receipt: its SHA-256 differs")
    regions = [Frames(punch.start_frame, punch.end_frame) for punch in receipt.punches]
    for run in _sound_runs(source, output, outside(regions, source.frames), nobody):
        if run.source_sha256 != run.output_sha256:
            problems.append(
                f"frames {run.start_frame} to {run.end_frame} differ, outside every region of the receipt"
            )
        if receipt.proof.depth == "sound" and run not in receipt.proof.runs:
            problems.append(f"the receipt has other hashes for frames {run.start_frame} to {run.end_frame}")
    return problems

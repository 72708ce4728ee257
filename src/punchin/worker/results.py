"""What a job gave: its takes as files in the file store, and the report that comes with the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from punchin.job import JobResult, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.filestore import FileStore
    from punchin.receipt import PunchRecord, Receipt
    from punchin.take import Take

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg"}


def output_key(job_id: str, attempt: str, name: str) -> str:
    """Where an output lies: under its attempt, so that an attempt that was overtaken overwrites nothing."""
    return f"out/{job_id}/{attempt}/{name}"


def stored(files: FileStore, takes: Sequence[Take], job_id: str, attempt: str) -> tuple[Output, ...]:
    """Put the takes' files into the file store.

    Raises:
        StoreError: it is full or cannot be reached.
    """
    outputs: list[Output] = []
    for take in takes:
        key = output_key(job_id, attempt, take.path.name)
        size = files.put_file(key, take.path, move=True)
        kind = MEDIA_TYPES.get(take.receipt.output.container, "application/octet-stream")
        outputs.append(Output(key, take.path.name, size, kind))
    return tuple(outputs)


def generated_s(takes: Sequence[Take]) -> float:
    """Seconds of new sound in all takes: what is metered."""
    return sum(
        (punch.end_frame - punch.start_frame) / take.receipt.source.rate_hz
        for take in takes
        for punch in take.receipt.punches
    )


def result_of(
    takes: Sequence[Take],
    outputs: tuple[Output, ...],
    *,
    unsafe: Sequence[str],
    warnings: Sequence[str],
    timings_ms: dict[str, float],
    total_ms: int,
) -> JobResult:
    """Everything about a finished job.

    Args:
        takes: as written, the best first.
        outputs: their files.
        unsafe: words of tags and lyrics that were flagged.
        warnings: of how the request was read.
        timings_ms: of what happened around the takes.
        total_ms: from beginning to end.
    """
    receipt = takes[0].receipt
    spent_ms = timings_ms | takes[-1].receipt.timings_ms
    heard = [*warnings, *(warning for take in takes for warning in take.receipt.warnings)]
    report: dict[str, Any] = {
        "engine": receipt.engine.name,
        "engine_version": receipt.engine.version,
        "version": receipt.punchin,
        "takes": [_take(take.receipt) for take in takes],
        "unsafe_words": list(unsafe),
        "warnings": list(dict.fromkeys(heard)),
        "timings_ms": {name: round(ms, 1) for name, ms in spent_ms.items()},
    }
    return JobResult(
        outputs=outputs,
        flagged=(bool(unsafe),) * len(outputs),
        generated_s=generated_s(takes),
        inference_ms=total_ms,
        report=msgspec.to_builtins(report),
    )


def _take(receipt: Receipt) -> dict[str, Any]:
    """One output: what was made in each region, the proof, and the whole receipt, of which this is a part."""
    return {
        "regions": [_region(punch, receipt.source.rate_hz) for punch in receipt.punches],
        "method": receipt.splice.method,
        "proof": {
            "identical": receipt.proof.identical,
            "depth": receipt.proof.depth,
            "largest_difference": receipt.proof.largest_difference,
        },
        "receipt": msgspec.to_builtins(receipt),
    }


def _region(punch: PunchRecord, rate_hz: int) -> dict[str, Any]:
    return {
        "start_s": round(punch.start_frame / rate_hz, 6),
        "end_s": round(punch.end_frame / rate_hz, 6),
        "start_frame": punch.start_frame,
        "end_frame": punch.end_frame,
        "rate_hz": rate_hz,
        "seed": punch.seed,
        "tags_used": punch.tags_used,
        "lyrics_used": punch.lyrics_used,
        "not_used": [{"what": unused.what, "why": unused.why} for unused in punch.unused],
        "seams": punch.seams,
    }

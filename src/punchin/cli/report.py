"""A finished take in words: where it is, what was done, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from punchin.region import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from punchin.receipt import ProofRecord, PunchRecord, Receipt
    from punchin.take import Take

_HOW = {
    "bytes": "the file was copied, only the bytes of the region are new",
    "frames": "coded frames outside the region were kept byte for byte",
    "lossless": "coded anew without loss",
    "lossy": "the whole song was coded anew, with loss, because that format was asked for",
}


def take_as_json(take: Take) -> str:
    """The receipt, on one line for each take, with the paths of this machine added."""
    import msgspec

    built = msgspec.to_builtins(take.receipt)
    built["output_path"] = str(take.path)
    built["receipt_path"] = str(take.receipt_path) if take.receipt_path else None
    return msgspec.json.encode(built).decode()


def take_as_text(take: Take, plot: Path | None = None) -> str:
    """A few lines for a person."""
    lines = [f"wrote    {take.path}", *_receipt_lines(take.receipt)]
    if take.receipt_path:
        lines.append(f"receipt  {take.receipt_path}")
    if plot:
        lines.append(f"picture  {plot}")
    return "\n".join(lines)


def _receipt_lines(receipt: Receipt) -> Iterator[str]:
    for punch in receipt.punches:
        yield from _punch_lines(punch, receipt)
    yield f"file     {receipt.output.codec}; {_HOW[receipt.splice.method]}"
    if receipt.splice.why:
        yield f"         {receipt.splice.why}"
    yield from _proof_lines(receipt.proof, receipt)
    for warning in receipt.warnings:
        yield f"note     {warning}"
    spent = ", ".join(f"{stage} {ms / 1000:.2f} s" for stage, ms in receipt.timings_ms.items())
    yield f"time     {spent}"


def _punch_lines(punch: PunchRecord, receipt: Receipt) -> Iterator[str]:
    rate_hz = receipt.source.rate_hz
    place = f"{clock(punch.start_frame / rate_hz)} to {clock(punch.end_frame / rate_hz)}"
    yield f"region   {place}, frames {punch.start_frame} to {punch.end_frame}"
    yield f"made by  {receipt.engine.name} {receipt.engine.version}, seed {punch.seed}" + (
        f", best of {len(punch.takes)} takes" if len(punch.takes) > 1 else ""
    )
    if punch.tags_used:
        yield f"tags     {', '.join(punch.tags_used)}"
    for line in punch.lyrics_used:
        yield f"sung     {line}"
    for unused in punch.unused:
        yield f"not used {unused.what}: {unused.why}"
    seams = punch.seams
    edges = [
        f"{name.replace('_', '-')} {edge['word']}{_because(edge)}"
        for name in ("punch_in", "punch_out")
        if (edge := seams.get(name))
    ]
    yield f"seams    {seams['word']} ({', '.join(edges)})" if edges else f"seams    {seams['word']}"


def _brought(proof: ProofRecord) -> str:
    """Where the output cannot hold the source's very samples, what they were compared as."""
    _, _, stored = proof.compared_as.partition(" brought to ")
    return f" as {stored} samples" if stored else ""


def _because(edge: dict[str, Any]) -> str:
    return f": {edge['because']}" if edge["word"] not in ("seamless", "smooth") else ""


def _proof_lines(proof: ProofRecord, receipt: Receipt) -> Iterator[str]:
    if receipt.splice.method == "lossy":
        yield (
            "proof    none: the new format is lossy, so the sound outside changed too "
            f"(by up to {proof.largest_difference:.2g} of full scale)"
        )
        return
    if proof.depth == "coded":
        kept = sum(run.bytes for run in proof.coded)
        yield (
            f"proof    outside: identical; {kept} coded bytes kept, sound near the region compared "
            "(`punchin verify` decodes all of it)"
        )
        return
    outside = sum(run.end_frame - run.start_frame for run in proof.runs) / receipt.source.rate_hz
    first = proof.runs[0].output_sha256[:16] if proof.runs else "nothing outside"
    same = f"outside: identical{_brought(proof)}, largest difference 0"
    yield f"proof    {same} in {outside:.3f} s decoded, SHA-256 {first}…"

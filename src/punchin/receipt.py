"""The record that proves and rebuilds a take, as one JSON file beside the output.

Frames in a receipt are frames of the song, half-open. Hashes are SHA-256 in hex. Hashes of sound are over
decoded samples in the output's sample format: interleaved, little-endian, int16 up to 16 bits, int32 above,
float32 or float64 (see `SampleFormat.dtype`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from punchin.errors import ReceiptError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
"""Version of the receipt's form; a reader refuses what it does not know."""
MOST_BYTES = 64 << 20
"""A file larger than this is no receipt: 32 regions with 8 takes each make half a megabyte."""


class FileRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file as it was: where it lay beside the receipt, and what it held."""

    name: str
    bytes: int
    sha256: str
    container: str
    codec: str
    sample_format: str
    rate_hz: int
    channels: int
    frames: int


class EngineRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who made it, and everything its bits depend on."""

    name: str
    version: str
    packages: dict[str, str]
    machine: str


class UnusedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something asked for that had no effect, and why."""

    what: str
    why: str


class TakeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One candidate: its seed and how its seams measure."""

    seed: int
    seams: dict[str, Any]


class JoinedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the new sound was brought to the song.

    Attributes:
        punch_in_gain_db, punch_out_gain_db: gain at the edges; between them it moves in a straight line.
        tone_db: largest gain of the equaliser that matched the tone.
        limited_db: deepest gain of the limiter, 0 where it had nothing to do.
        shift_frames: how far the new sound was moved for its phase.
    """

    punch_in_gain_db: float
    punch_out_gain_db: float
    tone_db: float
    limited_db: float
    shift_frames: int


class PunchRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One region of the song, what was asked there and what was done.

    Attributes:
        asked_start, asked_end: the positions as they were written.
        start_frame, end_frame: the region.
        changed_start_frame, changed_end_frame: where decoded samples may differ; inside the region.
        seed: the one that made what is in the file.
        takes: every candidate that was made, in order of its seed.
        shared: start and end frames of all regions that were filled in the same pass, this one among them;
            empty if it was alone.
    """

    asked_start: str
    asked_end: str
    start_frame: int
    end_frame: int
    changed_start_frame: int
    changed_end_frame: int
    tags: list[str]
    lyrics: str
    seed: int
    variance: float | None
    parameters: dict[str, str | int | float | bool]
    tags_used: list[str]
    lyrics_used: list[str]
    unused: list[UnusedRecord]
    joined: JoinedRecord
    seams: dict[str, Any]
    takes: list[TakeRecord]
    details: dict[str, Any]
    shared: list[tuple[int, int]] = []


class RunRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sound of one run of frames outside every region, in source and output."""

    start_frame: int
    end_frame: int
    source_sha256: str
    output_sha256: str
    largest_difference: float


class CodedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of coded bytes that was kept, and whether it is the same in both files."""

    source_offset: int
    output_offset: int
    bytes: int
    identical: bool


class ProofRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was compared, and what came out.

    Attributes:
        depth: "sound": everything outside was decoded in both files and compared; "coded": the coded bytes
            that were kept were compared, and decoded sound near each region (long songs; `punchin verify`
            decodes everything).
        identical: whether everything compared outside the regions is the same.
        largest_difference: the largest difference of two decoded samples outside, full scale 1.0.
        compared_as: how a sample of the source was brought into the output's format before comparing.
        runs: the sound outside, run by run.
        coded: the bytes kept, run by run (only for depth "coded").
    """

    depth: Literal["sound", "coded"]
    identical: bool
    largest_difference: float
    compared_as: str
    runs: list[RunRecord]
    coded: list[CodedRecord]


class SpliceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the output was written; `why` says why not by the strongest method."""

    method: str
    why: str


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about one take."""

    receipt: int
    punchin: str
    source: FileRecord
    output: FileRecord
    engine: EngineRecord
    joins: dict[str, Any]
    punches: list[PunchRecord]
    splice: SpliceRecord
    proof: ProofRecord
    warnings: list[str]
    timings_ms: dict[str, float]

    def to_json(self) -> bytes:
        """The receipt as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Receipt:
        """Read a receipt.

        Raises:
            ReceiptError: if it is not a receipt, or of a form that this version does not know.
        """
        try:
            form = msgspec.json.decode(text, type=_Form)
            if form.receipt != FORMAT:
                raise ReceiptError(
                    f"receipt has form {form.receipt}; this version of punchin reads form {FORMAT}"
                )
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReceiptError(f"not a receipt of punchin: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Receipt:
        """Read a receipt file.

        Raises:
            ReceiptError: if there is none, or it cannot be read as one.
        """
        try:
            if not path.is_file():  # reading a pipe or a device need never end
                path.stat()
                raise ReceiptError("it is no plain file")
            if path.stat().st_size > MOST_BYTES:
                raise ReceiptError(f"it is larger than {MOST_BYTES >> 20} MB, and no receipt is")
            return cls.from_json(path.read_bytes())
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise ReceiptError(f"cannot read receipt {path}: {why}") from error
        except ReceiptError as error:
            raise ReceiptError(f"{path}: {error}") from error


class _Form(msgspec.Struct):
    receipt: int

"""WAV into WAV: the file is copied, and only the bytes of the new samples are overwritten.

All other chunks (broadcast extension, cue points, markers, tags) stay byte for byte, wherever they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from punchin.songfile import Container
from punchin.songfile.wav import WavFile, pack
from punchin.splice.copying import copy_bytes
from punchin.splice.model import KeptBytes, Method, Splice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from punchin.region import Frames
    from punchin.splice.model import Patch

_STALE = {
    b"PEAK": "the PEAK chunk still tells the peak of the original; players do not use it for sound",
    b"MD5 ": "the MD5 chunk still holds the checksum of the original",
}


class WavSplicer:
    """Writes a patched copy of a plain WAV file."""

    container = Container.WAV
    method = Method.BYTES

    def __init__(self, source: WavFile) -> None:
        self._source = source

    def writable(self, region: Frames) -> Frames:
        """All of the region: PCM samples do not depend on each other."""
        return region

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """See `Splicer.write`."""
        layout = self._source.layout
        with self._source.path.open("rb") as source:
            size = source.seek(0, 2)
            copy_bytes(source, output, 0, size, lambda done: progress(0.95 * done / size))
        kept: list[KeptBytes] = []
        at = layout.data_offset
        for patch in patches:
            start = layout.data_offset + patch.frames.start * layout.block_bytes
            kept.append(KeptBytes(at, at, start - at))
            output.seek(start)
            output.write(pack(patch.samples, layout))
            at = output.tell()
        kept.append(KeptBytes(at, at, layout.data_offset + layout.data_bytes - at))
        progress(1.0)
        return Splice(
            method=self.method,
            container=self.container,
            changed=tuple(patch.frames for patch in patches),
            kept=tuple(run for run in kept if run.length > 0),
            warnings=tuple(_STALE[name] for name in layout.chunks if name in _STALE),
        )

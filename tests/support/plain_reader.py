"""The reader of songs on a system without barriers: `python -m support.plain_reader FD`."""

from __future__ import annotations

from punchin.confinement import confining
from punchin.worker import inside

if __name__ == "__main__":
    confining.keep_to = lambda *_, **__: 0
    confining.refuse = lambda **_: False
    inside.main()

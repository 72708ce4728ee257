"""The program between `start` and what it starts: confines itself, then becomes that program.

Runs without site-packages, so that it costs little: it may import nothing but Python's own modules.
"""

from __future__ import annotations

import os
import sys

from punchin.confinement.confining import confine
from punchin.confinement.model import Confinement


def launch() -> None:
    """`launch SOURCE CONFINEMENT PROGRAM [ARGUMENT ...]` as `sys.argv`."""
    confinement, program = Confinement.from_json(sys.argv[2]), sys.argv[3:]
    try:
        confine(confinement, exec_first=True)
        os.execv(program[0], program)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be started confined: {error}\n")
        sys.exit(127)

"""A reader of songs that comes up when a file is there, and then does nothing.

`python -m support.late_reader FD` stands in for `punchin.worker.inside`; PUNCHIN_TEST_GO names the file.
"""

import os
import socket
import sys
import time
from pathlib import Path

from punchin.confinement import serve

if __name__ == "__main__":
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    parent = os.getppid()
    while not Path(os.environ["PUNCHIN_TEST_GO"]).exists() and os.getppid() == parent:
        time.sleep(0.05)
    serve(control, lambda line: None)

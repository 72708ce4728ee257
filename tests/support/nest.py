"""A zygote for tests: `python -m support.nest FD`. Its children do what they are told, a word a line."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time

from punchin.confinement import serve


def work(line: socket.socket) -> None:
    with line.makefile("rwb", buffering=0) as told:
        for word in told:
            match word.strip():
                case b"pid":
                    told.write(f"{os.getpid()} {os.getppid()} {threading.active_count()}\n".encode())
                case b"crash":
                    ctypes.string_at(0)
                case b"abort":
                    os.abort()
                case b"raise":
                    raise ZeroDivisionError
                case b"exit":
                    sys.exit(7)
                case b"print":
                    os.write(1, b"noise")
                    os.write(2, b"noise")
                    told.write(b"printed\n")
                case b"sleep":
                    time.sleep(600)
                case b"end":
                    return
                case other:
                    raise AssertionError(other)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), work)

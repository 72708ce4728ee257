"""A supervisor as a program: its workers, and with the word `api` its API, are what these tests kill."""

from __future__ import annotations

import os
import sys

from punchin.cli.serve import told_to_stop
from punchin.settings import settings_from
from punchin.supervisor import supervisor_of

if __name__ == "__main__":
    stop = told_to_stop()
    supervisor_of(settings_from(os.environ), api="api" in sys.argv).supervise(stop)

"""A supervisor as a program; logs to standard error, since its output is a pipe that nobody empties."""

from __future__ import annotations

import os
import sys

import structlog

from punchin.cli.serve import told_to_stop
from punchin.settings import settings_from
from punchin.supervisor import supervisor_of

if __name__ == "__main__":
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    stop = told_to_stop()
    supervisor_of(settings_from(os.environ)).supervise(stop)

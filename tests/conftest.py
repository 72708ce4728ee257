"""Which tests `make check` leaves to `make test`, beside those that are marked slow one by one."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent

LEFT_TO_MAKE_TEST = (
    "api",
    "chaos",
    "clients",
    "deploy",
    "engines",
    "faults",
    "hostile",
    "hostile_requests",
    "playground",
    "promise",
    "real",
    "scale",
    "stores",
    "unit/confinement",
    "unit/desk",
    "unit/dispatch",
    "unit/engines/embedded",
    "unit/fetching",
    "unit/filestore",
    "unit/inpaint/test_sharing.py",
    "unit/join",
    "unit/moderation",
    "unit/scripts",
    "unit/seam",
    "unit/supervisor",
    "unit/web/test_desks.py",
    "unit/worker",
    "unit/test_loudness.py",
    "unit/test_resample.py",
)
"""What together takes longer than a quick check may; run it alone while you work on it."""


def pytest_ignore_collect(collection_path, config):
    """What the quick check leaves out it need not even read: that is a third of its time."""
    return True if config.option.markexpr == "not slow" and _left(collection_path) else None


def pytest_collection_modifyitems(items):
    for item in items:
        if _left(item.path):
            item.add_marker(pytest.mark.slow)


def _left(path):
    return any(path.is_relative_to(HERE / name) for name in LEFT_TO_MAKE_TEST)

"""Which tests `make check` leaves to `make test`, beside those that are marked slow one by one."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent

LEFT_TO_MAKE_TEST = (
    "api",
    "chaos",
    "clients",
    "engines",
    "playground",
    "promise",
    "real",
    "stores",
    "unit/dispatch",
    "unit/engines/embedded",
    "unit/fetching",
    "unit/filestore",
    "unit/join",
    "unit/moderation",
    "unit/scripts",
    "unit/seam",
    "unit/supervisor",
    "unit/worker",
    "unit/test_loudness.py",
    "unit/test_resample.py",
)
"""What together takes longer than a quick check may; run it alone while you work on it."""


def pytest_collection_modifyitems(items):
    folders = tuple(HERE / name for name in LEFT_TO_MAKE_TEST)
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.slow)

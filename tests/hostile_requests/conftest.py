"""Servers in this process, and one with its processes."""

import pytest

from support.running import running
from support.web import ledger, quiet, serve, served

__all__ = ["ledger", "quiet", "serve", "served", "service"]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The API and a worker as processes."""
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found

"""One player for all tests of the synthesis: it keeps the recordings that it has decoded."""

import pytest

from punchin.engines.embedded.synthesis.player import Player


@pytest.fixture(scope="session")
def player():
    return Player()

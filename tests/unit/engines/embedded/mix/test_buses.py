import numpy as np
import pytest

from punchin.engines.embedded.effects import EFFECTS
from punchin.engines.embedded.mix.buses import FOR_MUSIC, Buses, split_effects


def ones(frames=8):
    return np.ones((2, frames), np.float32)


@pytest.mark.parametrize(
    ("role", "bus"), [("drums", "drums"), ("bass", "bass"), ("lead", "parts"), ("pad", "parts")]
)
def test_a_role_goes_to_its_bus_and_to_no_other(role, bus):
    buses = Buses.of(ones())
    buses.add(role, 3 * ones())
    for name in ("parts", "bass", "drums"):
        assert getattr(buses, name).any() == (name == bus)
    np.testing.assert_array_equal(buses.sum(), 4 * ones())


def test_several_stems_add_up():
    buses = Buses.of(0 * ones(), drums=ones())
    buses.add("drums", ones())
    np.testing.assert_array_equal(buses.drums, 2 * ones())


def test_a_shorter_stem_ends_with_the_bus():
    buses = Buses.of(0 * ones(8))
    buses.add("lead", ones(3))
    np.testing.assert_array_equal(buses.parts[0], [0, 0, 0, 0, 0, 1, 1, 1])


def test_an_effect_for_the_music_leaves_drums_and_bass():
    buses = Buses.of(ones(), drums=ones())
    buses.add("bass", ones())
    buses.add("lead", ones())
    buses.change(lambda x: 5 * x)
    assert buses.drums.max() == buses.bass.max() == 1
    assert buses.bed.max() == buses.parts.max() == 5


def test_effects_keep_their_order_on_each_side():
    names = ["tape", "delay", "crush", "chorus", "glue"]
    assert split_effects(names) == (["delay", "chorus"], ["tape", "crush", "glue"])
    assert set(EFFECTS) >= FOR_MUSIC

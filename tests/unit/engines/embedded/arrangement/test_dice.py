import numpy as np

from punchin.engines.embedded.arrangement.dice import Dice

READINGS = ("usual", "other", "third")


def test_without_freedom_the_usual_reading_is_chosen():
    for seed in range(20):
        dice = Dice(seed, 0.0)
        assert dice.choose(READINGS, dice.of("player")) == "usual"


def test_with_all_freedom_every_reading_is_as_likely():
    chosen = [Dice(seed, 1.0).choose(READINGS, Dice(seed, 1.0).of("player")) for seed in range(300)]
    assert all(70 < chosen.count(reading) < 130 for reading in READINGS)


def test_every_player_has_dice_of_its_own():
    dice = Dice(7, 0.5)
    assert dice.of("bass").random() == dice.of("bass").random()
    assert dice.of("bass").random() != dice.of("lead").random()
    assert dice.of("bass").random() != Dice(8, 0.5).of("bass").random()


def test_without_freedom_only_hands_follow_the_seed():
    one, two = Dice(1, 0.0), Dice(2, 0.0)
    assert one.of("bass").random() == two.of("bass").random()
    assert one.hands("bass").random() != two.hands("bass").random()
    assert np.isfinite(one.hands("bass").normal())

"""Parameters: read, refused, ignored out loud; schedule and guidance follow from them."""

from fractions import Fraction

import pytest

from punchin.edits import Edit
from punchin.engines.ace_step.catalogue import BASE, TURBO
from punchin.engines.ace_step.recipe import GUIDED, Guidance, honours, read_recipe
from punchin.engines.ace_step.schedule import schedule
from punchin.errors import EditError
from punchin.region import Region


def edit(**parameters):
    variance = parameters.pop("variance", None)
    return Edit(region=Region.parse(1, 2), seed=1, variance=variance, parameters=parameters)


def test_turbo_runs_its_8_steps_without_guidance():
    recipe = read_recipe(edit(), TURBO)
    assert (recipe.steps, recipe.shift, recipe.solver) == (8, 3.0, "euler")
    assert set(recipe.guidance.scales(8)) == {1.0}
    assert recipe.warnings == ()


def test_turbo_says_that_it_ignores_guidance_and_does_not_claim_to_honour_it():
    recipe = read_recipe(edit(guidance_scale=15, scheduler="heun"), TURBO)
    assert "guidance_scale, scheduler: not used" in recipe.warnings[0]
    assert recipe.solver == "euler"
    assert not GUIDED & honours(TURBO)
    assert honours(BASE) >= GUIDED


def test_turbo_says_when_it_takes_fewer_steps_than_asked():
    recipe = read_recipe(edit(number_of_steps=27), TURBO)
    assert recipe.steps == 20
    assert "27" in recipe.warnings[0]


def test_base_reads_fals_names():
    recipe = read_recipe(
        edit(number_of_steps=27, scheduler="heun", guidance_type="cfg", guidance_scale=15,
             minimum_guidance_scale=3, guidance_interval=0.5, guidance_interval_decay=1.0), BASE
    )  # fmt: skip
    assert (recipe.steps, recipe.solver, recipe.guidance.kind) == (27, "heun", "cfg")
    scales = recipe.guidance.scales(27)
    assert scales[0] == scales[-1] == 1.0
    guided = [scale for scale in scales if scale != 1.0]
    assert guided[0] == 15
    assert guided[-1] == pytest.approx(3)
    assert guided == sorted(guided, reverse=True)


def test_all_steps_are_guided_by_default():
    assert Guidance(scale=7.0).scales(50) == (7.0,) * 50


@pytest.mark.parametrize(
    "bad",
    [
        {"number_of_steps": 0}, {"number_of_steps": "many"}, {"shift": -1}, {"quality": "best"},
        {"language": "klingon"}, {"bpm": 999}, {"context_s": 1}, {"context_s": float("nan")},
        {"timbre": "mine"},
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_name(bad):
    with pytest.raises(EditError, match=next(iter(bad))):
        read_recipe(edit(**bad), TURBO)


def test_quality_and_context_set_the_window():
    assert read_recipe(edit(), TURBO).rule.context_s == 15
    assert read_recipe(edit(quality="high"), TURBO).rule.context_s == 30
    assert read_recipe(edit(quality="high", context_s=20.5), TURBO).rule.context_s == Fraction(41, 2)


def test_the_schedule_is_the_shipped_table():
    """Shift 3, 8 steps: the values that ACE-Step 1.5 turbo has as a table (SHIFT_TIMESTEPS[3.0])."""
    table = [1.0, 0.9545454545, 0.9, 0.8333333333, 0.75, 0.6428571429, 0.5, 0.3]
    assert schedule(8, 3.0, None).sigmas == pytest.approx(table, abs=1e-9)


@pytest.mark.parametrize(
    ("variance", "steps"),
    [(None, 8), (1.0, 8), (0.94, 8), (0.5, 4), (0.3, 2), (0.0625, 1), (0.01, 1), (0, 0)],
)
def test_a_smaller_variance_starts_later_on_the_same_table(variance, steps):
    full, part = schedule(8, 3.0, None), schedule(8, 3.0, variance)
    assert part.sigmas == full.sigmas[8 - steps :]
    assert part.whole == 8


def test_every_step_leads_to_the_next_and_the_last_to_zero():
    steps = schedule(5, 1.0, None).steps
    assert [end for _, end in steps] == [*(start for start, _ in steps[1:]), 0.0]

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.edits import MAX_SEED, Edit, edits_from_json, split_tags
from punchin.errors import EditError, RegionError
from punchin.region import Region

REGION = Region.parse(1, 2)


def test_tags_are_split_as_people_type_them():
    assert split_tags(" lofi,  chill   piano;\nno drums,, ") == ("lofi", "chill piano", "no drums")
    assert split_tags("") == ()


@given(st.lists(st.text(st.characters(whitelist_categories=["L"]), min_size=1), max_size=6))
def test_no_tag_is_lost(tags):
    assert split_tags(", ".join(tags)) == tuple(tags)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_seeds_outside_the_range_are_refused_with_their_number(seed):
    with pytest.raises(EditError, match=str(seed)):
        Edit(region=REGION, seed=seed)


@pytest.mark.parametrize("variance", [-0.1, 1.1])
def test_variance_outside_0_to_1_is_refused(variance):
    with pytest.raises(EditError, match="variance"):
        Edit(region=REGION, variance=variance)


def test_instrumental_is_understood():
    assert Edit(region=REGION, lyrics=" [Inst] ").wants_instrumental
    assert Edit(region=REGION, lyrics="[instrumental]").wants_instrumental
    assert not Edit(region=REGION, lyrics="[verse] la").wants_instrumental


def test_an_edit_list_gives_each_region_its_own_wishes():
    text = json.dumps(
        [
            {"start": "0:12", "end": 15, "tags": "lofi, chill", "seed": 7},
            {"start": "end-4", "end": "end", "tags": ["jazz"], "lyrics": "hello", "variance": 0.5},
        ]
    )
    first, second = edits_from_json(text)
    assert first == Edit(region=Region.parse("12", "15"), tags=("lofi", "chill"), seed=7, parameters={})
    assert (second.tags, second.lyrics, second.variance) == (("jazz",), "hello", 0.5)
    assert second.region == Region.parse("end-4", "end")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("{}", EditError, "array"),
        ("[]", EditError, "empty"),
        ("not json", EditError, "malformed"),
        (b'[{"start": "\xff"}]', EditError, "cannot be read"),
        ('[{"start": 1}]', EditError, "end"),
        ('[{"start": 1, "end": 2, "tgas": "x"}]', EditError, "tgas"),
        ('[{"start": 1, "end": 2}, {"start": "x", "end": 2}]', RegionError, "edit 2 of the list"),
        ('[{"start": 1, "end": 2, "seed": -4}]', EditError, "seed is -4"),
    ],
)
def test_a_wrong_edit_list_says_where(text, error, says):
    with pytest.raises(error, match=says):
        edits_from_json(text)

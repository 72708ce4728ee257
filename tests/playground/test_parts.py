"""Several parts in one edit: each with its own place, words and seed; proved, heard and found again."""

import pytest

from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow


def test_two_parts_with_the_mouse(someone, check, served):
    person = someone()
    page = person.page
    person.opens()
    person.takes_demo()
    person.sets_part("0:05", "0:06.5")
    person.asks("rock", takes=2)
    page.get_by_role("button", name="Add a part").click()
    assert person.value("#start") == "0:07.500"
    assert person.text("#tags") == "rock ×"
    _drags_into_the_other(person)
    person.sets_part("0:09", "0:10")
    page.fill("#tag", "calm,")
    check(person)
    page.locator(".other-name", has_text="1").click()
    assert person.value("#start") == "0:05.000"
    assert person.text("#tags") == "rock ×"
    page.click("[data-part='1']")
    assert person.text("#tags") == "rock × calm ×"
    page.fill("#seed", "7")
    page.press("#seed", "Enter")
    person.records()
    person.has_takes(2)
    person.plays()
    person.sees("#outside", "outside: identical · SHA-256")
    asked = _last_request(served)
    assert [(edit["start_time"], edit["end_time"], edit["tags"]) for edit in asked["edits"]] == [
        (5, 6.5, "rock"),
        (9, 10, "rock, calm"),
    ]
    assert asked["edits"][1]["seed"] == 7
    assert person.text("#seams").count("The way in") == 2
    page.locator("#seams button", has_text="Part 1").click()
    person.until(AT, [2.9, 8.6], what="the loop around part 1")
    check(person)
    _finds_both_again(person)
    person.is_content()


AT = """([from, to]) => {
  const [minutes, seconds] = document.querySelector("#position").textContent.split(":").map(Number)
  return minutes * 60 + seconds > from && minutes * 60 + seconds < to
}"""


def _drags_into_the_other(person):
    """Parts that overlap are not sent, and the page says which."""
    person.sets_part("0:06", "0:08")
    person.sees("#error-parts", "Parts 1 and 2 overlap")
    person.records()
    assert not person.page.is_visible("#job")
    person.sets_part("0:07", "0:08")
    assert person.page.locator("#error-parts").count() == 0


def _last_request(served):
    with served.api() as api:
        return api.get("/v1/jobs", params={"page_size": 1}).json()["items"][0]["request"]


def _finds_both_again(person):
    page = person.page
    page.click("#part-remove")
    assert not page.is_visible("#parts")
    person.sets_part("0:01", "0:02")
    page.click("#history-open")
    person.sees("#history-list", "and 1 more")
    page.locator(".past", has_text="and 1 more").first.click()
    person.finds("#start", "0:05.000")
    page.click("[data-part='1']")
    person.finds("#end", "0:10.000")
    assert person.value("#seed") == "7"
    assert person.text("#tags") == "rock × calm ×"


def test_two_parts_with_keys_alone(someone):
    person = someone()
    page, press = person.page, person.page.keyboard.press
    person.opens()
    person.takes_demo()
    page.locator("#main").focus()
    press("a")
    assert page.get_attribute("[data-part='1']", "aria-pressed") == "true"
    second = person.value("#start")
    press("n")
    assert person.value("#start") == "0:10.000"
    press("n")
    assert person.value("#start") == second
    press("z")
    assert not page.is_visible("#parts")
    press("a")
    press("Control+Enter")
    person.sees("[data-field=tags] .error", "say in a word or two")
    page.keyboard.type("calm")
    press("Control+Enter")
    person.sees("[data-field=tags] .error", "say in a word or two")
    assert page.get_attribute("[data-part='1']", "aria-pressed") == "true"
    page.keyboard.type("loud")
    press("Control+Enter")
    person.has_takes(2)
    assert person.text("#seams").count("The way out") == 2
    person.is_content()


def test_an_hour_is_drawn_roughly_before_it_is_decoded(someone, tmp_path):
    person = someone()
    page = person.page
    held = []
    person.opens()
    # The whole outline is held back: what is drawn meanwhile is the rough one.
    page.route("**/v1/sounds/peaks*per_s=50*", lambda route: held.append(route))
    person.uploads(wav_of(made_song(601, 8000), tmp_path / "long.wav"))
    person.has_song()
    assert len(held) == 1
    held[0].continue_()
    person.is_content()

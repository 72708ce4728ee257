"""The whole story: choose, ask, wait, judge, keep; with the mouse, with keys alone, on a phone."""

import io

import pytest
import soundfile

pytestmark = pytest.mark.slow

PHONE = {"width": 360, "height": 740}


def test_with_the_mouse(someone, check, served):
    person = someone()
    page = person.page
    person.opens()
    check(person)
    person.takes_demo()
    _drags_over_four_seconds(person)
    page.get_by_role("button", name="Lofi", exact=True).click()
    person.asks("zorgle", engine="embedded", takes=2)
    check(person)
    _shows_the_request(person)
    person.records()
    page.wait_for_selector("#job:not([hidden])")
    person.has_takes(2)
    person.plays()
    person.sees("#outside", "outside: identical · SHA-256")
    _compares(person)
    check(person)
    _is_told_what_happened(person)
    _takes_it_home(person, served)
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.locator("details:visible > summary").evaluate_all(
        "all => all.forEach(each => each.parentNode.open = true)"
    )
    page.wait_for_selector("#spectrogram canvas", state="attached")
    page.wait_for_selector("#options .option")
    check(person)
    _uses_a_take_and_goes_back(person)
    _opens_it_again(person, check)
    person.is_content()


def _drags_over_four_seconds(person):
    page = person.page
    box = page.locator("#wave").bounding_box()
    y, width = box["y"] + 80, box["width"]
    duration = float(page.get_attribute("#grip-end", "aria-valuemax"))

    def drag(start_s, end_s):
        page.mouse.move(box["x"] + width * start_s / duration, y)
        page.mouse.down()
        page.mouse.move(box["x"] + width * (start_s + end_s) / 2 / duration, y, steps=4)
        page.mouse.move(box["x"] + width * end_s / duration, y, steps=4)
        page.mouse.up()

    drag(16, 20)
    assert _seconds(person.value("#start")) == pytest.approx(16, abs=0.1)
    assert _seconds(person.value("#end")) == pytest.approx(20, abs=0.1)
    drag(20, 18)
    assert _seconds(person.value("#end")) == pytest.approx(18, abs=0.1)
    person.sees("#beat-note", "BPM")
    page.select_option("#snap", "bar")
    drag(18, 19.8)
    snapped = _seconds(person.value("#end"))
    beats = page.evaluate(
        """async () => {
          const draft = JSON.parse(localStorage["punchin.draft"])
          const key = JSON.parse(localStorage["punchin.key"])
          const headers = { Authorization: `Bearer ${key}` }
          const answer = await fetch(`/v1/sounds/beats?of=${encodeURIComponent(draft.song)}`, { headers })
          return (await answer.json()).downbeats_s
        }"""
    )
    assert min(abs(snapped - beat) for beat in beats) < 0.001
    page.select_option("#snap", "off")
    person.sets_part("0:11.7", "0:15.7")
    assert person.value("#length") == "0:04.000"
    page.check("#from-end")
    assert _seconds(person.value("#start")) == pytest.approx(duration - 11.7, abs=0.001)
    page.uncheck("#from-end")
    assert person.value("#start") == "0:11.700"


def _shows_the_request(person):
    page = person.page
    page.click("#request > summary")
    for language, words in (
        ("curl", "curl http"),
        ("Python", "from wavespeed import"),
        ("JavaScript", "require("),
    ):
        page.get_by_role("button", name=language, exact=True).click()
        told = page.text_content("#code")
        assert words in told
        assert "11.7" in told
        assert "zorgle" in told
    page.click("#request > summary")


def _compares(person):
    page = person.page
    for key, heard in (("0", "Original"), ("2", "Take 2"), ("1", "Take 1")):
        page.keyboard.press(key)
        assert heard in person.text("#choices [aria-pressed=true]")
        assert heard in person.text(".lane.heard .lane-name")
    page.click("[data-loop=in]")
    person.waits(0.3)
    at = _seconds(person.text("#position"))
    assert 9.6 <= at <= 13.8
    page.check("#match")
    person.sees("#match-note", "dB")
    page.keyboard.press("Space")
    page.wait_for_selector("#play:not(.playing)")


def _is_told_what_happened(person):
    assert "The way in" in person.text("#seams")
    assert "identical, sample for sample" in person.text("#proof")
    assert "lofi" in person.text("#used")
    assert "zorgle" in person.text("#unused")


def _takes_it_home(person, served):
    page = person.page
    for form, ending in (("source", ".mp3"), ("flac", ".flac")):
        page.select_option("#download-format", form)
        with page.expect_download() as coming:
            page.click("#download")
        assert coming.value.suggested_filename.endswith(ending)
    page.select_option("#download-part", "new")
    with page.expect_download() as coming:
        page.click("#download")
    part, rate = soundfile.read(io.BytesIO(coming.value.path().read_bytes()))
    assert len(part) == 4 * rate


def _uses_a_take_and_goes_back(person):
    page = person.page
    page.click("#use-take")
    person.sees("#song-name", "punched")
    person.has_song()
    assert not page.is_visible("#judge")
    page.locator("#main").focus()
    page.keyboard.press("z")
    person.sees("#song-name", "The demo song")
    person.has_takes(2)


def _opens_it_again(person, check):
    page = person.page
    person.sets_part("0:01", "0:02")
    page.click("#history-open")
    page.fill("#search", "zorgle")
    person.sees("#history-list", "zorgle")
    check(person)
    page.fill("#search", "nothing has this in it")
    person.sees("#history-none", "No edit has")
    page.fill("#search", "zorgle")
    page.locator(".past", has_text="zorgle").first.click()
    person.finds("#start", "0:11.700")
    person.finds("#end", "0:15.700")
    person.has_takes(2)
    assert page.get_attribute("#lock", "aria-pressed") == "true"


def _seconds(text):
    minutes, _, rest = text.rpartition(":")
    return int(minutes or 0) * 60 + float(rest)


def test_with_keys_alone(someone):
    person = someone()
    page, press = person.page, person.page.keyboard.press
    person.opens()
    _tabs_to(page, "[data-do=demo]")
    press("Enter")
    person.has_song()
    _tabs_to(page, "#grip-start")
    assert page.get_attribute("#grip-start", "aria-valuetext") == "10 seconds"
    press("Shift+ArrowRight")
    press("ArrowRight")
    press("Alt+ArrowRight")
    assert person.value("#start") == "0:10.111"
    _tabs_to(page, "#grip-end")
    press("PageDown")
    assert person.value("#end") == "0:13.000"
    _tabs_to(page, "#tag")
    page.keyboard.type("pian")
    page.wait_for_selector("#tag-list li")
    press("ArrowDown")
    press("Enter")
    assert person.text("#tags") == "piano ×"
    press("Backspace")
    page.keyboard.type("loungee")
    press("Enter")
    _tabs_to(page, "#takes input")
    press("ArrowRight")
    assert page.is_checked("#takes input[value='3']")
    press("ArrowLeft")
    press("Control+Enter")
    person.has_takes(2)
    person.sees("#live", "2 takes are ready")
    person.plays()
    page.locator("#main").focus()
    press("2")
    assert "Take 2" in person.text("#choices [aria-pressed=true]")
    press("l")
    assert page.get_attribute("[data-loop=off]", "aria-pressed") == "true"
    press(" ")
    page.wait_for_selector("#play:not(.playing)")
    _tabs_to(page, "#wave-position")
    press("Home")
    press("ArrowRight")
    press("ArrowRight")
    press("[")
    assert person.value("#start") == "0:02.000"
    press("z")
    assert person.value("#start") == "0:10.111"
    press("Shift+Z")
    assert person.value("#start") == "0:02.000"
    press("?")
    page.wait_for_selector("#help[open]")
    press("Escape")
    page.wait_for_selector("#help:not([open])", state="attached")
    person.is_content()


def _tabs_to(page, selector, most=90):
    """Presses Tab until the focus is there: whoever has only keys must get there, too."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{most} tabs do not lead to {selector}")


def test_on_a_phone(someone, check):
    person = someone(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    page = person.page
    person.opens()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    check(person)
    page.get_by_role("button", name="Try the demo song").tap()
    person.has_song()
    _fits(page)
    person.sets_part("0:05", "0:06.5")
    person.asks("trap", takes=2)
    page.tap("#submit")
    person.has_takes(2)
    person.plays()
    _fits(page)
    page.locator("#choices button", has_text="Original").tap()
    assert "Original" in person.text("#choices [aria-pressed=true]")
    page.tap("#play")
    check(person)
    person.is_content()


def _fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

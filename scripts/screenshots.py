"""Render every state of the page at three sizes, in light and dark: what a person sees, to be looked at.

    python scripts/screenshots.py [FOLDER] [--url http://127.0.0.1:8000]

Without an address a service of its own is started, with the engine that comes along. The README's picture is
written to docs/images. Needs Playwright and a Chromium (`make setup`, `apt-get install chromium`).
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.playground import LONG_MS, Person, Serve, chromium  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {"wide": (1280, 800), "middle": (820, 1100), "phone": (360, 740)}
FOR_README = ("wide", "light")
PICTURE = ROOT / "docs" / "images" / "playground.png"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / "screenshots")
@click.option("--url", help="A service that runs already, on this machine.")
@click.option("--only", help="One size: wide, middle or phone.")
def main(folder: Path, url: str | None, only: str | None) -> None:
    """Render every state of the page into FOLDER."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with _service(url) as base, sync_playwright() as started:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = started.chromium.launch(executable_path=chromium(), args=flags)
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                if only in {None, size}:
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,
                        has_touch=size == "phone",
                        is_mobile=size == "phone",
                        reduced_motion="reduce",
                    )
                    states(Person(context.new_page(), base), folder, size, theme)
                    context.close()


@contextmanager
def _service(url: str | None) -> Iterator[str]:
    if url:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as home:
        service = Serve(Path(home))
        service.start()
        try:
            yield service.base
        finally:
            service.stop()


def states(person: Person, folder: Path, size: str, theme: str) -> None:
    """Walk through the story and take a picture of each state."""
    page = person.page

    def picture(name: str, *, whole: bool = True) -> None:
        # Text that is being typed has a caret that blinks; pictures shall be the same each time.
        page.screenshot(path=folder / f"{name}.{size}.{theme}.png", full_page=whole, caret="hide")

    person.opens()
    picture("1-empty")
    page.fill("#address", "http://127.0.0.1:9/song.mp3")
    page.press("#address", "Enter")
    page.locator("#address-form .error").wait_for()
    picture("2-refused")
    person.takes_demo()
    person.sees("#beat-note", "BPM", LONG_MS)
    picture("3-song")
    person.sets_part("0:11.7", "0:19.5")
    page.fill("#end", "9:99")
    page.press("#end", "Enter")
    page.fill("#tag", "pia")
    page.wait_for_selector("#tag-list li")
    picture("4-asking")
    page.fill("#tag", "")
    page.click("#part-add")
    person.sets_part("0:21", "0:24")
    picture("5-parts")
    page.click("#part-remove")
    person.sets_part("0:11.7", "0:19.5")
    person.asks("lofi, chill piano, wobbly flute", engine="embedded", takes=2)
    page.fill("#seed", "7")
    page.press("#seed", "Enter")
    page.uncheck("#play-when-done")
    person.records()
    person.sees("#job-percent", "%", LONG_MS)
    picture("6-waiting")
    person.has_takes(2, 2 * LONG_MS)
    person.sees("#outside", "outside: identical", LONG_MS)
    page.click("#hint-judge button")
    person.waits(2)
    picture("7-takes")
    if (size, theme) == FOR_README:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURE, caret="hide")
    folded = "#judge details > summary, #advanced > summary, #request > summary, #lyrics-fold > summary"
    page.locator(folded).evaluate_all("all => all.forEach((each) => { each.parentNode.open = true })")
    page.wait_for_selector("#options .option")
    person.waits(1)
    picture("8-unfolded")
    page.click("#history-open")
    person.sees("#history-list", "lofi")
    picture("9-history", whole=False)
    page.click("#history-close")
    page.click("#help-open")
    picture("10-help", whole=False)
    page.click("#help-close")
    page.route("**/v1/jobs**", lambda route: route.abort())
    page.click("#history-open")
    page.wait_for_selector("#lost:not([hidden])", state="attached")
    page.click("#history-close")
    picture("11-lost", whole=False)
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("localStorage.setItem('punchin.key', JSON.stringify('no-key-of-anybody'))")
    page.route("**/v1/welcome", lambda route: route.fulfill(status=404, body="{}"))
    page.reload()
    page.wait_for_selector("#key[open]")
    picture("12-key", whole=False)


if __name__ == "__main__":
    main()

"""The real service with its page, a real browser, and a person at it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from support.running import free_port, wait_until_ready
from support.unruly import installed_in

TESTS = Path(__file__).resolve().parents[1]
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SOON_MS, LONG_MS = 60_000, 180_000
"""Deadlines for a machine that does ten other things; what is there sooner is not waited for."""


@dataclass
class Serve:
    """`punchin serve` on loopback with the tone engine, and the unruly one, which is as slow as tags say."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PUNCHIN_")}
        door = installed_in(self.home / "plugins")
        environment = kept | {
            "PUNCHIN_HOME": str(self.home),
            "PUNCHIN_PORT": str(self.port),
            "PUNCHIN_ENGINE": "tone",
            "PUNCHIN_NSFW": "off",
            "PUNCHIN_GRACE_S": "0",
            "PYTHONPATH": os.pathsep.join([str(door), str(TESTS)]),
        }
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "punchin", "serve"], env=environment, stdout=log, stderr=log
            )
        wait_until_ready(self.base, [self.process], self.home / "log")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def api(self):
        """A client with the key that the page gets."""
        with httpx.Client(base_url=self.base, trust_env=False) as bare:
            key = bare.get("/v1/welcome").json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=60, trust_env=False)


class Person:
    """Somebody who uses the page, with what they see and do; notes everything that must not happen."""

    def __init__(self, page, base):
        self.page, self.base = page, base
        self.complaints = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)
        page.set_default_timeout(SOON_MS)

    def _console(self, message):
        # A browser says that a request was refused; the page says it better, and tests look for that.
        refused = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith((self.base + "/", "blob:", "data:")):
            self.complaints.append(f"left the machine: {request.url}")

    def opens(self):
        self.page.goto(self.base + "/")
        self.page.wait_for_selector("html[data-ready]")

    def has_song(self):
        """Waits until the waveform of a song is drawn."""
        self.page.wait_for_selector("#desk:not([hidden])")
        self.until(PART_IS_DRAWN, what="the waveform")

    def takes_demo(self):
        self.page.get_by_role("button", name="Try the demo song").click()
        self.has_song()

    def uploads(self, path):
        self.page.set_input_files("#file", path)

    def sets_part(self, start, end):
        for name, value in (("start", start), ("end", end)):
            self.page.fill(f"#{name}", value)
            self.page.press(f"#{name}", "Enter")

    def asks(self, tags, *, engine="auto", takes=1):
        self.page.fill("#tag", f"{tags},")
        # Before a worker has told of its engines there is nothing to choose from.
        self.page.wait_for_selector(f'#engine option[value="{engine}"]', state="attached", timeout=LONG_MS)
        self.page.select_option("#engine", engine)
        self.page.locator(f"#takes input[value='{takes}']").check(force=True)

    def records(self):
        self.page.click("#submit")

    def has_takes(self, count, limit_ms=LONG_MS):
        self.until(TAKES_ARE_SHOWN, count, limit_ms, what=f"{count} takes")

    def plays(self):
        """Waits until sound comes."""
        self.page.wait_for_selector("#play.playing")

    def text(self, selector):
        return " ".join(self.page.locator(selector).inner_text().split())

    def value(self, selector):
        return self.page.input_value(selector)

    def finds(self, selector, value):
        """Waits until a field has a value."""
        script = "([selector, value]) => document.querySelector(selector).value === value"
        self.until(script, [selector, value], what=f"{selector} = {value}")

    def sees(self, selector, words, limit_ms=SOON_MS):
        """Waits until some words stand there."""
        self.page.locator(selector, has_text=words).first.wait_for(timeout=limit_ms)

    def waits(self, seconds):
        self.page.wait_for_timeout(seconds * 1000)

    def until(self, script, told=None, limit_ms=LONG_MS, what="that"):
        """Waits until a function of the page says yes.

        Playwright's own wait evaluates its script again in the page, which the page's policy refuses.
        """
        end = time.monotonic() + limit_ms / 1000
        while not self.page.evaluate(script, told):
            assert time.monotonic() < end, f"{what} did not come in {limit_ms} ms"
            self.waits(0.05)

    def is_content(self):
        assert self.complaints == []


PART_IS_DRAWN = """() => {
  const root = document.querySelector("#wave > div")?.shadowRoot
  return Boolean(root?.querySelector("[part~=region]") && root.querySelector(".canvases canvas"))
}"""


TAKES_ARE_SHOWN = """(count) => {
  const refused = document.querySelector("#error-request")
  if (refused) throw new Error(refused.textContent)
  const lanes = document.querySelectorAll("#take-lanes .lane").length
  return lanes === count && !document.querySelector("#judge").hidden
}"""


def chromium():
    """Where the browser is, or None."""
    return next((place for place in BROWSERS if Path(place).exists()), None)


def wait_for(condition, limit_s=30, what="that"):
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come in {limit_s} s"
        time.sleep(0.05)
    return found

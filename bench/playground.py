"""How soon the page is there, and how soon a song's waveform, in headless Chromium.

    python bench/playground.py [--runs 3] [--minutes 4 60]

Needs Playwright and Chromium. Each run has a new browser profile and a new PUNCHIN_HOME, so that nothing is
kept from before. The songs are MP3 files of 160 kbit/s, made of the frames of demo/song.mp3. All times are
milliseconds.

first paint      the browser's own first-contentful-paint, from the start of the navigation
interactive      the last end of a task longer than 50 ms before two quiet seconds, or DOMContentLoaded
upload           from choosing the file to the answer of its last byte
visible          from that answer to the first frame in which some of the waveform is painted
whole            from that answer to the first frame in which its last tenth is painted, too
cpu to ...       processor time that the service and all its processes spent until that was seen here, which
                 says the same on a busy machine as on a quiet one (looked at every 20 ms)
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service import service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SONG = Path(__file__).resolve().parents[1] / "demo" / "song.mp3"
FRAME_BYTES, FRAME_S = 480, 0.024
"""Of MPEG-1 Layer III at 160 kbit/s and 48 kHz: 1152 samples, 144 * 160000 / 48000 bytes."""
CHROMIUM = "/usr/bin/chromium"
LIMIT_S = 300

WATCH = """
window.bench = {tasks: [], marks: {}}
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) bench.tasks.push(task.startTime + task.duration)
}).observe({type: "longtask", buffered: true})

const plain = window.fetch
window.fetch = async (...asked) => {
  const answer = await plain(...asked)
  if (asked[1]?.method === "PATCH" && answer.status === 200) bench.marks.uploaded = performance.now()
  return answer
}
// Uploads may go through XMLHttpRequest, which tells of its progress.
const open = XMLHttpRequest.prototype.open
XMLHttpRequest.prototype.open = function (method, ...rest) {
  if (method === "PATCH") {
    this.addEventListener("load", () => this.status === 200 && (bench.marks.uploaded = performance.now()))
  }
  return open.call(this, method, ...rest)
}

const painted = (canvas, from) => {
  const {width, height} = canvas
  const x = Math.floor(width * from)
  if (width - x < 1 || height < 1) return false
  const top = canvas.getContext("2d").getImageData(x, 0, width - x, Math.floor(height * 0.45)).data
  for (let at = 3; at < top.length; at += 4) if (top[at]) return true
  return false
}
const look = () => {
  const host = document.querySelector("#wave > div")
  const canvases = [...(host?.shadowRoot?.querySelectorAll(".canvases canvas") ?? [])]
  const now = performance.now()
  if (bench.marks.uploaded) {
    if (!bench.marks.visible && canvases.some((canvas) => painted(canvas, 0))) bench.marks.visible = now
    if (bench.marks.visible && !bench.marks.whole && canvases.length && painted(canvases.at(-1), 0.9)) {
      bench.marks.whole = now
    }
  }
  requestAnimationFrame(look)
}
requestAnimationFrame(look)
"""


def long_song(folder: Path, minutes: float) -> Path:
    """The demo song's frames again and again, without the tags in front of them."""
    raw = SONG.read_bytes()
    first = raw.index(b"\xff\xfb")
    frames = raw[first + FRAME_BYTES : len(raw) - (len(raw) - first) % FRAME_BYTES]
    count = round(minutes * 60 / FRAME_S)
    path = folder / f"{minutes:g} minutes.mp3"
    path.write_bytes((frames * (count * FRAME_BYTES // len(frames) + 1))[: count * FRAME_BYTES])
    return path


def until(page: Page, expression: str, every_s: float = 0.1) -> None:
    """Wait. Playwright's own way needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + LIMIT_S
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise SystemExit(f"{expression} did not come: {page.evaluate('bench')}")
        time.sleep(every_s)


def opened(page: Page, port: int) -> dict[str, float]:
    """Open the page; when it was first painted, and when it was idle."""
    page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
    until(page, "performance.now() > 2000 + Math.max(0, ...bench.tasks)")
    return page.evaluate("""() => {
      const [load] = performance.getEntriesByType("navigation")
      return {
        "first paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
        "interactive": Math.max(load.domContentLoadedEventEnd, ...bench.tasks),
      }
    }""")


def drawn(page: Page, song: Path, pid: int) -> dict[str, float]:
    """Send a song; when it was there, and when its waveform was."""
    began = page.evaluate("performance.now()")
    page.set_input_files("#file", song)
    spent_s: dict[str, float] = {}
    for name in ("uploaded", "visible", "whole"):
        until(page, f"bench.marks.{name}", 0.02)
        spent_s[name] = cpu_s(pid)
    marks: dict[str, float] = page.evaluate("bench.marks")
    return {
        "upload": marks["uploaded"] - began,
        "visible": marks["visible"] - marks["uploaded"],
        "whole": marks["whole"] - marks["uploaded"],
        "cpu to visible": (spent_s["visible"] - spent_s["uploaded"]) * 1000,
        "cpu to whole": (spent_s["whole"] - spent_s["uploaded"]) * 1000,
    }


def cpu_s(root: int) -> float:
    """Processor time of a process and all that descend from it; Linux only."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            said = stat.read_text().rpartition(")")[2].split()
            # proc(5): after the name come state, parent, ... utime, stime, and those of children that ended.
            parents[int(stat.parent.name)] = int(said[1])
            ticks[int(stat.parent.name)] = sum(map(int, said[11:15]))
    ours = {root}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks.get(pid, 0) for pid in ours) / os.sysconf("SC_CLK_TCK")


def run(browser: Browser, song: Path, folder: Path) -> dict[str, float]:
    """Everything once, with a new service and a new profile."""
    with service(folder, workers=0) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.add_init_script(WATCH)
        found = opened(page, server.port) | drawn(page, song, server.pid)
        context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=float, nargs="+", default=[4, 60])
    parser.add_argument("--chromium", default=CHROMIUM)
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        for minutes in asked.minutes:
            song = long_song(Path(place), minutes)
            runs = [run(browser, song, Path(place) / f"{minutes}-{n}") for n in range(asked.runs)]
            told(f"{minutes:g} minutes ({song.stat().st_size / 1e6:.1f} MB)", runs)
        browser.close()


def told(what: str, runs: list[dict[str, Any]]) -> None:
    middle = {name: statistics.median(found[name] for found in runs) for name in runs[0]}
    figures = " | ".join(f"{name} {value:.0f}" for name, value in middle.items())
    print(f"{what}: {figures} | load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()

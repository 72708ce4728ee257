"""One service and one browser for all tests of the page; a new person for each."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import platformdirs
import pytest

from support.playground import Person, Serve, chromium

HERE = Path(__file__).parent
PINS = HERE / "package.json"
INSTALL_S = 300
WIDE = {"width": 1280, "height": 900}
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--enable-precise-memory-info"]


@pytest.fixture(scope="package")
def served(tmp_path_factory):
    service = Serve(tmp_path_factory.mktemp("served"))
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module")
def browser():
    # Playwright runs an event loop in this thread while it is open: tests of other folders must not meet it.
    if (place := chromium()) is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=place, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def someone(browser, served):
    """Gives a person at a page of their own: someone(viewport=..., color_scheme=...)."""
    contexts = []

    def arrives(base=None, *, script=None, **context):
        made = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce"} | context)
        contexts.append(made)
        if script:
            made.add_init_script(script)
        return Person(made.new_page(), base or served.base)

    yield arrives
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe():
    """axe-core's source, installed once; skips where the registry cannot be reached."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on this machine")
    name = f"page-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    folder = platformdirs.user_cache_path("punchin-tests") / name
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(PINS, folder)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        if done.returncode:
            pytest.skip(f"the registry does not give axe-core: {done.stderr.strip()[-200:]}")
    return source.read_text()


@pytest.fixture
def check(axe):
    """Look at a page as it is for what keeps people out: check(person)."""

    def checked(person):
        # Run in the page's own world, past its policy, as an extension would.
        found = person.page.evaluate(f"{axe}; axe.run(document, {{ resultTypes: ['violations'] }})")
        told = [
            f"{each['id']}: {each['help']}: {node['html'][:160]} {node['any'][:1]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
        assert told == []

    return checked

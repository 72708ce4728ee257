"""What docs/threat-model.md and docs/reliability.md promise to be tested is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/threat-model.md", "docs/reliability.md")
NAMED = re.compile(r"`((?:tests|fuzz|bench|scripts)/[\w./-]+)`")
COMMAND = re.compile(r"`(?:nice -n \d+ )?python (?:-m pytest )?([\w./-]+)[^`]*`")


def rows(page):
    """The cells of every row of every table of a page."""
    lines = (ROOT / page).read_text().splitlines()
    return [
        re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|") and "---" not in line
    ]


def has_tests(path):
    files = [path] if path.is_file() else path.rglob("test_*.py")
    return any(re.search(r"^\s*def test_", file.read_text(), re.MULTILINE) for file in files)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_tables_name_is_there(page):
    text = (ROOT / page).read_text()
    named = set(NAMED.findall(text)) | set(COMMAND.findall(text))
    assert len(named) >= 10
    for name in named:
        path = ROOT / name
        assert path.exists(), f"{page} names {name}"
        if name.startswith("tests/"):
            assert has_tests(path), f"{page} names {name}, which has no test"


def test_each_of_the_top_ten_has_a_test_that_covers_it():
    found = {}
    for cells in rows("docs/threat-model.md"):
        if risk := re.match(r"\s*(API\d+) ", cells[0]):
            found[risk[1]] = NAMED.findall(cells[-1])
    assert list(found) == [f"API{number}" for number in range(1, 11)]
    assert all(found.values())


def test_each_row_of_what_was_tried_has_a_command():
    head = (ROOT / "docs/reliability.md").read_text().partition("\n## ")[0]
    tried = [line.split("|")[1:-1] for line in head.splitlines() if line.startswith("| ")][1:]
    assert len(tried) >= 12
    for what, *_, command in tried:
        assert COMMAND.search(command), what

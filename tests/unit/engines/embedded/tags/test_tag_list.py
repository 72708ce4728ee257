import importlib.util
from pathlib import Path

from punchin.engines.embedded.tags import vocabulary

ROOT = Path(__file__).resolve().parents[5]


def tag_list():
    spec = importlib.util.spec_from_file_location("tag_list", ROOT / "scripts" / "tag_list.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_all_tags_is_current():
    assert (ROOT / "docs" / "tags.md").read_text("utf-8") == tag_list().page(), (
        "run: python scripts/tag_list.py"
    )


def test_every_term_has_its_row():
    text = tag_list().page()
    for term in vocabulary().terms:
        assert f"\n| **{term.name}** |" in text

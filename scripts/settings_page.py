"""Write docs/settings.md from the settings class: every variable, its default and what it does.

Usage: python scripts/settings_page.py
"""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import msgspec

from punchin.settings import Settings, variable

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEAD = """# Settings

Made by `make docs` from `punchin/settings.py`; do not edit. Settings are environment variables, read once at
the start. A misspelt name or a value that cannot be used stops the command with one line that names it.

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    rows = [_row(field, hints[field.name]) for field in msgspec.structs.fields(Settings)]
    return HEAD + "\n".join(rows) + "\n"


def _row(field: msgspec.structs.FieldInfo, hint: Any) -> str:
    meta = next(one for one in typing.get_args(hint) if isinstance(one, msgspec.Meta))
    return f"| `{variable(field.name)}` | {_default(field)} | {meta.description} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT:
        return "the user's data folder" if field.name == "home" else "none"
    if isinstance(field.default, tuple):
        return f"`{','.join(field.default)}`" if field.default else "none"
    return f"`{field.default}`" if field.default != "" else "none"


def main() -> None:
    PAGE.write_text(page())


if __name__ == "__main__":
    main()

"""Write docs/cli.md from the command itself: every help text and every exit code.

Usage: python scripts/cli_page.py [--check]     (--check: change nothing, exit 1 if the page is not current)
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from punchin.cli import punchin
from punchin.cli.exits import ExitCode, meaning

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
WIDTH = 100


def page() -> str:
    """The whole page as Markdown."""
    parts = ["# The command\n", "Made by `make docs` from the command itself; do not edit.\n"]
    context = click.Context(punchin, info_name="punchin", terminal_width=WIDTH, **punchin.context_settings)
    parts += _sections("punchin", punchin, context)
    parts.append("## Exit codes\n\n| code | meaning |\n|---|---|")
    parts.append("\n".join(f"| {code.value} | {meaning(code)} |" for code in ExitCode) + "\n")
    return "\n".join(parts)


def _sections(title: str, command: click.Command, context: click.Context) -> list[str]:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    parts = [f"## {title}\n\n```text\n{text}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            inner = click.Context(below, info_name=name, parent=context, terminal_width=WIDTH)
            parts += _sections(f"{title} {name}", below, inner)
    return parts


def main() -> None:
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE.name} is not current; run make docs")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()

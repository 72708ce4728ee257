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
    parts.append(_section("punchin", punchin, context))
    for name in punchin.list_commands(context):
        command = punchin.get_command(context, name)
        assert command
        below = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
        parts.append(_section(f"punchin {name}", command, below))
    parts.append("## Exit codes\n\n| code | meaning |\n|---|---|")
    parts.append("\n".join(f"| {code.value} | {meaning(code)} |" for code in ExitCode) + "\n")
    return "\n".join(parts)


def _section(title: str, command: click.Command, context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## {title}\n\n```text\n{text}\n```\n"


def main() -> None:
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE.name} is not current; run make docs")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()

"""Write docs/tags.md: every tag that the embedded engine understands, from its vocabulary.

python scripts/tag_list.py            write it
python scripts/tag_list.py --check    fail if it is not what would be written
"""

from __future__ import annotations

from pathlib import Path

from punchin.engines.embedded.tags import Kind, Term, vocabulary

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tags.md"

HEADINGS = {
    Kind.GENRES: (
        "Genres",
        "Several blend into one style: the first gives the sound, the most insistent the groove.",
    ),
    Kind.DRUMS: ("Drums", "A pattern on top of the genre's groove, another groove, or other drum sounds."),
    Kind.INSTRUMENTS: (
        "Instruments",
        "They play first; what the genre brought for the same role steps back.",
    ),
    Kind.MOODS: ("Moods", "They bend what the others decided: energy, brightness, space, density."),
    Kind.PRODUCTION: ("Production", "Effects, space and tone of the whole new part."),
    Kind.VOCALS: ("Vocals", "Heard where there are words to sing."),
    Kind.IGNORED: ("Understood, but without effect", "They are reported as unused, with the reason."),
}

INTRODUCTION = """# Tags of the embedded engine

<!-- Written by scripts/tag_list.py from src/punchin/engines/embedded/tags/vocabulary.txt. Do not edit. -->

{terms} terms under {names} names. Tags are separated by commas; terms are also found inside phrases ("dark
lofi piano"), in the plural, and when slightly misspelt. `no X`, `without X` and `-X` leave X out. Capitals,
hyphens and accents do not matter. Tempi ("90 bpm") and keys ("C minor") are reported as unused: those of the
song win. Words that mean nothing here are reported with near names; if there is nothing else, the edit is
refused.
"""


def page() -> str:
    """The whole page."""
    words = vocabulary()
    parts = [INTRODUCTION.format(terms=len(words.terms), names=len(words.by_name))]
    for kind, (heading, remark) in HEADINGS.items():
        parts.append(f"## {heading}\n\n{remark}\n\n{_table(list(words.of(kind)))}")
    return "\n".join(parts)


def _table(terms: list[Term]) -> str:
    ignored = terms[0].kind is Kind.IGNORED
    rows = ["| tag | other names | " + ("why |" if ignored else "what it sets |"), "|---|---|---|"]
    for term in terms:
        does = term.reason if ignored else ", ".join(f"`{setting}`" for setting in term.settings)
        rows.append(f"| **{term.name}** | {', '.join(term.names[1:])} | {does} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """Write the page, or with `--check` compare it."""
    # Here and not above: tests load this file by itself, without its neighbours.
    from written import write_or_check

    return write_or_check(PAGE, page())


if __name__ == "__main__":
    raise SystemExit(main())

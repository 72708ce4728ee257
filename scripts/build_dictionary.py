"""Pack the CMU pronouncing dictionary for the singer: first pronunciations, sorted, gzip.

    git clone https://github.com/cmusphinx/cmudict
    python scripts/build_dictionary.py cmudict/cmudict.dict

The same input gives the same bytes. Licence: BSD, `cmudict.LICENSE.txt` beside the result.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

PACKED = Path(__file__).parents[1] / "src/punchin/engines/embedded/voice/cmudict.gz"


def packed(text: str) -> bytes:
    """The dictionary as the package has it: `word PH ON EM1 ES` a line, no comments, no alternatives."""
    entries = (line.split("#")[0].split() for line in text.splitlines())
    # Only words that lyrics can hold: abbreviations with full stops are spelt by rule.
    words = {word: phones for word, *phones in (e for e in entries if e) if word.replace("'", "").isalpha()}
    lines = sorted(f"{word} {' '.join(phones)}\n".encode() for word, phones in words.items())
    return gzip.compress(b"".join(lines), 9, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dictionary", type=Path, help="cmudict.dict")
    source = parser.parse_args().dictionary
    PACKED.write_bytes(packed(source.read_text(encoding="utf-8")))
    print(f"{PACKED.name}: {PACKED.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

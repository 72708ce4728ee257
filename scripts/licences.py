"""Check the licence of every installed dependency against a list: python scripts/licences.py

Read from the packages' own metadata (core metadata 2.4: License-Expression, an SPDX expression; before it the
field License and the classifiers), so it needs no network. Whoever is not on the lists here is refused: a new
dependency's licence is read by a person once.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSL-1.0", "BSD-2-Clause", "BSD-3-Clause",
    "CC0-1.0", "CNRI-Python", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib",
})  # fmt: skip
"""Permissive: they ask to be named."""
AS_A_LIBRARY = {
    "LGPL-2.1-or-later": {"soxr"},
    "LGPL-3.0-only": {"psycopg", "psycopg-binary"},
    "MPL-2.0": {"certifi", "hypothesis", "pathspec", "tqdm"},
}
"""Copyleft that ends at their own files or library: used unchanged, as packages that anybody can replace."""
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
WORDS = {
    "Apache": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "ISC License": "ISC",
    "MPL-2.0 AND MIT": "MPL-2.0 AND MIT",
    "BSD 2-Clause License": "BSD-2-Clause",
}
READ = {
    "matplotlib": "PSF-2.0",  # its own text, made after Python's
    "py-nanotts": "Apache-2.0",  # no field; its LICENSE.md is the licence's text
}
"""Read by us in the package, where its metadata say nothing exact."""
OURS = {"punchin"}


def licence_of(package: Distribution) -> str:
    """The licence as an SPDX expression, or "" where nothing tells."""
    said = package.metadata
    if package.name.lower() in READ:
        return READ[package.name.lower()]
    if expression := said.get("License-Expression"):
        return expression
    classifiers = [
        line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if "License ::" in line
    ]
    if known := [CLASSIFIERS[name] for name in classifiers if name in CLASSIFIERS]:
        return " OR ".join(known)
    words = (said.get("License") or "").strip()
    return WORDS.get(words, words if re.fullmatch(r"[A-Za-z0-9.+-]+", words) else "")


def is_allowed(name: str, expression: str) -> bool:
    """Whether a package may be used under this expression: one side of every OR, all of every AND."""
    if not expression:
        return False
    if " OR " in expression:
        return any(is_allowed(name, part.strip("() ")) for part in expression.split(" OR "))
    parts = [part.strip("() ") for part in expression.split(" AND ")]
    return all(part in ALLOWED or name.lower() in AS_A_LIBRARY.get(part, ()) for part in parts)


def findings(packages: list[Distribution]) -> list[str]:
    """A line for each package that may not be used."""
    return [
        f"{package.name} {package.version}: {licence_of(package) or 'no licence that is known here'}"
        for package in sorted(packages, key=lambda each: each.name.lower())
        if package.name.lower() not in OURS and not is_allowed(package.name, licence_of(package))
    ]


def locked(folder: Path) -> set[str]:
    """The names in requirements/*.txt, lower case."""
    lines = "\n".join(lock.read_text() for lock in folder.glob("*.txt"))
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", lines, re.MULTILINE)}


def main() -> None:
    found = list(distributions())
    for package in sorted(found, key=lambda each: each.name.lower()):
        print(f"{package.name:28} {package.version:18} {licence_of(package)}")
    if wrong := findings(found):
        sys.exit("\n".join(["", "not allowed:", *wrong]))


if __name__ == "__main__":
    main()

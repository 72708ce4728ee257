"""Write the software bill of materials: python scripts/sbom.py [--output sbom.json] [--python PATH]

CycloneDX 1.6 in JSON, made by cyclonedx-bom (OWASP) of what is installed beside the interpreter that is
named; for what a server ships, name one in which only `punchin[serve]` is installed. The JavaScript in the
page is not a Python package, so it is added here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAKER = "cyclonedx-bom==7.5.0"
VENDOR = ROOT / "src" / "punchin" / "web" / "playground" / "vendor"


def vendored(folder: Path = VENDOR) -> list[dict[str, Any]]:
    """The page's foreign JavaScript: one component a folder, with the hash of each file."""
    return [_component(each) for each in sorted(folder.iterdir()) if each.is_dir()]


def _component(folder: Path) -> dict[str, Any]:
    said = re.match(r"(\S+) (\S+) \(npm, (\S+)\)", (folder / "VERSION").read_text())
    assert said, f"{folder}/VERSION must begin like: name 1.2.3 (npm, MIT)"
    name, version, licence = said.groups()
    return {
        "type": "library",
        "bom-ref": f"pkg:npm/{name}@{version}",
        "purl": f"pkg:npm/{name}@{version}",
        "name": name,
        "version": version,
        "licenses": [{"license": {"id": licence}}],
        "components": [
            {
                "type": "file",
                "name": each.name,
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(each.read_bytes()).hexdigest()}],
            }
            for each in sorted(folder.iterdir())
            if each.suffix in {".js", ".css"}
        ],
    }


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--output", type=Path, default=ROOT / "dist" / "sbom.json")
    wishes.add_argument("--python", default=sys.executable, help="whose packages are listed")
    asked = wishes.parse_args()
    command = ["uvx", "--from", MAKER, "cyclonedx-py", "environment", asked.python, "--output-reproducible"]
    command += [
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--spec-version",
        "1.6",
        "--output-format",
        "JSON",
    ]
    made = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    made["components"] += vendored()
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    print(f"{asked.output}: {len(made['components'])} components")


if __name__ == "__main__":
    main()

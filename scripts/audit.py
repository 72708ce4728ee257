"""Ask a database of known holes about every locked dependency: python scripts/audit.py [--service osv]

Runs pip-audit (PyPA) over requirements/*.txt, in an environment of its own. It needs the network: the
advisories of PyPI, or those of osv.dev. A package that could not be asked about counts as a failure:
without that, a machine that reaches nothing would report that all is well.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AUDITOR = "pip-audit==2.10.1"
LOCKS = ("build.txt", "core.txt", "dev.txt", "ace-step.txt")


def command(lock: Path, service: str) -> list[str]:
    """What audits one list of requirements."""
    found = ["uvx", "--from", AUDITOR, "pip-audit", "--strict", "--progress-spinner", "off"]
    found += ["--disable-pip", "--vulnerability-service", service, "--requirement", str(lock)]
    # The list without hashes is pinned all the same; pip-audit must not resolve it anew.
    return found if "--hash=" in lock.read_text() else [*found, "--no-deps"]


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--service", choices=("pypi", "osv"), default="pypi", help="whose advisories")
    service = wishes.parse_args().service
    failed = [
        name
        for name in LOCKS
        if subprocess.run(command(ROOT / "requirements" / name, service), check=False).returncode
    ]
    if failed:
        sys.exit(f"not clean, or not audited: {', '.join(failed)}")


if __name__ == "__main__":
    main()

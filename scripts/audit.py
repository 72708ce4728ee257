"""Ask a database of known holes about every locked dependency: python scripts/audit.py [--service osv]

Runs pip-audit (PyPA) over requirements/*.txt, in an environment of its own. It needs the network: the
advisories of PyPI, or those of osv.dev. A package that could not be asked about counts as a failure:
without that, a machine that reaches nothing would report that all is well. Exit code 1: a hole was found, or
something went wrong; 3: the advisories cannot be reached from here, so nothing is known.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AUDITOR = "pip-audit==2.10.1"
KNOWN = "PYSEC-2021-66"
"""A hole that everybody knows, of Jinja2 before 2.11.3: whoever does not tell of it tells of none."""
SERVICES = {
    "pypi": "https://pypi.org/pypi/jinja2/2.11.2/json",
    "osv": f"https://api.osv.dev/v1/vulns/{KNOWN}",
}
NOT_AUDITED = 3
LOCKS = ("build.txt", "core.txt", "dev.txt", "ace-step.txt")


def command(lock: Path, service: str) -> list[str]:
    """What audits one list of requirements."""
    # Beside this Python first: a virtual environment need not be active.
    uvx = shutil.which(
        "uvx", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    )
    found = [uvx or "uvx", "--from", AUDITOR, "pip-audit", "--strict", "--progress-spinner", "off"]
    found += ["--disable-pip", "--vulnerability-service", service, "--requirement", str(lock)]
    # The list without hashes is pinned all the same; pip-audit must not resolve it anew.
    return found if "--hash=" in lock.read_text() else [*found, "--no-deps"]


def unreachable(service: str, limit_s: float = 20.0) -> str:
    """Why the advisories cannot be had from here, or "" if they can."""
    place = SERVICES[service]
    try:
        with urllib.request.urlopen(place, timeout=limit_s) as answer:
            # A mirror of the packages need not have the advisories.
            return "" if KNOWN.encode() in answer.read() else f"{place} does not tell of {KNOWN}"
    except (OSError, ValueError) as error:
        return f"{place}: {error}"


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--service", choices=("pypi", "osv"), default="pypi", help="whose advisories")
    service = wishes.parse_args().service
    if why := unreachable(service):
        print(
            f"NOT AUDITED. The advisories cannot be reached from here ({why}), so nothing is known about "
            "holes in the dependencies. Run this where they can be, for example in CI.",
            file=sys.stderr,
        )
        sys.exit(NOT_AUDITED)
    failed = [
        name
        for name in LOCKS
        if subprocess.run(command(ROOT / "requirements" / name, service), check=False).returncode
    ]
    if failed:
        sys.exit(f"not clean, or not audited: {', '.join(failed)}")


if __name__ == "__main__":
    main()

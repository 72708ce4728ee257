"""Fuzzes our parsers with Atheris, one process at a time, target after target; prints what each one got.

    python fuzz/run.py                    every target for a minute, again and again, until stopped
    python fuzz/run.py --minutes 60       all targets together for an hour
    python fuzz/run.py mpeg --minutes 5   one
    python fuzz/run.py --minimise         keep of the corpus only what adds coverage

New inputs go to `fuzz/grown/` (not committed), what breaks a target to `fuzz/found/`. See `fuzz/README.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS, GROWN, FOUND = HERE / "corpus", HERE / "grown", HERE / "found"
MOST_BYTES = 20_000
ROUND_S = 60
_LIMITS = [f"-max_len={MOST_BYTES}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]


def main() -> None:
    """Read the command line and do it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("targets", nargs="*")
    asked.add_argument("--minutes", type=float, default=float("inf"), help="for all targets together")
    asked.add_argument("--round", type=float, default=ROUND_S, help="seconds of one target before the next")
    asked.add_argument("--minimise", action="store_true")
    asked.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = asked.parse_args()
    sys.path.insert(0, str(HERE))
    if given.inside:
        fuzz(given.inside[0], given.inside[1:])
        return
    from seeds import write_seeds
    from targets import TARGETS

    write_seeds(CORPUS)
    names = given.targets or list(TARGETS)
    if given.minimise:
        for name in names:
            minimise(name)
        return
    deadline = time.monotonic() + 60 * given.minutes
    while time.monotonic() < deadline:
        for name in names:
            left = deadline - time.monotonic()
            if left > 1:
                run(name, min(given.round, left))


def fuzz(name: str, words: list[str]) -> None:
    """In the child: instrument our code and let libFuzzer go."""
    import atheris

    with atheris.instrument_imports(include=["punchin"]):
        from targets import TARGETS

        import punchin.fetching.addresses
        import punchin.filestore.keys
        import punchin.filestore.signing
        import punchin.songfile.flac
        import punchin.songfile.mp3
        import punchin.songfile.sndfile
        import punchin.web.asking
        import punchin.web.ranges  # noqa: F401
    atheris.Setup([name, *words], TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: float) -> None:
    """One round of one target; adds a line to `fuzz/grown/runs.jsonl`."""
    grown, corpus = GROWN / name, CORPUS / name
    for folder in (grown, corpus, FOUND):
        folder.mkdir(parents=True, exist_ok=True)
    before = _cpu_s()
    done = _child(
        name, *_LIMITS, f"-max_total_time={round(seconds)}", f"-artifact_prefix={FOUND}/{name}-",
        str(grown), str(corpus),
    )  # fmt: skip
    told = {
        "target": name,
        "cpu_s": round(_cpu_s() - before, 1),
        "runs": _last(r"stat::number_of_executed_units: (\d+)", done) or _last(r"#(\d+)", done),
        "coverage": _last(r"cov: (\d+)", done),
        "corpus": _last(r"corp: (\d+)", done),
        "broken": "ERROR" in done or "Uncaught" in done,
    }
    with (GROWN / "runs.jsonl").open("a") as log:
        log.write(json.dumps(told) + "\n")
    print(told, flush=True)
    if told["broken"]:
        (FOUND / f"{name}-{time.time_ns()}.txt").write_text(done[-6000:])


def minimise(name: str) -> None:
    """Merge what has grown into the corpus, keeping only inputs that add coverage."""
    new = GROWN / f"{name}.min"
    new.mkdir(parents=True, exist_ok=True)
    _child(name, "-merge=1", "-timeout=10", str(new), str(CORPUS / name), str(GROWN / name))
    if any(new.iterdir()):
        shutil.rmtree(CORPUS / name)
        shutil.move(new, CORPUS / name)
    print(name, len(list((CORPUS / name).iterdir())), "inputs")


def _child(*words: str) -> str:
    return subprocess.run(
        [sys.executable, __file__, "--inside", *words],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    ).stderr


def _last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

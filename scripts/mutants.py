"""Break each guard and see a test fail: python scripts/mutants.py [WORD ...] [--write FILE]

Copies the source to a temporary folder, changes one line of it there, and runs the tests that guard it. A
mutant that lives is a guard that nobody watches. With words, only guards that contain one of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S, LIMIT_BYTES = 300, 6 << 30
"""For one test: some mutants read without end."""


@dataclass(frozen=True)
class Mutant:
    """One guard, taken away.

    Attributes:
        guard: what it keeps, as a phrase.
        file: under src/punchin.
        old, new: the text, which must be there once, and what stands there instead.
        tests: what must fail, as pytest takes it.
    """

    guard: str
    file: str
    old: str
    new: str
    tests: str


CHECKS, SESSION = "tests/unit/inpaint/test_checks.py", "tests/unit/inpaint/test_session.py"
PROOF, GUARDS = "tests/unit/test_proof.py", "tests/promise/test_guards.py"
WRITING, PATHS = "tests/unit/splice/test_writing.py", "tests/hostile/test_paths.py"
APART, STARTING = "tests/unit/worker/test_apart.py", "tests/unit/confinement/test_starting.py"
ATTACK = "tests/promise/test_attack.py"

MUTANTS = (
    # What an engine gives back
    Mutant(
        "sound of exactly the hole",
        "inpaint/checks.py",
        "if (new.rate_hz, new.samples.shape) != (",
        "if (new.rate_hz, new.samples.shape) == (None, ",
        CHECKS,
    ),
    Mutant(
        "samples are numbers",
        "inpaint/checks.py",
        "if not np.isfinite(new.samples).all():",
        "if False:",
        CHECKS,
    ),
    Mutant(
        "no silence for music",
        "inpaint/checks.py",
        "if _rms(new.samples) < SILENT_RMS and",
        "if False and",
        CHECKS,
    ),
    Mutant(
        "words that a receipt can hold", "inpaint/checks.py", "    _check_words(filling, who)\n", "", CHECKS
    ),
    Mutant(
        "a window that holds the hole",
        "inpaint/recording.py",
        "if hole not in wanted or wanted.end > source.frames:",
        "if False:",
        SESSION,
    ),
    Mutant(
        "a window cannot be written to",
        "song.py",
        "view.flags.writeable = False",
        "view.flags.writeable = True",
        "tests/unit/test_song.py",
    ),
    # The proof
    Mutant(
        "an output that differs outside is not written",
        "inpaint/writing.py",
        "if splice.method is Method.LOSSY or proof.identical:",
        "if True:",
        GUARDS,
    ),
    Mutant(
        "hashes of both outsides are compared",
        "proof.py",
        "and all(run.source_sha256 == run.output_sha256 for run in records)",
        "",
        PROOF,
    ),
    Mutant(
        "both lengths are compared",
        "proof.py",
        "same_length = source.frames == output.frames",
        "same_length = True",
        GUARDS,
    ),
    Mutant(
        "kept bytes are compared",
        "proof.py",
        "if not block or block != after.read(len(block)):",
        "if not block:",
        PROOF,
    ),
    Mutant(
        "a receipt's files are those of its hashes",
        "proof.py",
        "if file_sha256(song.path) != record.sha256:",
        "if False:",
        GUARDS,
    ),
    Mutant(
        "a receipt's regions hold all that changed",
        "proof.py",
        "if run.source_sha256 != run.output_sha256:",
        "if False:",
        GUARDS,
    ),
    # What is written
    Mutant(
        "a WAV splice writes its own frames",
        "splice/wav.py",
        "layout.data_offset + patch.frames.start * layout.block_bytes",
        "layout.data_offset + (patch.frames.start - 1) * layout.block_bytes",
        ATTACK,
    ),
    Mutant(
        "an unfinished output goes",
        "splice/writing.py",
        "            temporary.unlink()",
        "            pass",
        WRITING,
    ),
    Mutant(
        "an output that is there stays",
        "splice/writing.py",
        "if path.exists() and not overwrite:",
        "if False:",
        WRITING,
    ),
    Mutant(
        "the song is never the output",
        "splice/writing.py",
        "if _same_file(path, source):",
        "if False:",
        WRITING,
    ),
    Mutant(
        "a device is never replaced",
        "splice/writing.py",
        "if path.exists() and not path.is_file():",
        "if False:",
        PATHS + " -k device",
    ),
    # What is read
    Mutant(
        "pipes and devices are not opened",
        "songfile/opening.py",
        "if not stat.S_ISREG(mode):",
        "if False:",
        PATHS + " -k library",
    ),
    Mutant(
        "no hours in megabytes", "songfile/opening.py", "if not any_length:", "if False:", PATHS + " -k hours"
    ),
    Mutant(
        "1 to 8 channels",
        "songfile/opening.py",
        "if not 1 <= song.channels <= MOST_CHANNELS:",
        "if False:",
        "tests/unit/songfile/test_opening.py",
    ),
    Mutant(
        "a song that changes is noticed",
        "songfile/model.py",
        "if self.state is not None and state_of(self.path) != self.state:",
        "if False:",
        PATHS + " -k changes",
    ),
    Mutant(
        "a song without steady sound is no fault of ours",
        "inpaint/writing.py",
        "if not all(source.is_steady(run.start_frame) for run in proof.runs):",
        "if False:",
        PATHS + " -k steady",
    ),
    Mutant(
        "an MP4 leads to no other file",
        "songfile/m4a.py",
        '"enable_drefs": "0"',
        '"enable_drefs": "1"',
        PATHS + " -k leads",
    ),
    Mutant(
        "a receipt is a plain file",
        "receipt.py",
        "if not path.is_file():",
        "if False:",
        PATHS + " -k library",
    ),
    Mutant(
        "boxes end with the file",
        "songfile/mp4boxes.py",
        "        if at >= size:",
        "        if False:",
        "tests/hostile/test_findings.py",
    ),
    Mutant(
        "protected songs are refused",
        "songfile/m4a.py",
        "        if protected:\n",
        "        if False:\n",
        "tests/unit/songfile/test_m4a.py",
    ),
    # The process apart
    Mutant(
        "limit of memory",
        "confinement/limits.py",
        "memory = confinement.memory_bytes",
        "memory = 1 << 44",
        STARTING + " " + APART + " -k 'bombs or whatever'",
    ),
    Mutant(
        "limit of computing",
        "confinement/limits.py",
        "if confinement.cpu_s is not None:",
        "if False:",
        APART + " -k 'whatever or bomb'",
    ),
    Mutant(
        "limit of an output's size",
        "confinement/limits.py",
        '"RLIMIT_FSIZE": confinement.file_bytes,',
        "",
        STARTING + " " + APART + " -k 'too_large or bombs'",
    ),
    Mutant(
        "limit of open files",
        "confinement/limits.py",
        '"RLIMIT_NOFILE": confinement.open_files,',
        "",
        STARTING + " " + APART + " -k 'open_files or bombs'",
    ),
    Mutant("no network", "confinement/calls.py", "    if not network:\n", "    if False:\n", STARTING),
    Mutant(
        "no other programs", "confinement/calls.py", "    if not programs:\n", "    if False:\n", STARTING
    ),
    Mutant(
        "no signals to others",
        "confinement/calls.py",
        "for call in (known.kill, known.tgkill):",
        "for call in ():",
        STARTING + " " + APART,
    ),
    Mutant(
        "only its own folders",
        "confinement/folders.py",
        "return known if call(_RESTRICT_SELF, ruleset, 0) == 0 else 0",
        "return known",
        STARTING,
    ),
    Mutant(
        "rights of root are dropped",
        "confinement/confining.py",
        "drop_privileges(keep_files=version() > 0)",
        "True",
        STARTING,
    ),
    Mutant(
        "no threads are left free",
        "confinement/confining.py",
        "if (threads := _threads()) > 1:",
        "if (threads := 0) > 1:",
        STARTING,
    ),
    Mutant(
        "a take is a file of its own", "worker/apart.py", "or state.st_nlink != 1", "", APART + " -k whatever"
    ),
    Mutant(
        "only the job's words reach the engine",
        "worker/apart.py",
        "if (told.tags, told.lyrics) not in self._words:",
        "if False:",
        APART,
    ),
    Mutant(
        "a process cannot say that its job was cancelled",
        "worker/apart.py",
        "if told.code not in _ERRORS:",
        "if told.code != 'cancelled' and told.code not in _ERRORS:",
        APART,
    ),
    Mutant(
        "songs of up to an hour",
        "worker/editing.py",
        "if source.duration_s > 60 * order.most_minutes:",
        "if False:",
        APART + " -k hours",
    ),
    Mutant(
        "samples that a song may have",
        "worker/editing.py",
        "if samples > order.most_samples:",
        "if False:",
        APART + " -k hours",
    ),
    Mutant(
        "a fault of ours is not blamed on the song",
        "worker/inside.py",
        " and not isinstance(error, ImportError)",
        "",
        APART + " -k installed",
    ),
)
"""What is broken, one at a time."""


def outcome(mutant: Mutant, folder: Path) -> str:
    """What becomes of a mutant: "killed", "lives", or "not made" where the text is no longer there."""
    source = folder / "src"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "playground"))
    path = source / "punchin" / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return "not made"
    path.write_text(text.replace(mutant.old, mutant.new))
    command = [sys.executable, "-m", "pytest", *shlex.split(mutant.tests), "-xq", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False,
                              timeout=LIMIT_S, preexec_fn=_limit)  # fmt: skip
    except subprocess.TimeoutExpired:
        return "killed (hangs)"
    # 1: tests failed; negative: the process was ended by its limits. The others mean that nothing was tried.
    return {0: "LIVES", 1: "killed"}.get(done.returncode, "killed" if done.returncode < 0 else "not tried")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


def table(rows: list[tuple[Mutant, str]]) -> str:
    """As Markdown."""
    lines = ["| guard | where | what becomes of its mutant | by |", "|---|---|---|---|"]
    lines += [f"| {each.guard} | `{each.file}` | {end} | `{each.tests}` |" for each, end in rows]
    return "\n".join(lines)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("words", nargs="*")
    asked.add_argument("--write", type=Path, help="where to put the table")
    given = asked.parse_args()
    chosen = [each for each in MUTANTS if not given.words or any(word in each.guard for word in given.words)]
    rows: list[tuple[Mutant, str]] = []
    with tempfile.TemporaryDirectory(prefix="punchin-mutants-") as folder:
        for mutant in chosen:
            rows.append((mutant, outcome(mutant, Path(folder))))
            print(f"{rows[-1][1]:10} {mutant.guard}", flush=True)
    if given.write:
        given.write.write_text(table(rows) + "\n")
    lives = [each.guard for each, end in rows if not end.startswith("killed")]
    print(f"{len(rows) - len(lives)} of {len(rows)} killed")
    sys.exit(f"not killed: {', '.join(lives)}" if lives else 0)


if __name__ == "__main__":
    main()

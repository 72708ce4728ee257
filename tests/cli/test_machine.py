import json
import subprocess
import sys

import pytest


def test_engines_are_listed_with_what_they_act_on(punchin):
    rows = {row["name"]: row for row in json.loads(punchin("engines", "--json").out)}
    assert {"tone", "embedded"} <= set(rows)
    assert rows["tone"]["unavailable"] == ""
    assert "tone" in punchin("engines").out


def test_doctor_says_what_works(punchin):
    done = punchin("doctor")
    assert done.code == 0
    assert "ok  python" in done.out
    assert "ok  mp3" in done.out
    assert {"what", "good", "says"} == set(json.loads(punchin("doctor", "--json").out)[0])


def test_info_shows_the_song(punchin, song):
    done = punchin("info", song)
    assert "8000 Hz, stereo" in done.out
    assert "length   0:06.000 (48000 frames)" in done.out
    assert "█" in done.out or "▄" in done.out
    facts = json.loads(punchin("info", song, "--json").out)
    assert facts["frames"] == 48000
    assert facts["tempo_bpm"] == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize("command", ["", "edit", "verify", "replay", "info", "engines", "doctor"])
def test_help_has_examples(punchin, command):
    done = punchin(*([command] if command else []), "--help")
    assert done.code == 0
    assert "Examples:" in done.out


def test_no_command_shows_the_help(punchin):
    assert "Commands:" in "".join((lambda done: (done.out, done.err))(punchin()))


def test_an_unknown_command_is_refused(punchin):
    done = punchin("edti")
    assert done.code == 2
    assert "edti" in done.err


def test_version(punchin):
    assert punchin("--version").out.startswith("punchin 0.")


def test_help_does_not_load_numpy():
    code = (
        "import sys, atexit; sys.argv = ['punchin', '--help'];"
        "atexit.register(lambda: print('numpy' in sys.modules));"
        "from punchin.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("False")


def test_a_reader_that_leaves_is_no_fault(song):
    words = f"{sys.executable} -m punchin info {song} | head -c 1"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_python_m_punchin_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "punchin", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("punchin")

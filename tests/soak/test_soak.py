"""`bench/soak.py`: its judgement, and a run of a third of a minute."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def parts():
    spec = importlib.util.spec_from_file_location("soak_parts", BENCH / "soak_parts.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def samples(rss_mb=lambda t_s: 100.0, handles=lambda t_s: 20, database=lambda t_s: 1_000_000):
    return [
        {
            "t_s": t_s,
            "processes": {"api": {"rss_mb": rss_mb(t_s), "handles": handles(t_s), "threads": 5}},
            "files": 100,
            "files_mb": 50.0,
            "database_bytes": database(t_s),
            "outcomes": {"jobs accepted": t_s // 4},
        }
        for t_s in range(0, 3600, 5)
    ]


def grown(parts, **how):
    rows = parts.growth(samples(**how), 1200.0)
    return [row["what"] for row in rows if row["per_hour"] > row["allowed"]]


def test_what_stays_as_it_is_has_not_grown(parts):
    assert grown(parts) == []


def test_warming_up_single_peaks_and_pools_that_breathe_are_no_growth(parts):
    assert grown(parts, rss_mb=lambda t_s: min(100.0, 20 + t_s / 10)) == []
    assert grown(parts, rss_mb=lambda t_s: 100.0 + 300 * (t_s > 3500)) == []
    assert grown(parts, handles=lambda t_s: 20 + t_s // 5 % 7) == []


def test_slow_leaks_are_seen(parts):
    assert grown(parts, rss_mb=lambda t_s: 100 + t_s / 300) == ["api rss_mb"]
    assert grown(parts, handles=lambda t_s: 20 + t_s // 600) == ["api handles"]
    assert grown(parts, database=lambda t_s: 1_000_000 + 500 * t_s) == ["database bytes a job"]


def test_the_log_is_news_explained_or_a_surprise(parts, tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "Punchin answers at http://127.0.0.1:1\n"
        '{"event": "begun", "level": "info"}{"event": "failed", "level": "warning"}\n\n'
        '{"event": "worse", "level": "error"}\n'
        "19:00:00 [   ERROR] (dbos) it was cancelled\nTraceback\n  KnownError\n"
        "19:00:01 [   ERROR] (dbos) it broke\nTraceback\n  UnknownError\n"
    )
    events, surprises = parts.log_of(log, {"failed": "asked for", "KnownError": "known"})
    assert events["warning: failed"] == 1
    assert len(surprises) == 2
    assert "worse" in surprises[0]
    assert "UnknownError" in surprises[1]


@pytest.mark.slow
def test_a_short_soak_has_nothing_unexplained_and_leaves_nothing(tmp_path):
    command = [sys.executable, str(BENCH / "soak.py"), "--minutes", "0.3", "--pace", "0.4"]
    ran = subprocess.run([*command, "--into", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (tmp_path / "summary.json").exists(), ran.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["unexplained"] == summary["unexplained_in_log"] == summary["left_behind"] == []
    assert summary["processes_left"] == summary["exit_status"] == ran.returncode == 0
    assert summary["outcomes"]["jobs accepted"] > 5
    assert summary["outcomes"]["jobs completed"] > 0
    assert (tmp_path / "soak.png").stat().st_size > 1000
    assert len((tmp_path / "soak.jsonl").read_text().splitlines()) >= 3

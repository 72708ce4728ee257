"""`punchin keys`, `jobs` and `usage` on a ledger of their own."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from click.testing import CliRunner

from punchin.cli.jobs import jobs
from punchin.cli.keys import keys
from punchin.cli.usage import usage
from punchin.errors import JobNotFound, KeyNotFound, SettingsError
from punchin.job import State
from punchin.store import Limits, Store, migrate
from support.ledger import BROKE, begun, completed, submitted


@pytest.fixture
def store(tmp_path, monkeypatch):
    address = f"sqlite:///{tmp_path / 'punchin.db'}"
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    monkeypatch.delenv("PUNCHIN_DB", raising=False)
    migrate(address)
    opened = Store.open(address)
    yield opened
    opened.close()


def run(command, *words):
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_key_is_made_and_its_secret_shown_once(store):
    secret = run(keys, "create", "studio").strip()
    assert store.key_of(secret).name == "studio"
    assert secret not in run(keys, "list")
    assert secret not in run(keys, "list", "--json")


def test_a_key_has_the_limits_that_were_asked(store):
    made = json.loads(
        run(keys, "create", "guest", "--rate-per-minute", 3, "--max-queued", 0, "--prepaid", "0.1", "--json")
    )
    key = store.key_of(made["secret"])
    assert key.limits == Limits(rate_per_minute=3, max_queued=0)
    assert float(key.balance) == made["prepaid"] == 0.1
    assert "balance 0.1" in run(keys)


def test_limits_of_a_key_are_changed_one_by_one(store):
    key, _ = store.create_key("guest", limits=Limits(rate_per_minute=3, max_running=1))
    says = run(keys, "limit", "guest", "--queued", 7, "--rate", 0)
    assert store.key(key.id).limits == Limits(rate_per_minute=0, max_running=1, max_queued=7)
    assert "jobs a minute any number, at work 1, waiting 7" in says
    row = json.loads(run(keys, "limit", key.id[:6], "--running", "default", "--json"))
    assert (row["rate_per_minute"], row["max_running"], row["max_queued"]) == (0, None, 7)
    assert store.key(key.id).limits == Limits(rate_per_minute=0, max_queued=7)
    for word in ("-1", "many", "1.5"):
        assert CliRunner().invoke(keys, ["limit", "guest", "--rate", word]).exit_code == 2


def test_a_key_is_prepaid_topped_up_and_set_free(store):
    key, _ = store.create_key("guest")
    completed(store, key=key.id, price="0.25")
    assert "has spent 0.25 and may spend 4.75 more" in run(keys, "prepay", "guest", "5")
    row = json.loads(run(keys, "prepay", "guest", "0.1", "--add", "--json"))
    assert (row["prepaid"], row["spent"]) == (5.1, 0.25)
    assert store.balance(key.id) == Decimal("4.85")
    assert "as much as it wants" in run(keys, "prepay", "guest", "unlimited")
    assert store.balance(key.id) is None
    for words in (("1", "--add"), ("unlimited", "--add")):
        with pytest.raises(SettingsError, match="without --add"):
            run(keys, "prepay", "guest", *words)
    assert CliRunner().invoke(keys, ["prepay", "guest", "-5"]).exit_code == 2


def test_keys_are_renamed_and_revoked_by_name_or_id(store):
    key, secret = store.create_key("studio")
    assert "'ours'" in run(keys, "rename", "studio", "ours")
    assert "nothing any more" in run(keys, "revoke", key.id[:6])
    assert store.key_of(secret) is None
    assert "revoked" in run(keys)


def test_a_word_that_means_no_key_or_two_is_refused(store):
    store.create_key("twin")
    store.create_key("twin")
    for word, says in (("twin", "2 keys"), ("nobody", "no key"), ("", "no key")):
        with pytest.raises(KeyNotFound, match=says):
            run(keys, "revoke", word)


def test_without_keys_the_list_says_how_to_make_one(store):
    assert "punchin keys create" in run(keys)


def test_jobs_are_listed_and_filtered(store):
    key, _ = store.create_key("studio")
    done, failed = completed(store, key=key.id), begun(store, key=key.id)
    store.fail(failed.id, "a", BROKE)
    submitted(store)
    everything = json.loads(run(jobs, "--json"))
    assert [row["state"] for row in everything["items"]] == ["created", "failed", "completed"]
    assert [row["key"] for row in everything["items"]] == ["k", "studio", "studio"]
    ours = run(jobs, "--key", "studio", "--state", "failed")
    assert failed.id in ours
    assert "1405 the engine broke" in ours
    assert done.id not in ours
    assert json.loads(run(jobs, "list", "--page-size", 1, "--json"))["has_more"]


def test_a_job_is_shown_whole(store):
    job = completed(store)
    shown = json.loads(run(jobs, "show", job.id, "--json"))
    assert shown["spec"]["audio"] == job.spec.audio
    assert shown["result"]["generated_s"] == 7.5
    assert job.spec.audio in run(jobs, "show", job.id)
    with pytest.raises(JobNotFound):
        run(jobs, "show", "x")


def test_jobs_are_cancelled(store):
    waiting, working, done = submitted(store), begun(store), completed(store)
    assert "is cancelled" in run(jobs, "cancel", waiting.id)
    assert "asked to stop" in run(jobs, "cancel", working.id)
    assert "over already: completed" in run(jobs, "cancel", done.id)
    assert json.loads(run(jobs, "cancel", waiting.id, "--json"))["state"] == "cancelled"
    assert store.job(waiting.id).state is State.CANCELLED


def test_usage_adds_up(store):
    key, _ = store.create_key("studio")
    completed(store, key=key.id, seconds=7.5, price="0.0015")
    completed(store, seconds=2.5, price="0.0005")
    report = json.loads(run(usage, "--json"))
    assert report["total"] == {"requests": 2, "completed": 2, "seconds": 10.0, "cost": 0.002}
    assert [(row["key"], row["cost"]) for row in report["keys"]] == [("studio", 0.0015)]
    assert len(report["days"]) == len(report["models"]) == 1
    mine = run(usage, "--key", "studio", "--days", 7)
    assert "7.5 s  0.0015" in mine
    assert "all, 7 days" in mine


@pytest.mark.parametrize("command", [keys, jobs, usage])
def test_help_has_examples(command):
    assert "Examples:" in run(command, "--help")


def test_without_the_service_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "punchin.store", None)
    with pytest.raises(SettingsError, match=r"pip install 'punchin\[serve\]'"):
        run(keys)


def test_help_does_not_load_the_database():
    modules = ", ".join(f"punchin.cli.{name}" for name in ("keys", "jobs", "usage"))
    code = f"import sys, {modules}; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

import sqlite3
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from punchin.errors import KeyNotFound, NotAllowed, SettingsError, StoreError, UploadNotFound
from punchin.store import Limits, price_of
from punchin.store.tables import keys
from support.ledger import BROKE, MODEL, begun, completed, result, submitted


def test_a_secret_opens_its_key_and_no_other(store, clock):
    key, secret = store.create_key("studio")
    clock.pass_(seconds=1)
    other, _ = store.create_key("other")
    assert store.key_of(secret).id == key.id != other.id
    assert store.key_of(secret[:-1]) is None
    assert store.key_of("") is store.key_of("\0é\ud800") is None
    assert [one.name for one in store.keys()] == ["studio", "other"]  # noqa: SIM118


def test_a_secret_is_long_random_and_not_kept(store):
    key, secret = store.create_key("studio")
    assert secret.startswith("punchin_")
    assert int(secret.removeprefix("punchin_"), 16).bit_length() > 200
    with store.reading() as session:
        row = session.execute(select(keys)).one()
    assert secret not in str(row)
    assert key.hint == secret[-4:]


def test_the_database_file_does_not_hold_the_secret(store, tmp_path):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no file to look into")
    _, secret = store.create_key("studio")
    for file in tmp_path.rglob("punchin.db*"):
        assert secret.encode() not in file.read_bytes()


def test_a_secret_may_be_brought_along_again_and_again(store):
    key, secret = store.create_key("seed", secret="a-secret-from-outside")
    again, _ = store.create_key("seed anew", secret=secret)
    assert again == key
    assert store.key_of("a-secret-from-outside").id == key.id


@pytest.mark.parametrize(
    "secret", ["short", "fifteen-letters", "with spaces in it all", "ünïcode-is-not-sent"]
)
def test_a_weak_secret_is_refused(store, secret):
    with pytest.raises(SettingsError, match="16"):
        store.create_key("seed", secret=secret)
    assert store.keys() == []


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(store, clock):
    key, secret = store.create_key("studio")
    store.revoke(key.id)
    assert store.key_of(secret) is None
    assert [one.revoked_at for one in store.keys()] == [clock.time]  # noqa: SIM118
    with pytest.raises(SettingsError, match="revoked"):
        store.create_key("again", secret=secret)


def test_last_use_is_noted_once_a_minute(store, clock):
    key, secret = store.create_key("studio")
    first = clock.time
    store.key_of(secret)
    clock.pass_(seconds=59)
    store.key_of(secret)
    assert store.key(key.id).used_at == first
    clock.pass_(seconds=1)
    store.key_of(secret)
    assert store.key(key.id).used_at == clock.time


def test_a_full_disk_keeps_nobody_from_reading(store, monkeypatch):
    key, secret = store.create_key("studio")

    def no_room():
        raise StoreError("database or disk is full")

    monkeypatch.setattr(store, "writing", no_room)
    assert store.key_of(secret).id == key.id


def test_a_key_is_renamed_and_given_other_limits(store):
    key, _ = store.create_key("studio", limits=Limits(max_queued=5))
    assert store.rename_key(key.id, "ours").name == "ours"
    assert store.limit_key(key.id, Limits(rate_per_minute=3)).limits == Limits(rate_per_minute=3)
    server = Limits(rate_per_minute=60, max_running=2, max_queued=100)
    assert store.key(key.id).limits.or_else(server) == Limits(
        rate_per_minute=3, max_running=2, max_queued=100
    )


def test_a_limit_of_zero_is_not_the_servers(store):
    assert Limits(max_running=0).or_else(Limits(max_running=4)).max_running == 0


@pytest.mark.parametrize("change", ["revoke", "rename", "limit", "prepay", "read"])
def test_unknown_keys_are_refused(store, change):
    changes = {
        "revoke": lambda: store.revoke("x"),
        "rename": lambda: store.rename_key("x", "y"),
        "limit": lambda: store.limit_key("x", Limits()),
        "prepay": lambda: store.prepay_key("x", None),
        "read": lambda: store.key("x"),
    }
    with pytest.raises(KeyNotFound, match="keys list"):
        changes[change]()


def test_what_is_made_is_paid_from_the_balance(store):
    key, _ = store.create_key("studio", prepaid=Decimal("0.01"))
    assert store.balance(key.id) == Decimal("0.01")
    completed(store, key=key.id, seconds=7.5, price=price_of(7.5, 0.0002))
    assert store.balance(key.id) == store.key(key.id).balance == Decimal("0.0085")
    store.prepay_key(key.id, Decimal(1))
    assert store.balance(key.id) == Decimal("0.9985")
    store.prepay_key(key.id, None)
    assert store.balance(key.id) is store.balance("unknown") is None


def test_prices_are_exact():
    assert price_of(0.1, 0.2) == Decimal("0.02")
    assert price_of(512 * 8 / 44100, 0.0002) == Decimal("0.000018576")


def test_sums_of_prices_are_exact(store):
    for _ in range(10):
        completed(store, seconds=0.1, price=price_of(0.1, 1))
    assert store.usage_stats("k").cost == 1


def test_billings_list_what_was_paid(store, clock):
    key, _ = store.create_key("studio")
    first = completed(store, key=key.id)
    clock.pass_(hours=1)
    second = completed(store, key=key.id, model="punchin/tone/audio-inpaint", price=0)
    failed = begun(store, key=key.id)
    store.fail(failed.id, "a", BROKE)
    completed(store, key="other")
    page = store.billings(key.id)
    assert [one.job_id for one in page.items] == [second.id, first.id]
    assert [one.price for one in page.items] == [0, Decimal("0.0015")]
    assert {one.key_name for one in page.items} == {"studio"}
    assert [one.job_id for one in store.billings(key.id, end=clock.time).items] == [first.id]
    assert [one.job_id for one in store.billings(key.id, start=clock.time).items] == [second.id]
    assert [one.job_id for one in store.billings(key.id, model=MODEL).items] == [first.id]
    assert [one.key_name for one in store.billings("other").items] == [""]
    assert store.billings(None, page_size=2).has_more


def test_usage_adds_up_by_model_and_by_day(store, clock):
    clock.time = datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
    completed(store, seconds=1.0, price=1)
    clock.pass_(microseconds=1)
    completed(store, seconds=2.0, price=2)
    completed(store, seconds=4.0, price=4, model="punchin/tone/audio-inpaint")
    failed = begun(store)
    store.fail(failed.id, "a", BROKE)
    stats = store.usage_stats("k")
    assert (stats.requests, stats.completed, stats.seconds, stats.cost) == (4, 3, 7.0, 7)
    assert [(one.model, one.requests, one.completed, one.cost) for one in stats.models] == [
        ("punchin/tone/audio-inpaint", 1, 1, 4),
        (MODEL, 3, 2, 3),
    ]
    assert [(one.day, one.requests, one.cost) for one in stats.days] == [
        (date(2026, 2, 28), 1, 1),
        (date(2026, 3, 1), 3, 6),
    ]
    assert store.usage_stats("k", start=clock.time).requests == 3
    assert store.usage_stats("k", end=clock.time).requests == 1
    assert store.usage_stats("k", model=MODEL).cost == 3
    assert store.usage_stats("other").days == ()


def test_an_upload_is_announced_and_then_whole(store, clock):
    announced = store.create_upload("k", "My Song!.WAV", "audio/x-wav", 44)
    assert announced.file_key == f"up/{announced.id}/My-Song.wav"
    assert (announced.size, announced.bytes, announced.stored_at) == (44, None, None)
    whole = store.uploaded(announced.id, 44, "ab" * 32)
    assert (whole.bytes, whole.sha256, whole.stored_at) == (44, "ab" * 32, clock.time)
    assert store.upload(announced.id) == store.upload_at(announced.file_key) == whole


def test_an_upload_is_written_once(store):
    song = store.create_upload("k", "song.wav")
    store.uploaded(song.id, 44, "ab" * 32)
    with pytest.raises(NotAllowed, match="already"):
        store.uploaded(song.id, 45, "cd" * 32)
    assert store.upload(song.id).bytes == 44


def test_unknown_uploads_are_not_found(store):
    for look in (store.upload, store.upload_at, lambda one: store.uploaded(one, 1, "")):
        with pytest.raises(UploadNotFound):
            look("x")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\song.mp3", "song.mp3"),
        ("", "upload"),
        ("...", "upload"),
        ("\0.wav", "upload.wav"),
        ("a.b.flac", "a-b.flac"),
        ("song.verylong", "song-verylong"),
        ("x" * 500 + ".ogg", "x" * 60 + ".ogg"),
        ("ноты.mp3", "upload.mp3"),
    ],
)
def test_only_harmless_characters_of_a_name_come_into_the_files_key(store, name, key):
    song = store.create_upload("k", name)
    assert song.file_key == f"up/{song.id}/{key}"
    assert song.filename == name.replace("\0", "")


def test_sqlite_is_there():
    """The one bundled with Python must know RETURNING (3.35) and FILTER (3.30)."""
    assert sqlite3.sqlite_version_info >= (3, 35)


def test_a_message_is_written_with_the_end_of_its_job(store, clock):
    job = begun(store, webhook="https://example.org/hook")
    assert store.due_deliveries(clock.time) == []
    store.finish(job.id, "a", result())
    submitted(store)
    (message,) = store.due_deliveries(clock.time)
    assert (message.job_id, message.address, message.tries) == (job.id, "https://example.org/hook", 0)


def test_a_message_is_taken_up_by_one_sender_until_that_one_is_dead(store, clock):
    completed(store, webhook="https://example.org/hook")
    assert len(store.due_deliveries(clock.time, lease=timedelta(minutes=2))) == 1
    clock.pass_(seconds=119)
    assert store.due_deliveries(clock.time) == []
    clock.pass_(seconds=1)
    (again,) = store.due_deliveries(clock.time)
    assert again.tries == 1


def test_a_message_is_sent_again_until_it_arrives_or_is_given_up(store, clock):
    completed(store, webhook="https://example.org/1")
    completed(store, webhook="https://example.org/2")
    one, two = sorted(store.due_deliveries(clock.time), key=lambda message: message.address)
    store.delivery_failed(one.id, clock.time + timedelta(seconds=5), "500")
    store.delivery_failed(two.id, None, "gone")
    clock.pass_(seconds=5)
    (again,) = store.due_deliveries(clock.time)
    assert (again.id, again.tries) == (one.id, 1)
    store.delivery_done(one.id)
    store.delivery_failed(one.id, clock.time)
    clock.pass_(days=1)
    assert store.due_deliveries(clock.time) == []


def test_no_more_messages_are_taken_up_than_asked(store, clock):
    for _ in range(3):
        completed(store, webhook="https://example.org/hook")
    assert [len(store.due_deliveries(clock.time, 2)) for _ in range(3)] == [2, 1, 0]

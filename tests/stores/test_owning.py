from datetime import timedelta

import pytest

from punchin.errors import CallerError, Cancelled, JobNotFound
from punchin.job import State
from support.ledger import MODEL, begun, completed, result, submitted


def test_another_keys_job_is_not_there(store):
    job = submitted(store, key="k")
    assert store.job(job.id, key_id="k") == job
    with pytest.raises(JobNotFound):
        store.job(job.id, key_id="other")


def test_history_is_newest_first_in_pages(store, clock):
    jobs = []
    for _ in range(5):
        jobs.append(submitted(store))
        clock.pass_(seconds=1)
    submitted(store, key="other")
    newest = [job.id for job in reversed(jobs)]
    pages = [store.history("k", page=page, page_size=2) for page in (1, 2, 3, 4)]
    assert [[job.id for job in page.items] for page in pages] == [newest[:2], newest[2:4], newest[4:], []]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert len(store.history(None, page_size=100).items) == 6


def test_history_keeps_its_order_when_the_clock_stands_still(store):
    jobs = [submitted(store) for _ in range(4)]
    assert [job.id for job in store.history("k").items] == [job.id for job in reversed(jobs)]


def test_history_is_filtered(store, clock):
    first = completed(store)
    clock.pass_(hours=1)
    middle = clock.time
    second = submitted(store, model="punchin/tone/audio-inpaint")
    clock.pass_(hours=1)
    third = submitted(store)

    def ids(**filters):
        return [job.id for job in store.history("k", **filters).items]

    assert ids(model=MODEL) == [third.id, first.id]
    assert ids(state=State.CREATED) == [third.id, second.id]
    assert ids(created_after=middle) == [third.id, second.id]
    assert ids(created_before=middle) == [first.id]
    assert ids(created_after=middle, created_before=middle + timedelta(microseconds=1)) == [second.id]
    assert ids(model="no\0such") == []


@pytest.mark.parametrize("wrong", [{"page": 0}, {"page_size": 0}, {"page_size": 101}])
def test_pages_out_of_range_are_refused(store, wrong):
    with pytest.raises(CallerError, match=next(iter(wrong))):
        store.history("k", **wrong)


def test_a_page_far_behind_the_end_is_empty(store):
    submitted(store)
    assert store.history("k", page=10**30).items == ()
    assert store.billings("k", page=10**30).items == ()


def test_a_deleted_job_is_gone_and_its_files_are_named(store):
    job = completed(store)
    kept = completed(store)
    assert store.delete("k", [job.id, "unknown"]) == [result(job.id).outputs[0].key]
    assert store.delete("k", [job.id]) == []
    with pytest.raises(JobNotFound):
        store.job(job.id)
    with pytest.raises(JobNotFound):
        store.cancel(job.id)
    assert [one.id for one in store.history("k").items] == [kept.id]


def test_nobody_deletes_what_is_not_theirs(store):
    job = completed(store)
    assert store.delete("other", [job.id]) == []
    assert store.job(job.id).state is State.COMPLETED


def test_what_is_deleted_while_it_runs_is_stopped(store):
    waiting, running = submitted(store), begun(store)
    assert store.delete("k", [waiting.id, running.id]) == []
    assert store.backlog().waiting == 0
    with pytest.raises(Cancelled):
        store.progress(running.id, "a", "fill", 0.5)
    assert store.backlog().running == 0


def test_deleting_what_was_paid_does_not_pay_it_back(store):
    job = completed(store)
    before = store.usage_stats("k")
    store.delete("k", [job.id])
    assert store.usage_stats("k") == before


def test_the_name_of_a_deleted_request_is_free_again(store):
    job = submitted(store, name="n")
    store.delete("k", [job.id])
    assert submitted(store, name="n", takes=2).id != job.id


def test_the_sweeper_finds_what_is_past_its_keeping(store, clock):
    song = store.create_upload("k", "old.wav")
    old = completed(store)
    clock.pass_(days=8)
    new_song = store.create_upload("k", "new.wav")
    new, deleted = completed(store), completed(store)
    store.delete("k", [deleted.id])
    expired = store.expired(clock.time - timedelta(days=7))
    assert set(expired.jobs) == {old.id, deleted.id}
    assert expired.uploads == (song.id,)
    outputs = {result(job.id).outputs[0].key for job in (old, deleted)}
    assert set(expired.files) == outputs | {song.file_key}
    store.forget(expired)
    assert store.expired(clock.time - timedelta(days=7)).files == ()
    assert store.job(new.id)
    assert store.upload(new_song.id)
    with pytest.raises(JobNotFound):
        store.job(old.id)
    assert store.usage_stats("k").completed == 3


def test_what_is_needed_never_expires(store, clock):
    song = store.create_upload("k", "song.wav")
    waiting = submitted(store, audio=f"upload:{song.file_key}")
    running = begun(store)
    clock.pass_(days=400)
    assert store.expired(clock.time) == type(store.expired(clock.time))((), (), ())
    store.cancel(waiting.id)
    store.delete("k", [running.id])
    clock.pass_(seconds=1)
    assert store.expired(clock.time).uploads == (song.id,)
    assert store.expired(clock.time).jobs == (waiting.id,)


def test_a_deleted_job_waits_for_its_message(store, clock):
    job = completed(store, webhook="https://example.org/hook")
    store.delete("k", [job.id])
    assert store.expired(clock.time - timedelta(days=7)).jobs == ()
    (message,) = store.due_deliveries(clock.time)
    store.delivery_done(message.id)
    assert store.expired(clock.time - timedelta(days=7)).jobs == (job.id,)


def test_the_sweeper_takes_no_more_than_it_is_told(store, clock):
    for _ in range(3):
        completed(store)
    clock.pass_(days=1)
    assert len(store.expired(clock.time, limit=2).jobs) == 2

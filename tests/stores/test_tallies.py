from datetime import timedelta

import pytest

from punchin.job import State
from support.ledger import BROKE, begun, completed, submitted


def ends(store, **span):
    """State and code to how many, and their seconds."""
    return {(each.state, each.code): (each.count, each.seconds) for each in store.tallies(**span)}


def test_every_end_is_in_the_books_for_good(store, clock):
    for seconds in (7.5, 2.5):
        completed(store, seconds=seconds)
    store.fail(begun(store).id, "a", BROKE)
    gone = submitted(store)
    store.cancel(gone.id)
    wanted = {
        (State.COMPLETED, None): (2, 10.0),
        (State.FAILED, BROKE.code): (1, 0.0),
        (State.CANCELLED, None): (1, 0.0),
    }
    assert ends(store) == wanted
    assert {each.engine for each in store.tallies() if each.state is State.COMPLETED} == {"tone"}
    clock.pass_(days=8)
    store.forget(store.expired(clock()))
    assert store.ended(clock() - timedelta(days=9)) == []
    assert ends(store) == wanted


def test_two_spans_that_meet_count_each_end_once(store, clock):
    for _ in range(3):
        completed(store)
        clock.pass_(seconds=1)
    for cut in (clock() - timedelta(seconds=each) for each in range(5)):
        spans = ends(store, before=cut), ends(store, since=cut)
        assert sum(span.get((State.COMPLETED, None), (0, 0))[0] for span in spans) == 3


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_who_asks_again_for_what_is_not_known_hears_of_each_end_once(store, clock, limit):
    began = clock()
    jobs = [begun(store) for _ in range(5)]
    known = []
    for job in (jobs[3], jobs[0], jobs[4]):
        store.fail(job.id, "a", BROKE)
        clock.pass_(seconds=1)
        while found := store.ended(began, known, limit):
            known += [each.id for each in found]
    clock.jump(seconds=-30)  # a machine whose clock is behind
    store.fail(jobs[1].id, "a", BROKE)
    store.delete("k", [jobs[1].id])
    assert store.ended(began, known) == []
    [late] = store.ended(began - timedelta(minutes=1), known)
    assert known == [jobs[each].id for each in (3, 0, 4)]
    assert late.id == jobs[1].id

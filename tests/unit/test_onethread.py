"""One BLAS thread within, whatever there was before, and as it was afterwards."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from punchin.onethread import one_thread


def threads():
    """How many threads BLAS uses, for each library that is loaded."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads():
    with threadpool_limits(3, user_api="blas"):
        yield


def test_one_within_and_as_before_afterwards():
    with one_thread():
        assert threads() == {1}
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {3}


def test_an_error_lifts_it_too():
    with pytest.raises(ValueError, match="no"), one_thread():
        raise ValueError("no")
    assert threads() == {3}


def test_the_first_to_leave_does_not_lift_it_for_another():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        assert entered.wait(10)
    assert threads() == {1}
    leave.set()
    thread.join(10)
    assert threads() == {3}

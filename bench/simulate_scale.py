"""The service as a discrete simulation: from one worker to thousands, where no such machines are at hand.

    python bench/simulate_scale.py [--gpus 1 10 100 1000] [--job 10] [--load 0.8] [--minutes 20]
    python bench/simulate_scale.py --check      the rows of bench/scale.py, to be compared with measured ones

Needs SimPy (MIT, in the dev group). What is simulated: clients whose jobs come at random (Poisson) to API
processes with one core each; a database that does a number of transactions at once, each of a given length;
workers that look for a job at intervals, do what is around an edit, wait for the engine and report. Every
look, report, heartbeat and end is a transaction. Not simulated: failures, the network, and how a
database gets slower before it is full.

The times are measured ones (docs/performance.md; docs/scale.md says which), and are given in `Times`.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import simpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What things take, in seconds, and how often they happen.

    Attributes:
        submit_cpu_s: of an API process for one submit.
        look_cpu_s: of an API process for one status request; each client asks every `ask_s`.
        transaction_s: how long one transaction keeps one of the database's `at_once` places.
        job_transactions: of one job, from submit to end, without looks, beats and questions.
        look_transactions: of one look of a worker into the line; it looks while it works, too.
        poll_s: between two looks of an idle worker.
        beat_s: between two signs of life.
        around_s: of a job, beside the engine: fetching, cutting, joining, proving, storing.
    """

    submit_cpu_s: float = 0.0085
    look_cpu_s: float = 0.0058
    ask_s: float = 2.0
    transaction_s: float = 0.001
    at_once: int = 8
    job_transactions: int = 38
    look_transactions: float = 4.0
    poll_s: float = 0.1
    beat_s: float = 2.0
    around_s: float = 0.3


SQLITE = Times(transaction_s=0.002, at_once=1)
"""One writer at a time."""
POSTGRESQL = Times()


@dataclass(slots=True)
class Seen:
    """What came out: times in seconds, counts."""

    submits_s: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    done: int = 0
    busy_s: float = 0.0
    transactions: int = 0
    first_s: float = float("inf")
    last_s: float = 0.0


class Service:
    """The parts of one service.

    Args:
        workers, apis: how many there are.
        job_s: what the engine takes for one job.
        times: what the rest takes.
        seed: of all that is random; the same gives the same run.
    """

    def __init__(self, *, workers: int, apis: int, job_s: float, times: Times, seed: int = 1) -> None:
        self.world = simpy.Environment()
        self.times, self.job_s, self.seen = times, job_s, Seen()
        self.dice = random.Random(seed)
        self.api = simpy.Resource(self.world, capacity=apis)
        self.database = simpy.Resource(self.world, capacity=times.at_once)
        self.line: list[float] = []
        for _ in range(workers):
            self.world.process(self._worker())
            self.world.process(self._beats())

    def _transactions(self, count: float) -> Iterator[simpy.Event]:
        """So many transactions one after the other, held as one: the simulation is faster, and as long."""
        with self.database.request() as place:
            yield place
            self.seen.transactions += round(count)
            yield self.world.timeout(count * self.times.transaction_s)

    def submit(self) -> Iterator[simpy.Event]:
        """One submit, until it is accepted."""
        began = self.world.now
        with self.api.request() as core:
            yield core
            yield self.world.timeout(self.times.submit_cpu_s)
        yield from self._transactions(1)
        self.seen.submits_s.append(self.world.now - began)
        self.line.append(self.world.now)
        self.world.process(self._questions())

    def _questions(self) -> Iterator[simpy.Event]:
        """A client that asks for its job's state while it waits; it stops when about that long is over."""
        until = self.world.now + self.job_s + self.times.around_s
        while self.world.now < until:
            yield self.world.timeout(self.times.ask_s)
            with self.api.request() as core:
                yield core
                yield self.world.timeout(self.times.look_cpu_s)
            yield from self._transactions(1)

    def arrivals(self, per_s: float, until_s: float) -> Iterator[simpy.Event]:
        """Jobs that come at random."""
        while self.world.now < until_s:
            yield self.world.timeout(self.dice.expovariate(per_s))
            self.world.process(self.submit())

    def _beats(self) -> Iterator[simpy.Event]:
        yield self.world.timeout(self.dice.uniform(0, self.times.beat_s))
        while True:
            yield from self._transactions(1)
            yield self.world.timeout(self.times.beat_s)

    def _worker(self) -> Iterator[simpy.Event]:
        yield self.world.timeout(self.dice.uniform(0, self.times.poll_s))
        while True:
            yield from self._transactions(self.times.look_transactions)
            if not self.line:
                yield self.world.timeout(self.times.poll_s)
                continue
            yield from self._job(self.line.pop(0))

    def _job(self, accepted_s: float) -> Iterator[simpy.Event]:
        began = self.world.now
        self.seen.waits_s.append(began - accepted_s)
        self.seen.first_s = min(self.seen.first_s, began)
        looking = self.world.process(self._looks_while_at_work(began + self.job_s + self.times.around_s))
        yield self.world.timeout(self.job_s + self.times.around_s)
        yield from self._transactions(self.times.job_transactions - 1)
        yield looking
        self.seen.done += 1
        self.seen.busy_s += self.job_s
        self.seen.last_s = self.world.now

    def _looks_while_at_work(self, until_s: float) -> Iterator[simpy.Event]:
        while self.world.now + self.times.poll_s < until_s:
            yield self.world.timeout(self.times.poll_s)
            yield from self._transactions(self.times.look_transactions)


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def table(gpus: Sequence[int], job_s: float, load: float, minutes: float, polls_s: Sequence[float]) -> None:
    print(f"jobs of {job_s:g} s at {load:.0%} of what the workers could do; {minutes:g} minutes; PostgreSQL")
    print(
        f"{'GPUs':>6}{'APIs':>6}{'poll s':>8}{'jobs/s':>9}{'asked':>8}{'wait p50 s':>12}{'p99 s':>9}"
        f"{'submit p99 ms':>15}{'transactions/s':>16}{'busy':>7}"
    )
    for count in gpus:
        for poll_s in polls_s:
            times = replace(POSTGRESQL, poll_s=poll_s)
            asked = load * count / (job_s + times.around_s)
            apis = max(
                1, round(asked * (times.submit_cpu_s + times.look_cpu_s * job_s / times.ask_s) / 0.5 + 0.5)
            )
            service = Service(workers=count, apis=apis, job_s=job_s, times=times)
            service.world.process(service.arrivals(asked, minutes * 60))
            service.world.run(until=minutes * 60)
            seen = service.seen
            print(
                f"{count:>6}{apis:>6}{poll_s:>8g}{seen.done / (minutes * 60):>9.2f}{asked:>8.2f}"
                f"{quantile(seen.waits_s, 0.5):>12.2f}{quantile(seen.waits_s, 0.99):>9.2f}"
                f"{1000 * quantile(seen.submits_s, 0.99):>15.0f}{seen.transactions / (minutes * 60):>16.0f}"
                f"{seen.busy_s / (count * minutes * 60):>7.0%}",
                flush=True,
            )


def check(cost_s: float, rounds: int, poll_s: float, around_s: float) -> None:
    """What bench/scale.py measures: so many rounds of jobs, all there from the begin."""
    print(f"an engine of {cost_s:g} s, {rounds} jobs for each worker, {around_s:g} s around each")
    print(f"{'database':<12}{'workers':>8}{'jobs/s':>9}{'efficiency':>12}")
    for name, times in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
        for workers in (1, 2, 4, 8):
            chosen = replace(times, poll_s=poll_s, around_s=around_s)
            service = Service(workers=workers, apis=1, job_s=cost_s, times=chosen)
            for _ in range(rounds * workers):
                service.world.process(service.submit())
            while service.seen.done < rounds * workers:
                service.world.step()
            took_s = service.seen.last_s - service.seen.first_s
            efficiency = rounds * cost_s / took_s
            print(f"{name:<12}{workers:>8}{rounds * workers / took_s:>9.3f}{efficiency:>12.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--job", type=float, default=10.0, help="seconds that the engine takes for a job")
    parser.add_argument("--load", type=float, default=0.8, help="jobs that come, of those that could be done")
    parser.add_argument("--minutes", type=float, default=20.0, help="simulated time of each row")
    parser.add_argument("--polls", type=float, nargs="+", default=[0.1, 1.0])
    parser.add_argument("--check", action="store_true", help="simulate the runs of bench/scale.py")
    parser.add_argument("--cost", type=float, default=20.0, help="as in bench/scale.py")
    parser.add_argument("--rounds", type=int, default=3, help="as in bench/scale.py")
    parser.add_argument("--around", type=float, default=0.3, help="seconds around the engine in the check")
    given = parser.parse_args()
    if given.check:
        check(given.cost, given.rounds, 0.5, given.around)
    else:
        table(given.gpus, given.job, given.load, given.minutes, given.polls)


if __name__ == "__main__":
    main()

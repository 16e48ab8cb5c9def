# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of cases: which fault affects which call, and which process gets which signal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from emulator.faults import KINDS as ALL_KINDS

from .patches import PATCHES
from .scenarios import ASSUME_ROLE, EXECUTE, IDS, PRODUCT, RECORD, SCENARIOS, SEARCH, TIMEOUT, Scenario

OPTIONS: dict[str, dict[str, Any]] = {
    "date": {"date": ""},
    "slow": {"seconds": 0.3},
    "trickle": {"seconds": 0.0001},
    "rate_limit": {"per_second": 0.05},
    "redirect": {"location": "http://127.0.0.1:9/", "status": 307},
    "page": {"status": 403},
}
# Replaced responses have cases of their own; test_hostile_input.py has those with arbitrary ones.
KINDS = [kind for kind in ALL_KINDS if kind != "replaced"]
# One fault of each sort: a transient refusal, a permanent refusal, a lost response and a malformed response.
SORTS = ("throttling", "expired_token", "reset_after", "truncated")
MORE = (*SORTS, "access_denied", "reset_before", "internal_after", "hang")
# How STS, or a proxy in front of it, fails to renew credentials.
STS_KINDS = ("access_denied", "throttling", "internal", "hang", "slow", "reset_before", "truncated", "garbage", "empty")
# The times in which the service fails, in seconds after the start; an action takes 10.
WINDOWS = ((0.0, 15.0), (1.0, 40.0), (1.0, TIMEOUT + 60.0))
THREADS = (0, 1, 3)


@dataclass(frozen=True)
class Fault:
    """A kind of fault on an operation: on the calls with these numbers, counted from 1, or on every call.

    With a product, only calls about it are affected; with a window, only those within these seconds from now. `patch`
    is the name of the members of a replaced response.
    """

    operation: str
    kind: str
    calls: tuple[int, ...] | None = None
    product: str | None = None
    window: tuple[float, float] | None = None
    patch: str = ""

    def options(self, now: float) -> dict[str, Any]:
        """Return the options of the fault for the emulator's control API."""
        options = dict(OPTIONS.get(self.kind, {}))
        if self.patch:
            options["members"] = PATCHES[self.operation][self.patch]
        if self.calls is not None and self.kind != "rate_limit":
            options["calls"] = list(self.calls)
        if self.product:
            options["product"] = self.product
        if self.window:
            options["between"] = [now + seconds for seconds in self.window]
        return options

    def __str__(self) -> str:
        which = "each" if self.calls is None else "+".join(map(str, self.calls))
        window = "{:g}to{:g}".format(*self.window) if self.window else None
        return ".".join(filter(None, (self.operation, self.product, which, window, self.kind, self.patch)))


@dataclass(frozen=True)
class Case:
    """A scenario and the faults that affect it.

    `assumes_role`: its credentials are those of a role, and are renewed before each request. `threads` is the number of
    threads that the process can start.
    """

    scenario: Scenario
    faults: tuple[Fault, ...] = ()
    assumes_role: bool = False
    threads: int | None = None

    def __str__(self) -> str:
        limit = [] if self.threads is None else [f"{self.threads}threads"]
        return "-".join([self.scenario.name, *map(str, self.faults), *limit])


@dataclass(frozen=True)
class Kill:
    """A signal to the playbook, to its whole process tree or to the module alone, while a task or the role runs."""

    what: str
    who: str
    signal: str

    def __str__(self) -> str:
        return f"{self.what}-{self.who}-{self.signal}"


def singles() -> Iterator[Case]:
    """Yield every fault on the first call of each operation of each scenario, and one of each sort on every call."""
    for scenario in SCENARIOS:
        for operation in scenario.operations:
            yield from (Case(scenario, (Fault(operation, kind, (1,)),)) for kind in KINDS if kind != "rate_limit")
            yield from (Case(scenario, (Fault(operation, kind),)) for kind in ("rate_limit", "hang", "trickle", *SORTS))
        if scenario.busy:
            # The start that is sent again once its product is available.
            again = (len(scenario.targets) + 1,)
            yield from (Case(scenario, (Fault(EXECUTE, kind, again),)) for kind in KINDS if kind != "rate_limit")


def pairs() -> Iterator[Case]:
    """Yield pairs of faults on a write and its retry, and on consecutive operations of scenarios that run or wait."""
    for scenario in SCENARIOS:
        if not (scenario.targets or scenario.module == "record_wait"):
            continue
        slots = [(operation, (1,)) for operation in scenario.operations]
        if EXECUTE in scenario.operations:
            slots.insert(0, (EXECUTE, (2,)))
        kinds = MORE if scenario.name == "one" else SORTS
        for (first, second), (one, other) in product(zip(slots, slots[1:]), product(kinds, kinds)):
            yield Case(scenario, (Fault(first[0], one, first[1]), Fault(second[0], other, second[1])))


def partial_outages() -> Iterator[Case]:
    """Yield faults on all calls about one of many products, and on all calls in a time window of a wait."""
    for scenario in SCENARIOS:
        if len(scenario.targets) > 1 or scenario.records > 1:
            yield from (Case(scenario, (Fault("*", kind, product=IDS[1]),)) for kind in MORE)
        if scenario.targets or scenario.module == "record_wait":
            for kind, window in product(MORE, WINDOWS):
                yield Case(scenario, (Fault("*", kind, window=window),))


def patched_responses() -> Iterator[Case]:
    """Yield each patch of each operation of each scenario, on its first call and on every call."""
    for scenario in SCENARIOS:
        for operation in scenario.operations:
            for patch, calls in product(PATCHES[operation], ((1,), None)):
                yield Case(scenario, (Fault(operation, "replaced", calls, patch=patch),))


def role_sessions() -> Iterator[Case]:
    """Yield faults on the first, a later and every renewal of credentials, also between a lost start and its retry."""
    for scenario in SCENARIOS:
        for kind, calls in product(STS_KINDS, ((1,), (2, 3), None)):
            if (kind, calls) != ("slow", None):  # This takes seconds; renewals that hang test the same.
                yield Case(scenario, (Fault(ASSUME_ROLE, kind, calls),), assumes_role=True)
        if scenario.operations[0] == EXECUTE:
            for kind in STS_KINDS:
                lost, renewal = Fault(EXECUTE, "reset_after", (1,)), Fault(ASSUME_ROLE, kind, (2,))
                yield Case(scenario, (lost, renewal), assumes_role=True)


def thread_limits() -> Iterator[Case]:
    """Yield each limit of threads with each scenario, alone and with a lost and with a malformed response."""
    for scenario, threads in product(SCENARIOS, THREADS):
        yield Case(scenario, threads=threads)
        for kind in ("reset_after", "truncated"):
            yield Case(scenario, (Fault(scenario.operations[0], kind, (1,)),), threads=threads)


def inventory_cases() -> Iterator[Case]:
    """Yield every fault on the inventory plugin's first page, one of each sort on every page, and pairs of faults."""
    scenario = Scenario("inventory", "provisioned_products", (SEARCH,), {})
    yield from (Case(scenario, (Fault(SEARCH, kind, (1,)),)) for kind in KINDS if kind != "rate_limit")
    yield from (Case(scenario, (Fault(SEARCH, kind),)) for kind in MORE)
    for one, other in product(SORTS, SORTS):
        yield Case(scenario, (Fault(SEARCH, one, (1,)), Fault(SEARCH, other, (1,))))


def role_cases() -> Iterator[Case]:
    """Yield a fault of each sort on every start of the role, some on every read, and a pair on a start and a poll."""
    scenario = Scenario("role", "run_service_action", (EXECUTE, PRODUCT, RECORD), {}, (IDS[0],))
    yield from (Case(scenario, (Fault(EXECUTE, kind),)) for kind in SORTS)
    yield from (
        Case(scenario, (Fault(each, kind),)) for each in (PRODUCT, RECORD) for kind in ("throttling", "truncated")
    )
    yield Case(scenario, (Fault(EXECUTE, "reset_after", (1,)), Fault(RECORD, "reset_after", (1,))))


SINGLES, PAIRS, INVENTORY, ROLE = list(singles()), list(pairs()), list(inventory_cases()), list(role_cases())
PARTIAL, PATCHED = list(partial_outages()), list(patched_responses())
SESSIONS, LIMITED = list(role_sessions()), list(thread_limits())
KILLS = [
    *(Kill("one", who, name) for who in ("playbook", "tree", "module") for name in ("KILL", "TERM", "INT")),
    *(Kill("busy", who, name) for who, name in [("tree", "KILL"), ("module", "TERM")]),
    *(Kill("many", who, name) for who, name in [("playbook", "INT"), ("module", "TERM")]),
    *(Kill("role", who, name) for who, name in [("tree", "KILL"), ("module", "INT")]),
]

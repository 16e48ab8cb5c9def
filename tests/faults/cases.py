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

from .scenarios import EXECUTE, IDS, PRODUCT, RECORD, SCENARIOS, SEARCH, Scenario

OPTIONS: dict[str, dict[str, Any]] = {
    "date": {"date": ""},
    "slow": {"seconds": 0.3},
    "trickle": {"seconds": 0.0001},
    "rate_limit": {"per_second": 0.05},
    "redirect": {"location": "http://127.0.0.1:9/", "status": 307},
}
# Replaced responses have their own tests, in test_hostile_input.py.
KINDS = [kind for kind in ALL_KINDS if kind != "replaced"]
# One fault of each sort: a transient refusal, a permanent refusal, a lost response and a malformed response.
SORTS = ("throttling", "expired_token", "reset_after", "truncated")
MORE = (*SORTS, "access_denied", "reset_before", "internal_after", "hang")


@dataclass(frozen=True)
class Fault:
    """A kind of fault on an operation: on the calls with these numbers, counted from 1, or on every call."""

    operation: str
    kind: str
    calls: tuple[int, ...] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The options of the fault for the emulator's control API."""
        which = {} if self.calls is None or self.kind == "rate_limit" else {"calls": list(self.calls)}
        return {**OPTIONS.get(self.kind, {}), **which}

    def __str__(self) -> str:
        which = "each" if self.calls is None else "+".join(map(str, self.calls))
        return f"{self.operation}.{which}.{self.kind}"


@dataclass(frozen=True)
class Case:
    """A scenario and the faults that affect it."""

    scenario: Scenario
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return "-".join([self.scenario.name, *map(str, self.faults)])


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
            yield from (Case(scenario, (Fault(operation, kind),)) for kind in ("rate_limit", "hang", *SORTS))


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
KILLS = [
    *(Kill("one", who, name) for who in ("playbook", "tree", "module") for name in ("KILL", "TERM", "INT")),
    *(Kill("many", who, name) for who, name in [("playbook", "INT"), ("module", "TERM")]),
    *(Kill("role", who, name) for who, name in [("tree", "KILL"), ("module", "INT")]),
]

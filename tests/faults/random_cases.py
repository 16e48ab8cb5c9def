# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random cases, drawn from a seed: a world, a task, and faults and signals for the first runs of the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Callable

from emulator import Control

from .attempts import ENDS
from .cases import KINDS, Fault
from .invariants import Run, is_done, violations
from .patches import PATCHES
from .scenarios import (
    ACTIONS,
    ASSUME_ROLE,
    EXECUTE,
    HISTORY,
    PRODUCT,
    RECORD,
    RESTART,
    SEARCH,
    Scenario,
    world_of,
)

CHANGE = "change-1"
BROKEN = {"ends": "FAILED", "errors": [{"code": "Broken", "description": "It broke."}]}
FIXED: dict[str, Any] = {"ends": "SUCCEEDED", "errors": []}
OPERATIONS = (EXECUTE, EXECUTE, EXECUTE, RECORD, RECORD, HISTORY, PRODUCT, SEARCH, ACTIONS, "*")
# A real process really sleeps before retries and waits for calls that hang, so it gets few retries and no hangs.
SLOW_KINDS = ("hang", "rate_limit")
FEW_RETRIES = {"retries": {"mode": "standard", "total_max_attempts": 2}}
# Those after which the module returns a result are drawn twice as often.
SIGNALS = (*[("TERM", "module"), ("HUP", "module")] * 2, ("TERM", "tree"), ("KILL", "tree"), ("KILL", "module"))


@dataclass(frozen=True)
class Signal:
    """A signal to the module or to the whole process tree, after this number of starts and polls."""

    name: str
    who: str
    calls: int


@dataclass(frozen=True)
class Disturbance:
    """The faults of one run; in this process, its signal comes when the module checks for one the n-th time."""

    faults: tuple[Fault, ...]
    signal: Signal | None = None
    threads: int | None = None
    assumes_role: bool = False
    retry_failed: bool = False


@dataclass(frozen=True)
class RandomCase:
    """A task in a world, and the disturbances of its first runs; the runs after them are undisturbed.

    `pauses` are the emulator's seconds between the disturbed runs, and `rest` those between the others, longer than any
    action takes. `failures` is the number of attempts that fail before one succeeds, by product; if empty, nothing is
    retried.
    """

    seed: int
    world: dict[str, Any]
    scenario: Scenario
    disturbances: tuple[Disturbance, ...]
    pauses: tuple[float, ...]
    rest: float
    failures: Mapping[str, int] = field(default_factory=dict)

    def retries(self, *, retry_failed: bool) -> RandomCase:
        """Return the case of a run with or without retry_failed."""
        if not self.failures:
            return self
        given = {**self.scenario.given, "retry_failed": retry_failed}
        return replace(self, scenario=replace(self.scenario, given=given))


def draw(seed: int, *, in_process: bool = True) -> RandomCase:
    """Return the case of a seed, for runs in this process on a simulated clock or for real processes."""
    chance = Random(seed)
    count = chance.choice((1, 3, 8, 30) if in_process else (4, 8)) + chance.randrange(3)
    ids = [f"pp-{number:03}" for number in range(count)]
    # In seconds, which are real ones for processes.
    unit = 1.0 if in_process else 0.03
    runs = {each: _draw_run(chance, unit) for each in ids}
    switches = {
        "page_size": chance.choice((None, 2, 7)),
        "history_order": chance.choice(("newest", "oldest", "random")),
        "replay_detail": chance.choice(("current", "original")),
        "product_status_while_running": chance.choice(("AVAILABLE", "UNDER_CHANGE")),
        "describable_after": chance.choice((0.0, 5 * unit)),
        "describe_lag": chance.choice((0.0, 0.0, 3 * unit)),
        "session_seconds": chance.choice((60, 700, 3600)),
    }
    scenario = _draw_scenario(chance, ids, in_process=in_process)
    disturbed = range(chance.randint(1, 4 if in_process else 2))
    disturbances = tuple(_draw_disturbance(chance, ids, in_process=in_process) for _run in disturbed)
    pauses = tuple(chance.choice((0.0, 4.0, 30.0, 300.0)) for _run in disturbed)
    failures = {}
    if scenario.runs_actions and chance.random() < 0.5:
        failures = {each: chance.choice((0, 0, 0, 0, 1, 2)) for each in ids}
        runs = {each: {**run, **(BROKEN if failures[each] else FIXED)} for each, run in runs.items()}
        disturbances = tuple(replace(each, retry_failed=chance.random() < 0.7) for each in disturbances)
    busy = {}
    if scenario.targets and chance.random() < 0.5:
        busy = {each: unit * chance.uniform(5, 100) for each in ids if chance.random() < 0.3}
        scenario = replace(scenario, given={**scenario.given, "wait_until_available": True})
        switches["replay_while_busy"] = chance.choice(("accept", "refuse"))
    # Processes use the real clock, which the emulator's must match within 15 minutes.
    rest = 500.0 if in_process else 15.0
    return RandomCase(seed, world_of(runs, switches, busy), scenario, disturbances, pauses, rest, failures)


def run_until_done(
    case: RandomCase, run_once: Callable[..., Run], emulator: Control, *, most_runs: int, **params: Any
) -> list[str]:
    """Run a case's task, at first with disturbances and then until it is done, and return the violations."""
    runs = []
    ends = ("SUCCEEDED",) if case.failures else ENDS
    for disturbance, pause in zip(case.disturbances, case.pauses):
        runs.append(run_once(case.retries(retry_failed=disturbance.retry_failed), disturbance, **params))
        emulator.clear_faults()
        emulator.advance(pause)
        _fix_causes(case, emulator)
    emulator.advance(case.rest)
    for _number in range(most_runs + sum(case.failures.values())):
        runs.append(run_once(case.retries(retry_failed=True), Disturbance(()), **params))
        emulator.advance(case.rest)
        _fix_causes(case, emulator)
        if done := is_done(runs[-1], emulator.records(), ends):
            break
    found = list(violations(runs, emulator.records()))
    message = (runs[-1].result or {}).get("msg")
    return found if done else [*found, f"after {len(runs)} runs it is not done: {message}"]


def _fix_causes(case: RandomCase, emulator: Control) -> None:
    """Let the action succeed on the products on which it has failed as often as it should."""
    started = Counter(record["ProvisionedProductId"] for record in emulator.records())
    for product in case.world["provisioned_products"]:
        if product["id"] in case.failures and started[product["id"]] >= case.failures[product["id"]]:
            emulator.update_product(product["id"], run={**product["run"], **FIXED})


def _draw_run(chance: Random, unit: float) -> dict[str, Any]:
    seconds = unit * (chance.uniform(150, 400) if chance.random() < 0.1 else chance.uniform(1, 40))
    return {"seconds": seconds, **(BROKEN if chance.random() < 0.1 else {"outputs": {"First": "1"}})}


def _draw_scenario(chance: Random, ids: list[str], *, in_process: bool) -> Scenario:
    names = [each.replace("pp-", "web-") for each in ids]
    timeout = chance.choice((10, 30, 120) if in_process else (2, 5))
    given: dict[str, Any] = {"wait_timeout": timeout, "wait_delay": chance.choice((None, 3.0)) if in_process else 0.2}
    if not in_process or chance.random() < 0.5:
        given["aws_config"] = FEW_RETRIES
    module = chance.choices(
        ("service_action_bulk", "service_action", "record_wait"), (7, 2, 1) if in_process else (10, 1, 1)
    )[0]
    if module == "record_wait":
        return Scenario("random", module, (), {**given, "record_ids": len(ids)}, records=len(ids))
    given |= {"change_id": CHANGE, "wait": chance.random() < 0.8}
    given |= chance.choice(({"service_action_id": RESTART}, {"service_action_name": "Restart"}))
    if module == "service_action":
        given |= chance.choice(({"provisioned_product_id": ids[0]}, {"provisioned_product_name": names[0]}))
        return Scenario("random", module, (), given, tuple(ids[:1]))
    given |= chance.choice(
        (
            {"provisioned_product_ids": ids},
            {"provisioned_product_names": names},
            {"search_query": ["web"]},
            {"targets": [{"provisioned_product_id": each, "parameters": {"Mode": each}} for each in ids]},
        )
    )
    given["max_concurrency"] = chance.choice(("1", "2", "5", "20%", "50") if in_process else ("1", "2", "50"))
    given["max_errors"] = chance.choice(("0", "1", "3", "10%", "100%"))
    given["return_outputs"] = chance.choice(("failures", "all"))
    return Scenario("random", module, (), given, tuple(ids))


def _draw_disturbance(chance: Random, ids: list[str], *, in_process: bool) -> Disturbance:
    faults = tuple(_draw_fault(chance, ids, in_process=in_process) for _fault in range(chance.randint(0, 3)))
    signal = None
    if chance.random() < (0.25 if in_process else 0.8):
        name, who = chance.choice(SIGNALS if not in_process else (("TERM", "module"), ("KILL", "module")))
        signal = Signal(name, who, chance.randint(1, 30 if in_process else 4))
    if not in_process:
        return Disturbance(faults, signal)
    threads = chance.choice((0, 1, 5)) if chance.random() < 0.1 else None
    return Disturbance(faults, signal, threads, assumes_role=chance.random() < 0.2)


def _draw_fault(chance: Random, ids: list[str], *, in_process: bool) -> Fault:
    operation = chance.choice((*OPERATIONS, ASSUME_ROLE) if in_process else OPERATIONS)
    if operation in PATCHES and chance.random() < 0.15:
        return Fault(operation, "replaced", **_draw_calls(chance, ids), patch=chance.choice(sorted(PATCHES[operation])))
    kinds = KINDS if in_process else [kind for kind in KINDS if kind not in SLOW_KINDS]
    return Fault(operation, chance.choice(kinds), **_draw_calls(chance, ids))


def _draw_calls(chance: Random, ids: list[str]) -> dict[str, Any]:
    """Return which calls a fault affects: members of Fault."""
    begin = chance.uniform(0, 30)
    return chance.choice(
        (
            {},
            {"calls": tuple(sorted(chance.sample(range(1, 20), 3)))},
            {"calls": tuple(range(1, chance.randint(2, 10)))},
            {"product": chance.choice(ids)},
            {"window": (begin, begin + chance.uniform(1, 100))},
        )
    )

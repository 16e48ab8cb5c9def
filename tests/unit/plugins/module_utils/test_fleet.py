# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets start next: by tables, and by whatever hypothesis thinks of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils import _fleet, _targets
from ansible_collections.selfservice.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.selfservice.aws.plugins.module_utils._fleet import Budget, Fleet
from ansible_collections.selfservice.aws.plugins.module_utils._types import Reference
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "total", "least", "count"),
    [
        ("50", 10, 1, 50),
        ("10%", 1000, 1, 100),
        ("10%", 15, 1, 1),
        ("1%", 5, 1, 1),
        ("1%", 5, 0, 0),
        ("0%", 5, 0, 0),
        ("0", 5, 0, 0),
        ("100%", 7, 1, 7),
        (" 10% ", 20, 0, 2),
        ("10%", 0, 1, 1),
    ],
)
def test_a_count_or_a_percentage_rounded_down(text: str, total: int, least: int, count: int) -> None:
    assert _fleet.as_count("max_concurrency", text, total, least=least) == count


@pytest.mark.parametrize(
    ("text", "least"), [("0", 1), ("0%", 1), ("101%", 0), ("-1", 0), ("1.5", 0), ("ten", 0), ("", 0), ("10 %", 0)]
)
def test_what_is_neither_is_refused(text: str, least: int) -> None:
    with pytest.raises(InvalidInput, match=f"takes a count from {least} on, or a percentage from {least}% to 100%"):
        _fleet.as_count("max_concurrency", text, 100, least=least)


@pytest.mark.parametrize(
    ("pending", "running", "errors", "budget", "workers", "batch"),
    [
        (5, 0, 0, Budget(50, 0), 32, 5),
        (5, 0, 0, Budget(3, 0), 32, 3),
        (5, 2, 0, Budget(3, 0), 32, 1),
        (5, 3, 0, Budget(3, 0), 32, 0),
        (100, 0, 0, Budget(50, 0), 32, 32),
        (5, 0, 1, Budget(3, 0), 32, 0),
        (5, 0, 1, Budget(3, 1), 32, 3),
        (5, 0, 2, Budget(3, 1), 32, 0),
    ],
)
def test_a_batch_keeps_the_budget(
    pending: int, running: int, errors: int, budget: Budget, workers: int, batch: int
) -> None:
    fleet = Fleet(range(pending), budget)
    fleet.running = {1000 + number for number in range(running)}
    for number in range(errors):
        fleet.ends(2000 + number, _fleet.FAILED)
    assert fleet.next_batch(workers) == list(range(batch))


def test_a_batch_waits_for_workers_that_start_others() -> None:
    fleet = Fleet(range(10), Budget(50, 0))
    assert len(fleet.next_batch(4)) == 4
    assert fleet.next_batch(4) == []
    fleet.runs(0)
    assert fleet.next_batch(4) == [4]


@settings(max_examples=300, deadline=None)
@given(
    total=st.integers(0, 60),
    budget=st.builds(Budget, st.integers(1, 20), st.integers(0, 10)),
    workers=st.integers(1, 8),
    data=st.data(),
)
def test_whatever_happens_every_target_comes_to_one_outcome(
    total: int, budget: Budget, workers: int, data: st.DataObject
) -> None:
    fleet = Fleet(range(total), budget)
    steps = started = 0
    while not fleet.is_over:
        steps += 1
        assert steps <= 2 * total + 1
        was_spent = fleet.errors > budget.max_errors
        batch = fleet.next_batch(workers)
        started += len(batch)
        assert not (was_spent and batch)
        assert len(fleet.starting) + len(fleet.running) <= budget.max_concurrency
        assert len(fleet.starting) <= workers
        under_way = sorted(fleet.starting | fleet.running)
        assert under_way, "the loop would never end"
        target = data.draw(st.sampled_from(under_way))
        ends = data.draw(st.sampled_from([_fleet.SUCCEEDED, _fleet.FAILED, _fleet.TIMED_OUT, _fleet.STARTED, "runs"]))
        if ends == "runs" and target in fleet.starting:
            fleet.runs(target)
        else:
            fleet.ends(target, _fleet.SUCCEEDED if ends == "runs" else ends)
    left = fleet.close()
    assert set(fleet.outcomes) == set(range(total))
    assert len(left) == total - started
    assert not left or fleet.errors > budget.max_errors


def bulk_target(**more: Any) -> _targets.BulkTarget:
    given = {"reference": Reference("pp-1"), "parameters": {"Mode": ["a"], "Pin": ["1234"]}, "action_id": "act-1"}
    return _targets.BulkTarget(**{**given, **more})


def test_a_token_is_the_same_for_the_same_and_a_valid_one() -> None:
    token = _targets.token_of("seed", bulk_target(), ["Pin"])
    assert token == _targets.token_of("seed", bulk_target(), ["Pin"])
    assert token == _targets.token_of("seed", bulk_target(parameters={"Pin": ["9999"], "Mode": ["a"]}), ["Pin"])
    assert len(token) == 64
    assert token.isalnum()


@pytest.mark.parametrize(
    ("seed", "more"),
    [
        ("other", {}),
        ("seed", {"reference": Reference("pp-2")}),
        ("seed", {"action_id": "act-2"}),
        ("seed", {"parameters": {"Mode": ["b"], "Pin": ["1234"]}}),
        ("seed", {"parameters": {"Mode": ["a"]}}),
    ],
)
def test_a_token_tells_seed_product_action_and_parameters_apart(seed: str, more: dict) -> None:
    secrets = ["Pin"] if "Pin" in more.get("parameters", {"Pin": 1}) else []
    assert _targets.token_of(seed, bulk_target(**more), secrets) != _targets.token_of("seed", bulk_target(), ["Pin"])

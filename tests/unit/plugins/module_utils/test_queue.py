# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which targets start: tables of cases, and properties that hypothesis checks."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from ansible_collections.selfservice.aws.plugins.module_utils._budget import Budget, parse_count
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.queue import TargetQueue
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.target import Target, make_plans
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Outcome, Record, Reference
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
def test_a_percentage_is_rounded_down_to_a_count(text: str, total: int, least: int, count: int) -> None:
    assert parse_count("max_concurrency", text, total, least=least) == count


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("0", 1),
        ("0%", 1),
        ("101%", 0),
        ("-1", 0),
        ("1.5", 0),
        ("ten", 0),
        ("", 0),
        ("10 %", 0),
        ("\u0661\u0660", 0),
        ("9" * 5000, 0),
    ],
)
def test_anything_but_a_count_or_a_percentage_is_rejected(text: str, least: int) -> None:
    with pytest.raises(
        InvalidInput, match=f"must be a count of {least} or more, or a percentage from {least}% to 100%"
    ):
        parse_count("max_concurrency", text, 100, least=least)


@pytest.mark.parametrize(
    ("pending", "under_way", "keeping_slot", "errors", "budget", "workers", "batch"),
    [
        (5, 0, 0, 0, Budget(50, 0), 32, 5),
        (5, 0, 0, 0, Budget(3, 0), 32, 3),
        (5, 2, 0, 0, Budget(3, 0), 32, 1),
        (5, 3, 0, 0, Budget(3, 0), 32, 0),
        (5, 1, 1, 0, Budget(3, 1), 32, 1),
        (5, 0, 3, 0, Budget(3, 3), 32, 0),
        (100, 0, 0, 0, Budget(50, 0), 32, 32),
        (5, 0, 0, 1, Budget(3, 0), 32, 0),
        (5, 0, 1, 0, Budget(3, 0), 32, 0),
        (5, 0, 0, 1, Budget(3, 1), 32, 3),
        (5, 0, 0, 2, Budget(3, 1), 32, 0),
    ],
)
def test_a_batch_stays_within_the_budget(
    pending: int, under_way: int, keeping_slot: int, errors: int, budget: Budget, workers: int, batch: int
) -> None:
    targets = make_targets(under_way + keeping_slot + errors + pending)
    queue = TargetQueue(targets, Budget(under_way + keeping_slot + errors, 100))
    taken = queue.next_batch(under_way + keeping_slot + errors)
    for target in taken[under_way:]:
        queue.finish(target, Outcome.FAILED, keeps_slot=target in taken[under_way + errors :])
    queue.budget = budget
    assert queue.next_batch(workers) == targets[len(taken) :][:batch]


def make_targets(count: int) -> list[Target]:
    return [Target(Reference(f"pp-{number}"), {}, action_id="act-1") for number in range(count)]


def test_a_held_slot_is_free_once_the_end_is_observed() -> None:
    targets = make_targets(3)
    queue = TargetQueue(targets, Budget(1, 5))
    (first,) = queue.next_batch(32)
    queue.finish(first, Outcome.TIMED_OUT, keeps_slot=True)
    assert (queue.next_batch(32), queue.is_over, queue.blockers) == ([], True, [first])
    queue.free_slot(first)
    assert (queue.blockers, queue.next_batch(32)) == ([], [targets[1]])
    assert (queue.is_over, first.outcome, queue.errors) == (False, Outcome.TIMED_OUT, 1)


@pytest.mark.parametrize(("total", "max_errors"), [(1, 5), (3, 0)])
def test_held_slots_block_nothing_if_nothing_would_start(total: int, max_errors: int) -> None:
    queue = TargetQueue(make_targets(total), Budget(1, max_errors))
    queue.finish(queue.next_batch(32)[0], Outcome.TIMED_OUT, keeps_slot=True)
    assert (queue.is_over, queue.blockers) == (True, [])


def test_a_waiting_target_holds_no_slot_and_starts_after_all_others() -> None:
    targets = make_targets(3)
    queue = TargetQueue(targets, Budget(1, 5))
    (first,) = queue.next_batch(32)
    queue.wait(first)
    assert (queue.state(is_waiting=True).busy, queue.state(is_waiting=True).ended, queue.is_over) == (1, 0, False)
    assert queue.next_batch(32) == [targets[1]]
    queue.resume(first)
    queue.finish(targets[1], Outcome.SUCCEEDED)
    assert queue.next_batch(32) == [targets[2]]
    queue.finish(targets[2], Outcome.SUCCEEDED)
    assert queue.next_batch(32) == [first]
    queue.wait(first)
    queue.finish(first, Outcome.FAILED)
    assert (queue.is_over, queue.errors, queue.error_budget_exceeded) == (True, 1, False)


def test_a_waiting_target_counts_as_not_started_once_the_budget_is_exceeded() -> None:
    targets = make_targets(2)
    queue = TargetQueue(targets, Budget(2, 0))
    queue.next_batch(32)
    queue.wait(targets[0])
    queue.finish(targets[1], Outcome.FAILED)
    assert (queue.is_over, queue.state(is_waiting=True).busy) == (True, 0)
    queue.end_waits()
    assert queue.abandon_pending() == [targets[0]]


def test_targets_that_were_rejected_are_errors_and_never_start() -> None:
    targets = make_targets(3)
    targets[1].reject("It does not exist.")
    queue = TargetQueue(targets, Budget(50, 1))
    assert (queue.errors, list(queue.pending)) == (1, [targets[0], targets[2]])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    total=st.integers(0, 60),
    budget=st.builds(Budget, st.integers(1, 20), st.integers(0, 10)),
    workers=st.integers(1, 8),
    data=st.data(),
)
def test_every_target_gets_exactly_one_outcome(total: int, budget: Budget, workers: int, data: st.DataObject) -> None:
    targets = make_targets(total)
    queue = TargetQueue(targets, budget)
    started: dict[Target, None] = {}
    were_busy: set[Target] = set()
    while not queue.is_over:
        budget_was_exceeded = queue.errors > budget.max_errors
        batch = queue.next_batch(workers)
        started = {**{each: None for each in started if each not in batch}, **dict.fromkeys(batch)}
        assert len(batch) <= workers
        assert not (budget_was_exceeded and batch)
        assert len(queue.under_way) + len(queue.keeping_slot) <= budget.max_concurrency
        waiting = {*queue.busy, *queue.pending}
        assert list(queue.under_way) == [each for each in started if each.outcome is None and each not in waiting]
        assert queue.under_way or queue.busy, "the loop would never end"
        if queue.busy and (not queue.under_way or data.draw(st.booleans())):
            queue.resume(data.draw(st.sampled_from(list(queue.busy))))
            continue
        if queue.keeping_slot and data.draw(st.booleans()):
            queue.free_slot(data.draw(st.sampled_from(list(queue.keeping_slot))))
        ends = [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.STARTED]
        target, outcome = data.draw(st.sampled_from(list(queue.under_way))), data.draw(st.sampled_from(ends))
        if target not in were_busy and data.draw(st.booleans()):
            were_busy.add(target)
            queue.wait(target)
            continue
        has_failed = outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        queue.finish(target, outcome, keeps_slot=has_failed and data.draw(st.booleans()))
    assert set(queue.blockers) in (set(), set(queue.keeping_slot))
    assert not queue.blockers or len(queue.blockers) == budget.max_concurrency
    queue.end_waits()
    is_blocked = bool(queue.blockers)
    abandoned = queue.abandon_pending()
    assert all(target.outcome for target in targets)
    assert {each for each in targets if each not in started} <= set(abandoned) <= {*targets} - {*started} | were_busy
    assert not abandoned or queue.errors > budget.max_errors or is_blocked


def test_the_first_failure_is_retried_first_in_any_order_of_responses() -> None:
    targets = make_targets(4)
    make_plans(targets, Change("CHG-1"), (), {"wait_until_available": False, "service_action_id": "act-1"})
    first, second, third, unknown = targets
    queue = TargetQueue(targets, Budget(4, 0), retry_failed=True)
    queue.next_batch(32)
    for answered, second_of_end in ((unknown, None), (third, 2), (first, 3), (second, 2)):
        updated = second_of_end and datetime.fromtimestamp(second_of_end, timezone.utc)
        answered.record = Record({"Status": "FAILED", "UpdatedTime": updated})
        answered.retry()
        queue.retry(answered)
    assert list(queue.pending) == [second, third, first, unknown]

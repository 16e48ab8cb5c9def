# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of runs that end or are killed at any moment and are continued, with answers and ends in any order."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfservice.aws.plugins.module_utils._action.start import Execution
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.queue import Budget, TargetQueue
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.target import Target, make_plans
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Outcome, Record, Reference
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

RUNNING, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"


class ContinuedRuns(RuleBasedStateMachine):
    """The targets of one change, run again and again; the service acts on a start as soon as it is sent.

    `statuses` are the service's records by token, in the order in which they were made.
    """

    targets: list[Target]
    queue: TargetQueue | None = None

    @initialize(total=st.integers(1, 6), budget=st.builds(Budget, st.integers(1, 3), st.integers(0, 6)))
    def choose(self, total: int, budget: Budget) -> None:
        self.total, self.budget = total, budget
        self.statuses: dict[str, str] = {}

    @precondition(lambda self: self.queue is None)
    @rule(retry_failed=st.sampled_from([True, True, False]))
    def begin(self, *, retry_failed: bool) -> None:
        self.targets = [Target(Reference(f"pp-{number}"), {}, action_id="act-1") for number in range(self.total)]
        make_plans(self.targets, Change("CHG-1"), (), action_was_found=False)
        self.queue = TargetQueue(self.targets, self.budget, retry_failed=retry_failed)
        self.old = {*self.statuses}
        self.sent: list[Target] = []
        self.unanswered: dict[Target, bool] = {}
        self.polled: list[Target] = []
        self.started: list[Target] = []

    @precondition(lambda self: self.queue)
    @rule(most=st.integers(1, 6))
    def send(self, most: int) -> None:
        assert self.queue
        for target in self.queue.next_batch(most):
            self.sent.append(target)
            # Behind all that had not been looked at.
            assert target.attempt == 1 or {*self.sent} == {*self.targets}
            self.unanswered[target] = token_of(target) not in self.statuses
            if self.unanswered[target]:
                self.start(target)

    def start(self, target: Target) -> None:
        earlier = {token_of(target, attempt) for attempt in range(1, target.attempt)}
        assert earlier <= self.old
        assert {self.statuses[token] for token in earlier} <= {FAILED}
        assert target not in self.started
        self.started.append(target)
        self.statuses[token_of(target)] = RUNNING
        assert [*self.statuses.values()].count(RUNNING) <= self.budget.max_concurrency

    @precondition(lambda self: self.queue and self.unanswered)
    @rule(number=st.integers(0, 5))
    def answer(self, number: int) -> None:
        assert self.queue
        target = [*self.unanswered][number % len(self.unanswered)]
        target.note_answer(Execution(self.record_of(target), self.unanswered.pop(target)), is_read=True)
        self.note(target)

    @precondition(lambda self: self.queue and self.polled)
    @rule()
    def poll(self) -> None:
        polled, self.polled = self.polled, []
        for target in polled:
            target.note_poll(self.record_of(target))
            self.note(target)

    def note(self, target: Target) -> None:
        """Do as the runner does with a record."""
        assert self.queue
        assert target.record
        if target.record.outcome is Outcome.RUNNING:
            self.polled.append(target)
        elif target.record.outcome is Outcome.FAILED and self.queue.is_retried(target):
            target.retry()
            self.queue.retry(target)
        else:
            self.queue.finish(target, target.record.outcome, is_known_failure=target.failed_before)

    @precondition(lambda self: RUNNING in self.statuses.values())
    @rule(number=st.integers(0, 5), status=st.sampled_from([SUCCEEDED, FAILED, FAILED]))
    def end(self, number: int, status: str) -> None:
        running = [token for token, each in self.statuses.items() if each == RUNNING]
        self.statuses[running[number % len(running)]] = status

    @precondition(lambda self: self.queue)
    @rule()
    def kill(self) -> None:
        self.queue = None

    @precondition(lambda self: self.queue and self.queue.is_over)
    @rule()
    def finish(self) -> None:
        assert self.queue
        self.queue.end_retries()
        self.queue.abandon_pending()
        assert {target.outcome for target in self.targets} <= {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.NOT_STARTED}
        self.queue = None

    def teardown(self) -> None:
        """Let everything succeed from now on: a run that is not disturbed then brings all targets to their ends."""
        if not hasattr(self, "budget"):
            return
        self.statuses = {token: SUCCEEDED if each == RUNNING else each for token, each in self.statuses.items()}
        self.begin(retry_failed=True)
        assert self.queue
        while not self.queue.is_over:
            self.send(6)
            for target in list(self.unanswered):
                target.note_answer(Execution(self.record_of(target), self.unanswered.pop(target)), is_read=True)
                self.note(target)
            self.statuses = {token: SUCCEEDED if each == RUNNING else each for token, each in self.statuses.items()}
            self.poll()
        assert {target.outcome for target in self.targets} == {Outcome.SUCCEEDED}
        attempts = sum(target.attempt for target in self.targets)
        assert len(self.statuses) == attempts

    def record_of(self, target: Target) -> Record:
        return Record({"Status": self.statuses[token_of(target)]})


def token_of(target: Target, attempt: int | None = None) -> str:
    return target.plan.with_attempt(attempt or target.attempt).request.execute_token


TestContinuedRuns: Any = ContinuedRuns.TestCase
TestContinuedRuns.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, derandomize=True, database=None
)

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model of runs that are killed or end at any moment and are continued. Responses and ends come in any order."""

from __future__ import annotations

from datetime import datetime, timezone
from random import Random

from ansible_collections.selfservice.aws.plugins.module_utils._action.start import Execution
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change
from ansible_collections.selfservice.aws.plugins.module_utils._budget import Budget
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.queue import TargetQueue
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.target import Target, make_plans
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Outcome, Record, Reference
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

RUNNING, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"


class Service:
    """The service's records by token. A start takes effect as soon as it is sent."""

    def __init__(self, max_concurrency: int) -> None:
        self.statuses: dict[str, str] = {}
        self.updated: dict[str, datetime] = {}
        self.max_concurrency = max_concurrency
        self._seconds = 0

    @property
    def running(self) -> list[str]:
        return [token for token, status in self.statuses.items() if status == RUNNING]

    def start(self, token: str) -> None:
        self._update(token, RUNNING)
        assert len(self.running) <= self.max_concurrency

    def end(self, token: str, status: str) -> None:
        self._update(token, status)

    def _update(self, token: str, status: str) -> None:
        self.statuses[token] = status
        self._seconds += 1
        self.updated[token] = datetime.fromtimestamp(self._seconds, timezone.utc)


class BulkRun:
    """A run that performs the runner's steps one at a time."""

    def __init__(self, service: Service, total: int, max_errors: int, *, retry_failed: bool) -> None:
        self.targets = [Target(Reference(f"pp-{number}"), {}, action_id="act-1") for number in range(total)]
        make_plans(self.targets, Change("CHG-1"), (), {"wait_until_available": False, "service_action_id": "act-1"})
        budget = Budget(service.max_concurrency, max_errors)
        self.queue = TargetQueue(self.targets, budget, retry_failed=retry_failed)
        self.service, self.old = service, {*service.statuses}
        self.sent: list[Target] = []
        self.checked: set[str] = set()
        self.started: list[Target] = []
        self.unanswered: list[Target] = []
        self.polled: list[Target] = []

    def send(self, most: int) -> None:
        for target in self.queue.next_batch(most):
            self.sent.append(target)
            assert target.attempt == 1 or {*self.sent} == {*self.targets}, "it came before some had been looked at"
            self.unanswered.append(target)
            self.checked.add(token_of(target))
            if token_of(target) not in self.service.statuses:
                self._start(target)

    def _start(self, target: Target) -> None:
        earlier = {token_of(target, attempt) for attempt in range(1, target.attempt)}
        assert earlier <= self.old
        assert {self.service.statuses[token] for token in earlier} <= {FAILED}
        assert target not in self.started
        self.started.append(target)
        self.service.start(token_of(target))

    def answer(self, target: Target) -> None:
        self.unanswered.remove(target)
        target.note_answer(Execution(self._record_of(target), changed=target in self.started), is_read=True)
        self._note(target)

    def poll(self) -> None:
        polled, self.polled = self.polled, []
        for target in polled:
            target.note_poll(self._record_of(target))
            self._note(target)

    def ends_of(self, token: str) -> list[str]:
        """Return the statuses with which a running action can end.

        An action fails only after its target has had its turn in this run. Otherwise it would be retried early, and
        another run could not know which of the failures had been retried.
        """
        return [FAILED, FAILED, SUCCEEDED] if token in self.checked else [SUCCEEDED]

    def _note(self, target: Target) -> None:
        assert target.record
        if target.record.outcome is Outcome.RUNNING:
            self.polled.append(target)
        elif target.record.outcome is Outcome.FAILED and self.queue.is_retried(target):
            target.retry()
            self.queue.retry(target)
        else:
            self.queue.finish(target, target.record.outcome, is_known_failure=target.failed_before)

    def _record_of(self, target: Target) -> Record:
        token = token_of(target)
        return Record({"Status": self.service.statuses[token], "UpdatedTime": self.service.updated[token]})


def token_of(target: Target, attempt: int | None = None) -> str:
    return f"{target.reference.id}/{attempt or target.attempt}"


@settings(max_examples=400, phases=[Phase.generate], deadline=None, derandomize=True, database=None)
@given(chance=st.randoms(use_true_random=True))
def test_killed_and_continued_runs_start_only_what_they_may(chance: Random) -> None:
    service, total = Service(chance.randint(1, 3)), chance.randint(2, 5)
    for _run in range(chance.randint(2, 8)):
        run = BulkRun(service, total, chance.choice([0, total, total]), retry_failed=chance.random() < 0.8)
        ends = chance.choice([0.2, 3])
        for _step in range(chance.randint(5, 60)):
            step = chance.choices(("send", "answer", "end", "poll"), (4, 4, ends, 1))[0]
            if step == "send":
                run.send(chance.randint(1, 6))
            elif step == "answer" and run.unanswered:
                run.answer(chance.choice(run.unanswered))
            elif step == "end" and service.running:
                token = chance.choice(service.running)
                service.end(token, chance.choice(run.ends_of(token)))
            elif step == "poll":
                run.poll()
    assert_that_all_succeed_in_the_end(service, total)


def assert_that_all_succeed_in_the_end(service: Service, total: int) -> None:
    run = BulkRun(service, total, 0, retry_failed=True)
    while not run.queue.is_over:
        run.send(total)
        for target in list(run.unanswered):
            run.answer(target)
        for token in service.running:
            service.end(token, SUCCEEDED)
        run.poll()
    assert {target.outcome for target in run.targets} == {Outcome.SUCCEEDED}
    assert len(service.statuses) == sum(target.attempt for target in run.targets)

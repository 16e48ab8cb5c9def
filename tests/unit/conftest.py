# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator, and tasks as a module would make them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable

import boto3
import botocore.endpoint
import botocore.retries.bucket
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from emulator import Emulator, EmulatorClock
from faults.scenarios import EXECUTE, HANDLERS, MODULES, Scenario

if TYPE_CHECKING:
    from ansible_collections.selfservice.aws.plugins.module_utils._module import Task


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with Emulator(clock="manual") as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """The demo world, as new, on a clock that only tests move."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all, since each reads the service's model anew."""
    return boto3.Session()


@pytest.fixture
def connect(emulator: Emulator, session: boto3.Session) -> Callable[[Mapping[str, Any]], BaseClient]:
    """Make a client as amazon.aws does, from a dict of botocore's Config."""

    def make(config: Mapping[str, Any]) -> BaseClient:
        return session.client(
            "servicecatalog",
            region_name="us-east-1",
            endpoint_url=emulator.url,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="not-a-real-secret-key",
            config=Config(**config),
        )

    return make


@dataclass(frozen=True)
class Attempt:
    """One run of a module's handler against the emulator, without Ansible around it."""

    handler: Callable[[Task], None]
    task: Task
    warnings: list[str]
    masked: list[str]

    def run(self) -> dict[str, Any]:
        self.handler(self.task)
        return self.task.result

    def result(self) -> dict[str, Any]:
        """Run it, and return the result as users get it, `failed` and `msg` included."""
        from ansible_collections.selfservice.aws.plugins.module_utils._module import run_handler

        failure = run_handler(self.handler, self.task)
        return {**self.task.result, **failure, "failed": bool(failure)}


@pytest.fixture
def prepare(emulator: Emulator, connect: Callable[[Mapping[str, Any]], BaseClient]) -> Callable[..., Attempt]:
    """Make an Attempt of any handler, with the options as Ansible would give them."""
    # Not at the top: this file is read before pytest-ansible makes the collection known.
    from ansible_collections.selfservice.aws.plugins.module_utils._module import Task

    def make(
        handler: Callable[[Task], None],
        params: Mapping[str, Any],
        *,
        check_mode: bool = False,
        diff_mode: bool = False,
        jitter: float = 0.0,
    ) -> Attempt:
        warnings: list[str] = []
        masked: list[str] = []
        task = Task(
            params={"aws_config": None, **params},
            connect=connect,
            clock=EmulatorClock(emulator, jitter),
            emit_warning=warnings.append,
            mask=masked.extend,
            check_mode=check_mode,
            diff_mode=diff_mode,
        )
        return Attempt(handler, task, warnings, masked)

    return make


@pytest.fixture
def attempt(prepare: Callable[..., Attempt]) -> Callable[..., Attempt]:
    """Make an Attempt of servicecatalog_service_action; what the test does not give has the argument spec's default."""
    from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action import run_service_action

    def make(*, check_mode: bool = False, diff_mode: bool = False, jitter: float = 0.0, **params: Any) -> Attempt:
        defaults = {
            "provisioned_product_id": None,
            "provisioned_product_name": None,
            "service_action_id": None,
            "service_action_name": None,
            "parameters": None,
            "sensitive_parameters": None,
            "execute_token": None,
            "accept_language": None,
            "wait": False,
            "wait_timeout": 1800,
            "wait_delay": None,
        }
        given = {**defaults, **params}
        return prepare(run_service_action, given, check_mode=check_mode, diff_mode=diff_mode, jitter=jitter)

    return make


@dataclass(frozen=True)
class Outcome:
    """What a scenario left: its result, the ids of records that the service told it, and how long it waited."""

    result: dict[str, Any]
    told: set[str]
    slept: float
    warnings: list[str]


@pytest.fixture(scope="session")
def clients() -> dict[str, BaseClient]:
    """The clients of all scenarios, by their configuration: to make one takes as long as several calls."""
    return {}


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore's own pauses take no time: neither those before retries nor those of its adaptive rate."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(botocore.retries.bucket.TokenBucket, "acquire", lambda *_args, **_kwargs: True)


@pytest.fixture
def run_scenario(
    clients: dict[str, BaseClient],
    prepare: Callable[..., Attempt],
    connect: Callable[[Mapping[str, Any]], BaseClient],
    no_pauses: None,  # noqa: ARG001
) -> Callable[..., Outcome]:
    """Run a scenario of tests/faults; a look that hangs takes its 20 s on the clock, and hardly any here."""

    def start(scenario: Scenario, *, hangs: bool = False, **params: Any) -> Outcome:
        handler = getattr(importlib.import_module(MODULES + scenario.module), HANDLERS[scenario.module])
        attempt = prepare(handler, {**scenario.params, **params}, **scenario.modes)
        told: set[str] = set()

        def note(parsed: Mapping[str, Any], **_kwargs: Any) -> None:
            told.add(parsed.get("RecordDetail", {}).get("RecordId"))

        def watched(config: Mapping[str, Any]) -> BaseClient:
            key = f"{hangs} {config}"
            if key not in clients:
                clients[key] = connect({**config, "read_timeout": 0.1} if hangs else config)

            def hang(caught_exception: Exception | None, **_kwargs: Any) -> None:
                if isinstance(caught_exception, ReadTimeoutError):
                    attempt.task.clock.sleep(config.get("read_timeout", 0))

            events = clients[key].meta.events
            # Scenarios share clients, but not their counters of requests.
            events.unregister("before-send.servicecatalog", unique_id="selfservice-count")
            for event, handler in [
                (f"after-call.servicecatalog.{EXECUTE}", note),
                ("needs-retry.servicecatalog", hang),
            ]:
                events.unregister(event, unique_id=event)
                events.register(event, handler, unique_id=event)
            return clients[key]

        attempt.task.connect = watched
        result = attempt.result()
        return Outcome(result, told - {None}, attempt.task.clock.slept, attempt.warnings)

    return start

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that run module handlers against the emulator, without Ansible."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable

import boto3
import botocore.endpoint
import botocore.retries.bucket
import botocore.session
import pytest
from ansible.module_utils import basic
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials
from emulator import Emulator, EmulatorClock
from faults.in_process import ScenarioRunner, limited_threads
from faults.options import default_options

if TYPE_CHECKING:
    from ansible_collections.selfservice.aws.plugins.module_utils._module import Task

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "not-a-real-secret-key"}
ROLE_ARN = "arn:aws:iam::123456789012:role/Fleet"


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with Emulator(clock="manual") as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """Return the emulator, reset to the demo world. Only tests advance its clock."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Return the only boto3 session, because each new session loads the service model again."""
    return boto3.Session()


@pytest.fixture
def connect(emulator: Emulator, session: boto3.Session) -> Callable[..., BaseClient]:
    """Return a function that creates a client from a dict of Config options, as amazon.aws does.

    The optional second argument is a session with other credentials.
    """

    def make(config: Mapping[str, Any], other: boto3.Session | None = None) -> BaseClient:
        options = {"region_name": "us-east-1", "endpoint_url": emulator.url, "config": Config(**config)}
        return (
            other.client("servicecatalog", **options) if other else session.client("servicecatalog", **options, **KEYS)
        )

    return make


@pytest.fixture(scope="session")
def role_session(running_emulator: Emulator, session: boto3.Session) -> boto3.Session:
    """Return a session with the credentials of an assumed role, like that of a profile with role_arn."""
    config = Config(read_timeout=0.2, retries={"total_max_attempts": 2})
    endpoint = {"region_name": "us-east-1", "endpoint_url": running_emulator.url}
    sts = session.client("sts", **endpoint, **KEYS, config=config)
    fetcher = AssumeRoleCredentialFetcher(lambda *_args, **_kwargs: sts, Credentials("AKIDEXAMPLE", "none"), ROLE_ARN)
    core = botocore.session.Session()
    core._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return boto3.Session(botocore_session=core)


@dataclass(frozen=True)
class Attempt:
    """One run of a module's handler against the emulator."""

    handler: Callable[[Task], None]
    task: Task
    warnings: list[str]

    def run(self) -> dict[str, Any]:
        self.handler(self.task)
        return self.task.result

    def result(self) -> dict[str, Any]:
        """Run the handler, and return the task's final result, including `failed` and `msg`."""
        from ansible_collections.selfservice.aws.plugins.module_utils._module import run_handler

        return run_handler(self.handler, self.task)


@pytest.fixture
def make_attempt(emulator: Emulator, connect: Callable[[Mapping[str, Any]], BaseClient]) -> Callable[..., Attempt]:
    """Return a function that creates an Attempt of a module's handler from options as Ansible passes them."""
    # Imported here, because pytest loads this file before pytest-ansible makes the collection importable.
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
        task = Task(
            params={"aws_config": None, **default_options(handler.__module__), **params},
            connect=connect,
            clock=EmulatorClock(emulator, jitter),
            emit_warning=warnings.append,
            check_mode=check_mode,
            diff_mode=diff_mode,
        )
        return Attempt(handler, task, warnings)

    return make


@pytest.fixture
def service_action(make_attempt: Callable[..., Attempt]) -> Callable[..., Attempt]:
    """Return a function that creates an Attempt of servicecatalog_service_action with the argument spec's defaults."""
    from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action import run_service_action

    def make(*, check_mode: bool = False, diff_mode: bool = False, jitter: float = 0.0, **params: Any) -> Attempt:
        return make_attempt(run_service_action, params, check_mode=check_mode, diff_mode=diff_mode, jitter=jitter)

    return make


@pytest.fixture
def run_module(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    """Return a function that runs a module's main() with options, and returns the JSON that it prints."""

    def run(name: str, **options: Any) -> dict[str, Any]:
        keys = {"access_key": "AKIDEXAMPLE", "secret_key": "not-a-real-secret-key"}
        connection = {"endpoint_url": emulator.url, "region": "us-east-1", **keys}
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**connection, **options}}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        module = importlib.import_module(f"ansible_collections.selfservice.aws.plugins.modules.servicecatalog_{name}")
        with pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        # ansible-core removes this key itself: the values that the controller must mask from then on.
        result.pop("_ansible_new_secrets", None)
        return result

    return run


@pytest.fixture(scope="session")
def clients() -> dict[str, BaseClient]:
    """Return a cache of clients by configuration, because creating a client takes as long as several calls."""
    return {}


@pytest.fixture
def no_retry_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable botocore's delays: those before retries, and those of its adaptive retry mode."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(botocore.retries.bucket.TokenBucket, "acquire", lambda *_args, **_kwargs: True)


@pytest.fixture
def limit_threads() -> Callable[[int], AbstractContextManager[list[threading.Thread]]]:
    """Return a context manager that limits the number of threads that can be started."""
    return limited_threads


@pytest.fixture
def run_scenario(
    clients: dict[str, BaseClient],
    make_attempt: Callable[..., Attempt],
    emulator: Emulator,
    connect: Callable[..., BaseClient],
    role_session: boto3.Session,
    no_retry_delays: None,  # noqa: ARG001
) -> ScenarioRunner:
    """Return a runner of the scenarios of tests/faults in this process."""
    return ScenarioRunner(emulator, make_attempt, connect, role_session, clients)

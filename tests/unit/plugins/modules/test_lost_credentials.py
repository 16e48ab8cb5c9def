# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that become unreadable before, during and after a start: each failure says how to continue."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import boto3
import botocore.session
import pytest
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_wait import wait_until_ended
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import AssumeRoleWithWebIdentityCredentialFetcher, DeferredRefreshableCredentials
from botocore.utils import FileWebIdentityTokenLoader
from emulator import Emulator, EmulatorClock

ORDERS, BILLING = "pp-orders0000001", "pp-billing000001"
RESTART = "act-restart000001"
EXECUTE = "ExecuteProvisionedProductServiceAction"
Make = Callable[..., Any]


def keys() -> dict[str, str]:
    """Return credentials so close to their expiration that botocore refreshes them before each request."""
    expiration = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
    return {"AccessKeyId": "AKID", "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": expiration}


def write_process(path: Path, *lines: str) -> None:
    # Replace the file, because a running program can't be overwritten, and use a name that no other thread uses.
    new = path.with_name(str(uuid.uuid4()))
    new.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    new.chmod(0o700)
    new.replace(path)


@dataclass(frozen=True)
class Login:
    """A credential provider. `lose` breaks it, `restore` repairs it, and a failure must mention `named`."""

    connect: Callable[[Mapping[str, Any]], BaseClient]
    lose: Callable[[], object]
    restore: Callable[[], object]
    named: str


@pytest.fixture(
    params=[
        "token file removed",
        "process removed",
        "process fails",
        "process prints no JSON",
        "process prints null",
    ]
)
def login(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    source = tmp_path / "source"

    def restore() -> None:
        write_process(source, f"echo '{json.dumps({'Version': 1, **keys()})}'")

    restore()
    if request.param.startswith("token"):
        session = web_identity_session(source)
    else:
        (tmp_path / "config").write_text(f"[profile mine]\ncredential_process = {source}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        session = None

    def connect(config: Mapping[str, Any]) -> BaseClient:
        return (session or boto3.Session(profile_name="mine")).client(
            "servicecatalog", region_name="us-east-1", endpoint_url=emulator.url, config=Config(**config)
        )

    def remove() -> None:
        source.unlink(missing_ok=True)

    lose, named = {
        "token file removed": (remove, str(source)),
        "process removed": (remove, str(source)),
        "process fails": (lambda: write_process(source, "echo 'log in first' >&2", "exit 1"), "log in first"),
        "process prints no JSON": (lambda: write_process(source, "echo Welcome"), "not valid JSON"),
        "process prints null": (lambda: write_process(source, "echo null"), "NoneType"),
    }[request.param]
    return Login(connect, lose, restore, named)


def web_identity_session(token_file: Path) -> boto3.Session:
    cache: dict[str, Any] = {}
    sts = SimpleNamespace(assume_role_with_web_identity=lambda **_members: {"Credentials": keys()})
    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        lambda *_args, **_kwargs: sts, FileWebIdentityTokenLoader(str(token_file)), "arn:aws:iam::1:role/r", cache=cache
    )

    def fetch() -> dict[str, Any]:
        cache.clear()
        return fetcher.fetch_credentials()

    session = botocore.session.Session()
    session._credentials = DeferredRefreshableCredentials(fetch, "assume-role-with-web-identity")
    return boto3.Session(botocore_session=session)


def log_in(attempt: Any, login: Login, event: str = "", handler: Callable[[], object] = object) -> Any:
    """Make the attempt's clients use the login, and call a handler on a botocore event."""

    def connect(config: Mapping[str, Any]) -> BaseClient:
        client = login.connect(config)
        if event:
            client.meta.events.register(event, lambda **_kwargs: handler() and None)
        return client

    attempt.task.connect = connect
    return attempt


@pytest.fixture
def bulk(make_attempt: Make) -> Make:
    given = {"provisioned_product_ids": [ORDERS, BILLING], "service_action_id": RESTART, "wait_timeout": 60}
    return lambda **more: make_attempt(run_on_many, {**given, **more})


def assert_explained(result: Mapping[str, Any], login: Login) -> None:
    assert result["failed"]
    text = json.dumps(result)
    assert login.named in text
    assert "bug" not in text
    assert "exception" not in result


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("is_connected", [False, True])
@pytest.mark.parametrize("product", [{"provisioned_product_id": ORDERS}, {"provisioned_product_name": "orders-db"}])
def test_a_start_without_credentials_says_that_nothing_was_started(
    service_action: Make, login: Login, emulator: Emulator, product: dict[str, str], is_connected: bool, wait: bool
) -> None:
    event = "provide-client-params.servicecatalog" if is_connected else ""
    attempt = log_in(service_action(**product, service_action_id=RESTART, wait=wait), login, event, login.lose)
    if not is_connected:
        login.lose()
    result = attempt.result()
    assert_explained(result, login)
    assert "othing was started" in result["msg"] or "was not started" in result["msg"]
    assert re.search("Correct that, and run the task again|To continue, fix the cause and run th", result["msg"])
    assert result["changed"] is False
    assert emulator.calls() == []


def test_a_start_that_loses_its_credentials_after_a_lost_response_may_have_started(
    service_action: Make, login: Login, emulator: Emulator
) -> None:
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART, execute_token="t-1")
    result = log_in(attempt, login, f"before-send.servicecatalog.{EXECUTE}", login.lose).result()
    assert_explained(result, login)
    assert "may have started" in result["msg"]
    assert "this task again with execute_token: t-1" in result["msg"]
    assert result["changed"] is True
    assert len(emulator.records()) == 1


def test_a_wait_without_credentials_says_how_to_resume_it(
    service_action: Make, login: Login, emulator: Emulator
) -> None:
    attempt = service_action(
        provisioned_product_id=ORDERS, service_action_id=RESTART, execute_token="t-1", wait=True, wait_timeout=60
    )
    result = log_in(attempt, login, f"after-call.servicecatalog.{EXECUTE}", login.lose).result()
    assert_explained(result, login)
    record_id = emulator.records()[0]["RecordId"]
    assert f"servicecatalog_record_wait with record_ids: [{record_id}]" in result["msg"]
    assert "execute_token: t-1" in result["msg"]
    assert result["changed"] is True
    assert result["record_detail"]["record_id"] == record_id


class RestoringClock(EmulatorClock):
    """A clock that restores the credentials after 10 s."""

    def __init__(self, emulator: Emulator, restore: Callable[[], object]) -> None:
        super().__init__(emulator)
        self._restore = restore

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.slept > 10:
            self._restore()


@pytest.mark.parametrize("login", ["token file removed", "process removed", "process prints no JSON"], indirect=True)
def test_a_wait_continues_once_the_credentials_are_readable_again(
    service_action: Make, login: Login, emulator: Emulator
) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART, wait=True)
    attempt.task.clock = RestoringClock(emulator, login.restore)
    result = log_in(attempt, login, f"after-call.servicecatalog.{EXECUTE}", login.lose).result()
    assert not result["failed"], result["msg"]
    assert result["record_detail"]["status"] == "SUCCEEDED"


def test_bulk_starts_without_credentials_fail(bulk: Make, login: Login, emulator: Emulator) -> None:
    attempt = log_in(bulk(max_errors="1"), login, "provide-client-params.servicecatalog", login.lose)
    result = attempt.result()
    assert_explained(result, login)
    assert [item["outcome"] for item in result["results"]] == ["failed", "failed"]
    assert all("was not started" in item["msg"] for item in result["results"])
    assert result["changed"] is False
    assert emulator.calls() == []


def test_a_bulk_wait_without_credentials_says_how_to_continue(bulk: Make, login: Login, emulator: Emulator) -> None:
    attempt = log_in(bulk(change_id="t-1"), login, "before-call.servicecatalog.DescribeRecord", login.lose)
    result = attempt.result()
    assert_explained(result, login)
    assert {item["outcome"] for item in result["results"]} == {"timed_out"}
    assert all("To continue, run" in item["msg"] for item in result["results"])
    assert result["changed"] is True
    assert len(emulator.records()) == 2


def test_a_wait_for_records_without_credentials_says_how_to_resume_it(
    service_action: Make, make_attempt: Make, login: Login
) -> None:
    started = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART).run()
    record_id = started["record_detail"]["record_id"]
    options = {"record_ids": [record_id], "wait_timeout": 60}
    attempt = log_in(make_attempt(wait_until_ended, options), login, "before-call.servicecatalog", login.lose)
    result = attempt.result()
    assert_explained(result, login)
    assert f"servicecatalog_record_wait with record_ids: [{record_id}]" in result["msg"]
    assert [record["record_detail"]["record_id"] for record in result["records"]] == [record_id]


def test_a_bug_is_still_reported_as_a_bug(service_action: Make) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=RESTART)
    attempt.task.params["provisioned_product_id"] = 7
    assert "This is a bug of selfservice.aws" in attempt.result()["msg"]

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole modules, run in this process from their options to the JSON that they print."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest
from emulator import Emulator

RESTART = {"provisioned_product_id": "pp-orders0000001", "service_action_id": "act-restart000001"}
Execute = Callable[..., dict[str, Any]]


@pytest.fixture
def execute(run_module: Execute) -> Execute:
    return partial(run_module, "service_action")


def test_check_and_diff_mode_reach_the_handler(execute: Execute, emulator: Emulator) -> None:
    result = execute(**RESTART, _ansible_check_mode=True, _ansible_diff=True)
    assert result["diff"]["after"]["parameters"]["Mode"] == ["graceful"]
    assert emulator.records() == []


def test_a_failure_returns_the_change_and_the_choices(execute: Execute) -> None:
    result = execute(provisioned_product_name="order-db", service_action_id="act-restart000001")
    assert result["failed"] is True
    assert "exception" not in result
    assert result["change_id"]
    assert "orders-db" in result["choices"]


def test_a_denied_read_names_the_missing_permission(execute: Execute, emulator: Emulator) -> None:
    emulator.fault("DescribeProvisionedProduct", "access_denied")
    result = execute(provisioned_product_name="orders-db", service_action_id="act-restart000001")
    assert "servicecatalog:DescribeProvisionedProduct" in result["msg"]
    assert result["error"]["code"] == "AccessDeniedException"
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        ("credential_process = /none/here", "/none/here can't be used (No such file or directory)"),
        ("credential_process = /bin/echo Welcome", "the credentials are not valid JSON"),
        ("credential_process = /bin/ls /none/here", "CredentialRetrievalError"),
        ("role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /none/here", "/none/here can't be used"),
    ],
)
def test_unreadable_credentials_are_reported_before_anything_is_sent(
    execute: Execute, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, emulator: Emulator, profile: str, named: str
) -> None:
    (tmp_path / "config").write_text(f"[profile mine]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    result = execute(**RESTART, profile="mine", access_key=None, secret_key=None)
    assert named in result["msg"]
    assert re.search("(not|Nothing was) started", result["msg"])
    assert (result["changed"], "exception" in result) == (False, False)
    assert emulator.calls() == []


def test_a_missing_region_is_reported(execute: Execute, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "EC2_REGION"):
        monkeypatch.delenv(name, raising=False)
    result = execute(**RESTART, region=None)
    assert "Nothing was started" in result["msg"]
    assert "You must specify a region" in result["msg"]


def test_a_missing_library_is_reported_before_anything_is_started(
    run_module: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.amazon.aws.plugins.module_utils.botocore.HAS_BOTO3", False)
    result = run_module("service_action", provisioned_product_id="pp-1", service_action_id="act-1")
    assert "Failed to import the required Python library" in result["msg"]
    assert result["msg"].endswith(". Nothing was started.")


def test_a_wait_uses_the_system_clock(execute: Execute, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "throttling")
    result = execute(**RESTART, wait=True, wait_timeout=2, wait_delay=0.3)
    assert "was not seen to end within 2 s" in result["msg"]
    assert len(emulator.calls("DescribeRecord")) in (1, 2, 3, 4)


def test_a_short_secret_leaves_the_message_readable(execute: Execute) -> None:
    result = execute(**RESTART, sensitive_parameters={"Mode": "a"})
    assert "under 4 characters for 'Mode'" in result["msg"]


def test_an_echoed_secret_is_masked_in_the_failure(execute: Execute) -> None:
    result = execute(**RESTART, sensitive_parameters='{"TARGET": "db-s3cr3t"}')
    assert result["failed"] is True
    assert "db-s3cr3t" not in json.dumps(result)
    assert "********" in result["error"]["message"]


@pytest.mark.parametrize("given", [{"P": "hunter2 horse9"}, '{"P": "hunter2 horse9"}', "P='hunter2 horse9'"])
@pytest.mark.parametrize(
    "wrong",
    [{"accept_language": "hunter2 horse9"}, {"wait_timeout": "hunter2 horse9"}, {"hunter2 horse9": 1}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_secret_in_a_rejected_option_is_masked(execute: Execute, given: Any, wrong: dict[str, Any]) -> None:
    url = {"Url": "db://admin:hunter2 horse9@host"}
    result = execute(**RESTART, parameters=url, sensitive_parameters=given, _ansible_inject_invocation=True, **wrong)
    assert result["failed"] is True
    assert "hunter2" not in json.dumps(result)


def test_a_secret_in_the_path_of_a_missing_file_is_masked(execute: Execute, monkeypatch: Any) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/hunter2horse")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/some")
    keys = {"access_key": None, "secret_key": None}
    result = execute(**RESTART, sensitive_parameters={"TARGET": "hunter2horse"}, **keys)
    assert "/nowhere/********" in result["msg"]
    assert "hunter2" not in json.dumps(result)


@pytest.mark.parametrize("given", [["pp-orders0000001"], "pp-orders0000001"])
def test_an_alias_accepts_a_list_and_a_single_value(run_module: Execute, given: Any) -> None:
    result = run_module("provisioned_product_info", provisioned_product_id=given)
    assert [each["name"] for each in result["provisioned_products"]] == ["orders-db"]


@pytest.mark.parametrize("given", ["", None])
def test_an_empty_record_id_from_check_mode_is_not_waited_for(run_module: Execute, given: Any) -> None:
    """Releases of ansible-core before 2.19 turn a null in a template into an empty string."""
    assert run_module("record_wait", record_id=given, _ansible_check_mode=True)["records"] == []

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that the service echoes appear in no result or warning, but ids and statuses do."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import MASK
from botocore.client import BaseClient
from emulator import Emulator
from faults.scenarios import HANDLERS, IDS, MODULES, RESTART, SCENARIOS, WORLD, Scenario

Connect = Callable[[Mapping[str, Any]], BaseClient]

# Members of a response that don't contain free text.
NOT_TEXT = ("Id", "Status", "Type", "Time", "Code", "Token", "Key", "ParameterName")
# Names are used for lookups, and a response about another product is rejected.
NAMES = ("Name",)
SECRET = "hunter2-hunter2"


def echo(value: Any, key: str = "") -> Any:
    """Insert the secret into all free text of a response."""
    if isinstance(value, Mapping):
        return {name: echo(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [echo(each, key) for each in value]
    is_text = isinstance(value, str) and not key.endswith(NOT_TEXT) and key not in NAMES
    return f"{value} {SECRET.upper()}" if is_text else value


@pytest.fixture
def echoing(connect: Connect) -> Connect:
    """Return a function that creates clients of a service that inserts the secret into all free text."""

    def change(parsed: dict[str, Any], **_kwargs: Any) -> None:
        metadata = parsed.pop("ResponseMetadata")
        parsed.update({**echo(parsed), "ResponseMetadata": metadata})

    def make(config: Mapping[str, Any]) -> BaseClient:
        client = connect(config)
        client.meta.events.register("after-call.servicecatalog", change)
        return client

    return make


@pytest.mark.parametrize("fault", ["none", "busy", "throttling"])
@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if "sensitive_parameters" in each.params], ids=str)
def test_an_echoed_secret_is_masked_everywhere(
    scenario: Scenario, fault: str, make_attempt: Callable[..., Any], echoing: Connect, emulator: Emulator
) -> None:
    emulator.reset(WORLD)
    params = {**scenario.params, "sensitive_parameters": {"Mode": SECRET}}
    if "record_ids" in scenario.given:
        params["record_ids"] = [start(echoing, each) for each in IDS[-scenario.records :]]
    else:
        assert all(start(echoing, each) for each in IDS[: scenario.records])
    if fault == "busy":
        for each in IDS:
            emulator.update_product(each, status="UNDER_CHANGE", status_message="busy")
    elif fault == "throttling":
        emulator.fault(scenario.operations[-1], "throttling")
    handler = getattr(importlib.import_module(MODULES + scenario.module), HANDLERS[scenario.module])
    attempt = make_attempt(handler, params, **scenario.modes)
    attempt.task.connect = lambda config: echoing({**config, "retries": {"total_max_attempts": 1}})
    result = attempt.result()
    text = json.dumps([result, attempt.warnings])
    assert SECRET not in text.lower()
    # In check mode, a result may quote no text of the service.
    assert MASK in text or scenario.modes
    for record in emulator.records():
        assert record["RecordId"] in text


def start(connect: Connect, product_id: str) -> str:
    """Start an action and return the record's id."""
    request = {"ProvisionedProductId": product_id, "ServiceActionId": RESTART, "ExecuteToken": f"token-{product_id}"}
    return str(connect({}).execute_provisioned_product_service_action(**request)["RecordDetail"]["RecordId"])

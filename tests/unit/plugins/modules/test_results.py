# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of every module match its RETURN block, however the task ends."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from botocore import xform_name
from botocore.session import Session
from emulator import Emulator

ROOT = Path(__file__).parents[4]
MODULES = sorted(
    path.stem.removeprefix("servicecatalog_") for path in (ROOT / "plugins" / "modules").glob("servicecatalog_*.py")
)
ORDERS, LEGACY, RESTART, FAILOVER = "pp-orders0000001", "pp-legacy0000001", "act-restart000001", "act-failover00001"
EXECUTE, SEARCH, DESCRIBE = "ExecuteProvisionedProductServiceAction", "SearchProvisionedProducts", "DescribeRecord"
HISTORY = "ListRecordHistory"

SUCCESS, FAILURE, ARGUMENTS = "success", "failure", "an error in the arguments"
# The values of `returned` in RETURN blocks, and the ends of a task in which the key is then returned.
RETURNED = {
    "always": {SUCCESS, FAILURE, ARGUMENTS},
    "unless the arguments are invalid": {SUCCESS, FAILURE},
    "success": {SUCCESS},
    "failure, unless the arguments are invalid": {FAILURE},
}
# Ansible's own keys, which RETURN blocks don't document.
OWN = {"failed", "msg", "changed", "warnings", "deprecations", "invocation", "diff"}
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}

Run = Callable[..., dict[str, Any]]
# Prepares the emulator for a case, and returns additional options.
Prepare = Callable[[Emulator, Run], Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A task, and how it ends."""

    module: str
    ends: str
    options: Mapping[str, Any]
    prepare: Prepare = field(default=lambda _emulator, _run: {})

    def __str__(self) -> str:
        return f"{self.module}-{self.ends}"


def faulty(operation: str, kind: str) -> Prepare:
    def prepare(emulator: Emulator, _run: Run) -> Mapping[str, Any]:
        emulator.fault(operation, kind)
        return {}

    return prepare


def started(*actions: str, lasts: float | None = None) -> Prepare:
    """Return a function that starts actions, and returns their record ids as the option record_ids."""

    def prepare(emulator: Emulator, run: Run) -> Mapping[str, Any]:
        if lasts is not None:
            emulator.update_product(ORDERS, run={"seconds": lasts})
        target = {"provisioned_product_id": ORDERS}
        done = [run("service_action", **target, service_action_id=each) for each in actions]
        return {"record_ids": [each["record_detail"]["record_id"] for each in done]}

    return prepare


def make_restart_long(emulator: Emulator, _run: Run) -> Mapping[str, Any]:
    emulator.update_product(ORDERS, run={"seconds": 1000})
    return {}


def ran_before(module: str, options: Mapping[str, Any]) -> Prepare:
    def prepare(emulator: Emulator, run: Run) -> Mapping[str, Any]:
        run(module, **options)
        emulator.advance(60)
        return {}

    return prepare


ONE_TRY = {"aws_config": {"retries": {"total_max_attempts": 1}}}
CHECK = {"_ansible_check_mode": True, "_ansible_diff": True}
SOON = {"wait": True, "wait_delay": 0.05}
ONE = {"provisioned_product_id": ORDERS, "service_action_id": RESTART}
NAMED = {"provisioned_product_name": "orders-db", "service_action_name": "Restart"}
CHANGE = {**ONE, "change_id": "CHG-1"}
BROKEN = {"provisioned_product_id": ORDERS, "service_action_id": FAILOVER, **SOON}
MANY = {"provisioned_product_ids": [ORDERS, "pp-billing000001"], "service_action_id": RESTART, **SOON}
MIXED = {"provisioned_product_names": ["orders-db", "legacy-db", "nothing"], "service_action_name": "Restart", **SOON}
MANY_CHANGE = {**MANY, "change_id": "CHG-1"}
MANY_BROKEN = {"provisioned_product_ids": [ORDERS], "service_action_id": FAILOVER, "change_id": "CHG-1", **SOON}
ARTIFACT = {"product_id": "prod-database00001", "provisioning_artifact_id": "pa-database00001"}

CASES = [
    Case("service_action", SUCCESS, ONE),
    Case("service_action", SUCCESS, {**NAMED, **SOON, "parameters": {"Mode": "forced"}}),
    Case("service_action", SUCCESS, {**ONE, "execute_token": "t-1", "accept_language": "jp"}),
    Case("service_action", SUCCESS, CHANGE, ran_before("service_action", CHANGE)),
    Case("service_action", SUCCESS, {**NAMED, **CHECK}),
    Case("service_action", SUCCESS, {**CHANGE, **CHECK, "retry_failed": True}),
    Case("service_action", FAILURE, BROKEN),
    Case("service_action", FAILURE, {**CHANGE, **BROKEN}, ran_before("service_action", {**CHANGE, **BROKEN})),
    Case("service_action", FAILURE, {**ONE, "provisioned_product_id": LEGACY}),
    Case("service_action", FAILURE, {**ONE, "provisioned_product_id": LEGACY, **CHECK}),
    Case("service_action", FAILURE, {**ONE, "parameters": {"Mood": "good"}}),
    Case("service_action", FAILURE, {**ONE, "parameters": {"Mood": "good"}, **CHECK}),
    Case("service_action", FAILURE, {**NAMED, "provisioned_product_name": "order-db"}),
    Case("service_action", FAILURE, {**NAMED, "service_action_name": "Reboot"}),
    Case("service_action", FAILURE, {**ONE, **SOON, "wait_timeout": 0}, make_restart_long),
    Case("service_action", FAILURE, {**ONE, **ONE_TRY}, faulty(EXECUTE, "reset_after")),
    Case("service_action", FAILURE, {**ONE, **SOON}, faulty(DESCRIBE, "access_denied")),
    Case("service_action", FAILURE, {**ONE, "profile": "none", "access_key": None, "secret_key": None}),
    Case("service_action", ARGUMENTS, {"provisioned_product_id": ORDERS}),
    Case("service_action", ARGUMENTS, {**ONE, "provisioned_product_id": "a b"}),
    Case("service_action", ARGUMENTS, {**ONE, "change_id": True}),
    Case("service_action", ARGUMENTS, {**ONE, "aws_config": {"retries": 7}}),
    Case("service_action_bulk", SUCCESS, MANY),
    Case("service_action_bulk", SUCCESS, {**MANY, "return_outputs": "all"}),
    Case("service_action_bulk", SUCCESS, {**MANY, "return_results": "problems"}),
    Case("service_action_bulk", SUCCESS, {**MANY, "wait": False}),
    Case("service_action_bulk", SUCCESS, {**MIXED, "max_errors": "2"}),
    Case("service_action_bulk", SUCCESS, MANY_CHANGE, ran_before("service_action_bulk", MANY_CHANGE)),
    Case("service_action_bulk", SUCCESS, {**MANY, "provisioned_product_ids": []}),
    Case("service_action_bulk", SUCCESS, {**MANY, **CHECK}),
    Case("service_action_bulk", SUCCESS, {**MANY_CHANGE, **CHECK, "retry_failed": True}),
    Case("service_action_bulk", SUCCESS, {**MIXED, **CHECK, "max_errors": "2"}),
    Case("service_action_bulk", FAILURE, {**MIXED, **CHECK}),
    Case("service_action_bulk", FAILURE, {**MIXED, "max_concurrency": "1"}),
    Case("service_action_bulk", FAILURE, {**MIXED, "return_results": "problems"}),
    Case("service_action_bulk", FAILURE, MANY_BROKEN, ran_before("service_action_bulk", MANY_BROKEN)),
    Case("service_action_bulk", FAILURE, {**MANY, "wait_timeout": 0}, make_restart_long),
    Case("service_action_bulk", FAILURE, {**MANY, "wait": False, **ONE_TRY}, faulty(EXECUTE, "reset_after")),
    Case(
        "service_action_bulk",
        FAILURE,
        {"search_query": ["db"], "service_action_id": RESTART},
        faulty(SEARCH, "access_denied"),
    ),
    Case("service_action_bulk", FAILURE, MIXED, faulty("DescribeProvisionedProduct", "access_denied")),
    Case("service_action_bulk", FAILURE, {**MANY, "profile": "none", "access_key": None, "secret_key": None}),
    Case("service_action_bulk", ARGUMENTS, {"service_action_id": RESTART}),
    Case("service_action_bulk", ARGUMENTS, {**MANY, "max_errors": "some"}),
    Case("service_action_bulk", ARGUMENTS, {**MANY, "provisioned_product_ids": [ORDERS, ORDERS]}),
    Case("service_action_bulk", ARGUMENTS, {**MANY, "aws_config": {"retries": 7}}),
    Case("probe", SUCCESS, {}),
    Case("probe", SUCCESS, {**ONE, "run_action": True, "replay": True, "replay_parameters": {"Mode": "forced"}}),
    Case("probe", SUCCESS, {**ONE, "run_action": True, "replay": True, **CHECK}),
    Case("probe", SUCCESS, {**ONE, "run_action": True}, faulty(EXECUTE, "access_denied")),
    Case("probe", FAILURE, {}, faulty(DESCRIBE, "expired_token")),
    Case("probe", FAILURE, {**NAMED, "provisioned_product_name": "order-db"}),
    Case("probe", ARGUMENTS, {"replay": True}),
    Case("record_wait", SUCCESS, {"wait_delay": 0.05}, started(RESTART, RESTART)),
    Case(
        "record_wait",
        SUCCESS,
        {"provisioned_product_id": ORDERS, "wait_delay": 0.05},
        ran_before("service_action", ONE),
    ),
    Case("record_wait", FAILURE, {"provisioned_product_name": "order-db"}),
    Case("record_wait", SUCCESS, {"record_ids": [None], **CHECK}),
    Case("record_wait", FAILURE, {"wait_delay": 0.05}, started(RESTART, FAILOVER)),
    Case("record_wait", FAILURE, {"wait_timeout": 0}, started(RESTART, lasts=1000)),
    Case("record_wait", FAILURE, {"record_ids": ["rec-none"], "wait_timeout": 0}, faulty(DESCRIBE, "access_denied")),
    Case("record_wait", FAILURE, {"record_ids": ["rec-1"], "profile": "none", "access_key": None, "secret_key": None}),
    Case("record_wait", ARGUMENTS, {}),
    Case("record_wait", ARGUMENTS, {"record_ids": ["a b"]}),
    Case("record_info", SUCCESS, {}, started(RESTART, FAILOVER)),
    Case("record_info", SUCCESS, {"provisioned_product_id": ORDERS, **CHECK}, ran_before("service_action", ONE)),
    Case("record_info", FAILURE, {}, faulty(HISTORY, "access_denied")),
    Case("record_info", ARGUMENTS, {"record_ids": ["rec-1"], "status": "FAILED"}),
    Case("record_info", ARGUMENTS, {"limit": 0}),
    Case("record_info", ARGUMENTS, {"since": "yesterday"}),
    Case("service_action_info", SUCCESS, {"provisioned_product_name": "orders-db"}),
    Case("service_action_info", SUCCESS, {"provisioned_product_name": "none", **CHECK}),
    Case("service_action_info", SUCCESS, ARTIFACT),
    Case("service_action_info", SUCCESS, {"service_action_id": RESTART}),
    Case(
        "service_action_info", FAILURE, {"service_action_id": RESTART}, faulty("DescribeServiceAction", "access_denied")
    ),
    Case("service_action_info", ARGUMENTS, {}),
    Case("service_action_info", ARGUMENTS, {"service_action_id": "a b"}),
    Case("provisioned_product_info", SUCCESS, {}),
    Case("provisioned_product_info", SUCCESS, {"provisioned_product_ids": [ORDERS], **CHECK}),
    Case("provisioned_product_info", SUCCESS, {"tags": {"team": "orders"}, "outputs": True, "details": True}),
    Case("provisioned_product_info", FAILURE, {}, faulty(SEARCH, "access_denied")),
    Case("provisioned_product_info", ARGUMENTS, {"limit": "many"}),
    Case("provisioned_product_info", ARGUMENTS, {"limit": 0}),
]


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    """Run an emulator on the real clock, like the modules, in which actions take a tenth of a second."""
    with Emulator(speed=40) as running:
        yield running


@cache
def documented(module: str) -> dict[str, Any]:
    text = runpy.run_path(str(ROOT / "plugins" / "modules" / f"servicecatalog_{module}.py"))["RETURN"]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def violations(value: Any, text: Mapping[str, Any], where: str, *, has_nulls: bool = False) -> Iterator[str]:
    """Yield the differences between a value and its documentation, which must say what can be null."""
    says_null = "null" in str(text["description"]).lower()
    has_nulls = has_nulls or says_null
    if value is None:
        if not (says_null if text["type"] in ("list", "dict") else has_nulls):
            yield f"{where} is null"
    elif not isinstance(value, TYPES[text["type"]]) or isinstance(value, bool) is not (text["type"] == "bool"):
        yield f"{where} is {value!r}, and no {text['type']}"
    elif isinstance(value, list):
        for item in value:
            yield from violations(item, {**text, "type": text["elements"]}, f"{where}[]", has_nulls=has_nulls)
    elif "contains" in text:
        yield from (f"{where}.{key} is not documented" for key in value.keys() - text["contains"].keys())
        for key, inner in text["contains"].items():
            if key not in value:
                yield f"{where}.{key} is missing"
            else:
                yield from violations(value[key], inner, f"{where}.{key}", has_nulls=has_nulls)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_result_matches_its_documentation(case: Case, run_module: Run, emulator: Emulator) -> None:
    options = {**case.options, **case.prepare(emulator, run_module)}
    result = run_module(case.module, **options)
    assert result.get("failed", False) is (case.ends != SUCCESS), result
    assert isinstance(result.get("msg"), str) is (case.ends != SUCCESS)
    keys = documented(case.module)
    found = [f"{key} is not documented" for key in result.keys() - keys.keys() - OWN]
    if case.ends == ARGUMENTS:
        assert set(result) <= OWN
        return
    for key, text in keys.items():
        # The part after "if" is an additional condition, which is not evaluated.
        returned, _comma, condition = text["returned"].partition(", if ")
        if (case.ends in RETURNED[returned]) is not (key in result) and (key in result or not condition):
            found.append(f"{key} is {'returned' if key in result else 'missing'}")
        found += violations(result[key], text, key) if key in result else []
    assert "\n".join(found) == ""


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_tested_with_every_end_and_in_check_mode(module: str) -> None:
    cases = [case for case in CASES if case.module == module]
    assert {case.ends for case in cases} == {SUCCESS, FAILURE, ARGUMENTS}
    assert any("_ansible_check_mode" in case.options for case in cases)


@pytest.mark.parametrize("module", MODULES)
def test_only_top_level_keys_depend_on_how_a_task_ends(module: str) -> None:
    keys = documented(module)
    assert {text["returned"].partition(", if ")[0] for text in keys.values()} <= set(RETURNED)
    assert "'returned'" not in str([text.get("contains") for text in keys.values()])


RECORD = {
    "service_action": (),
    "service_action_bulk": ("results",),
    "record_info": ("records",),
    "record_wait": ("records",),
}
PRODUCTS, ACTIONS = ("provisioned_products",), ("service_actions",)
ATTRIBUTE, DETAIL = "ProvisionedProductAttribute", "ProvisionedProductDetail"
DESCRIBED = "DescribeProvisionedProductOutput"


@pytest.mark.parametrize(
    ("module", "result", "shapes", "others"),
    [
        *((module, (*path, "record_detail"), ["RecordDetail"], "") for module, path in RECORD.items()),
        *((module, (*path, "record_output_list"), ["RecordOutput"], "") for module, path in RECORD.items()),
        ("provisioned_product_info", PRODUCTS, [ATTRIBUTE, DETAIL, DESCRIBED], "outputs output_list"),
        ("provisioned_product_info", (*PRODUCTS, "output_list"), ["RecordOutput"], ""),
        ("provisioned_product_info", (), ["SearchProvisionedProductsOutput"], "error response_metadata"),
        ("service_action_info", ACTIONS, ["ServiceActionSummary"], "parameters definition"),
        ("service_action_info", (*ACTIONS, "parameters"), ["ExecutionParameter"], ""),
    ],
)
def test_the_documented_keys_are_the_members_of_the_services_shape(
    module: str, result: tuple[str, ...], shapes: list[str], others: str
) -> None:
    keys = documented(module)
    for key in result:
        keys = keys[key]["contains"]
    model = Session().get_service_model("servicecatalog")
    members = {xform_name(name).removeprefix("output_") for shape in shapes for name in model.shape_for(shape).members}
    assert set(keys) - set(others.split()) == members - {"next_page_token", "provisioned_product_detail"}


SAME_KEY = [
    {"key": "Id", "value": "first", "description": "The first one"},
    {"key": "Id", "value": "second", "description": None},
]


@pytest.mark.parametrize("module", RECORD)
def test_the_output_list_keeps_outputs_with_the_same_key(module: str, run_module: Run, emulator: Emulator) -> None:
    outputs = [{name: text for name, text in each.items() if text} for each in SAME_KEY]
    emulator.update_product(ORDERS, run={"outputs": outputs})
    if module == "service_action":
        found = run_module(module, **ONE, **SOON)
    elif module == "service_action_bulk":
        (found,) = run_module(module, **MANY, return_outputs="all")["results"][:1]
    else:
        (record_id,) = started(RESTART)(emulator, run_module)["record_ids"]
        waited = run_module("record_wait", record_id=record_id, wait_delay=0.05)
        (found,) = (waited if module == "record_wait" else run_module(module, record_id=record_id))["records"]
    assert (found["record_outputs"], found["record_output_list"]) == ({"Id": "second"}, SAME_KEY)

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Common user mistakes: each message says what is wrong, how to correct it, and whether anything was started."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest
import yaml
from emulator import Emulator
from emulator.world import DEMO

BULK = "service_action_bulk"
BY_ID = {"provisioned_product_id": "pp-orders0000001", "service_action_id": "act-restart000001"}
BY_NAME = {"provisioned_product_name": "orders-db", "service_action_name": "Restart"}
BULK_BY_ID = {"provisioned_product_ids": ["pp-orders0000001"], "service_action_id": "act-restart000001"}
BULK_BY_NAME = {"provisioned_product_names": ["orders-db"], "service_action_name": "Restart"}
BUSY = {**BY_ID, "provisioned_product_id": "pp-legacy0000001"}
TERRAFORM = {**BY_ID, "provisioned_product_id": "pp-terraform0001"}
EXECUTE, DESCRIBE = "ExecuteProvisionedProductServiceAction", "DescribeProvisionedProduct"
SEARCH, ACTIONS = "SearchProvisionedProducts", "ListServiceActionsForProvisioningArtifact"
EXECUTION_PARAMETERS = "DescribeServiceActionExecutionParameters"
ONE_TRY = {"aws_config": {"retries": {"total_max_attempts": 1}}}
VISIBLE = "in us-east-1 that these credentials can see"
IS_BUSY = (
    "'legacy-db' (pp-legacy0000001) has the status UNDER_CHANGE (Update 7 is under way); an action can start once "
    "the product is AVAILABLE or TAINTED"
)
NO_TERRAFORM = "'network' (pp-terraform0001) is of the type TERRAFORM_OPEN_SOURCE, which has no service actions"
NO_ACTION = "'orders-db' (pp-orders0000001) has no service action"
TOO_SHORT = (
    "Masking it would hide much of the result; use a longer value or, if it is not a secret, give it in parameters "
    "instead"
)
# An option that is null, as opposed to one that is absent.
NULL = object()
CONNECTION = ("region", "access_key", "secret_key")
Execute = Callable[..., dict[str, Any]]


class Mistake(NamedTuple):
    """A mistake: the options of a task, the faults by operation, and the text that the message must contain."""

    options: dict[str, Any]
    says: str
    module: str = "service_action"
    faults: dict[str, str] | None = None


def by_id(says: str, **options: Any) -> Mistake:
    return Mistake({**BY_ID, **options}, says)


def by_name(says: str, **options: Any) -> Mistake:
    return Mistake({**BY_NAME, **options}, says)


def bulk(says: str, **options: Any) -> Mistake:
    return Mistake({**BULK_BY_ID, **options}, says, BULK)


def refused(says: str, **faults: str) -> Mistake:
    return Mistake(BY_ID, f"act-restart000001 was not started on pp-orders0000001: {says}", faults=faults)


MISTAKES = {
    "a typo in the name of a product": by_name(
        f"no provisioned product named 'order-db' {VISIBLE}. Did you mean orders-db? Others: bare-db, billing-db",
        provisioned_product_name="order-db",
    ),
    "the name of a product in the wrong case": by_name(
        f"named 'Orders-DB' {VISIBLE}. Did you mean orders-db?", provisioned_product_name="Orders-DB"
    ),
    "a product of another region": by_name(
        "named 'eu-db' in us-east-1 that these credentials can see. ", provisioned_product_name="eu-db"
    ),
    "a region without products": by_name(
        "named 'eu-db' in ap-south-1 that these credentials can see. No provisioned products are visible there: "
        "check the region and the account.",
        provisioned_product_name="eu-db",
        region="ap-south-1",
    ),
    "the id of a product as its name": by_name(
        "named 'pp-orders0000001' in us-east-1 that these credentials can see. That is an id: use "
        "provisioned_product_id.",
        provisioned_product_name="pp-orders0000001",
    ),
    "the name of a product as its id": by_id(
        f"with the id 'orders-db' {VISIBLE}. That is a name: use provisioned_product_name.",
        provisioned_product_id="orders-db",
    ),
    "an unknown id of a product": by_id(
        f"with the id 'pp-orders000001' {VISIBLE}. Did you mean pp-orders0000001?",
        provisioned_product_id="pp-orders000001",
    ),
    "an unknown action": by_name(
        f"{NO_ACTION} named 'Reboot'. Existing ones: Backup, Failover, Restart, RotatePassword.",
        service_action_name="Reboot",
    ),
    "a typo in the name of an action": by_name(
        f"{NO_ACTION} named 'restrat'. Did you mean Restart? Others: Backup,", service_action_name="restrat"
    ),
    "the id of an action as its name": by_name(
        "That is an id: use service_action_id.", service_action_name="act-restart000001"
    ),
    "the name of an action as its id": by_id(
        f"{NO_ACTION} with the id 'Restart'. That is a name: use service_action_name.",
        service_action_id="Restart",
    ),
    "a misspelt parameter": by_id(
        "act-restart000001 takes no parameter 'Mod'. Did you mean Mode? Others: TARGET.", parameters={"Mod": "forced"}
    ),
    "a busy product": Mistake(BUSY, IS_BUSY),
    "a Terraform product": Mistake(TERRAFORM, NO_TERRAFORM),
    "no credentials": by_id(
        "NoCredentialsError: Unable to locate credentials (set profile, or access_key and secret_key, or their "
        "environment variables).",
        access_key=None,
        secret_key=None,
    ),
    "expired credentials": refused(
        "ExpiredTokenException: The security token included in the request is expired (log in again, or use new "
        "credentials).",
        **{EXECUTE: "expired_token"},
    ),
    "expired credentials at a lookup": Mistake(
        BY_NAME, "is expired (log in again, or use new credentials).", faults={DESCRIBE: "expired_token"}
    ),
    "denied credentials": refused(
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/SelfService/demo is not authorized to "
        f"perform: servicecatalog:{EXECUTE} because no identity-based policy allows it.",
        **{EXECUTE: "access_denied"},
    ),
    "denied credentials at a lookup": Mistake(
        BY_NAME, f"perform: servicecatalog:{DESCRIBE} because", faults={DESCRIBE: "access_denied"}
    ),
    "no region": by_id("NoRegionError: You must specify a region (set region or AWS_REGION).", region=None),
    "both options of a product": by_id(
        "mutually exclusive: provisioned_product_id|provisioned_product_name", provisioned_product_name="orders-db"
    ),
    "neither option of a product": by_name(
        "one of the following is required: provisioned_product_id, provisioned_product_name",
        provisioned_product_name=None,
    ),
    "a product that is null": by_name(
        "One of provisioned_product_id, provisioned_product_name must have a value other than null",
        provisioned_product_name=NULL,
    ),
    "a null parameter": by_id(
        "parameters has null for 'Mode'; set a value, or omit the name", parameters={"Mode": None}
    ),
    "a nested parameter": by_id(
        "parameters has a dict for 'Mode'; it must be a scalar or a list of scalars", parameters={"Mode": {"a": 1}}
    ),
    "a negative timeout": by_id("wait_timeout must be between 0 and 7776000 seconds, not -1", wait_timeout=-1),
    "a huge timeout": by_id("seconds, not a number of more than 20 digits", wait_timeout=10**400, wait=True),
    "a delay of 0 between polls": by_id(
        "wait_delay must be more than 0 and at most 7776000 seconds, not 0.0", wait_delay=0
    ),
    "a secret that is a boolean": by_id(
        f"sensitive_parameters has a boolean for 'Mode'. {TOO_SHORT}", sensitive_parameters={"Mode": True}
    ),
    "a short secret": by_id(
        f"sensitive_parameters has a value under 4 characters for 'Mode'. {TOO_SHORT}",
        sensitive_parameters={"Mode": "abc"},
    ),
    "a change id that YAML reads as a number": by_id("change_id was read as a float (1.5); quote it", change_id=1.5),
    "a percentage beyond 100": bulk(
        "max_errors must be a count of 0 or more, or a percentage from 0% to 100%, not '110%'", max_errors="110%"
    ),
    "a max_concurrency of 0": bulk("max_concurrency must be a count of 1 or more, or", max_concurrency="0"),
    "no targets": bulk("one of the following is required: provisioned_product_ids", provisioned_product_ids=None),
}
# Mistakes that only the start reveals. The message must be the same in check mode, which finds them by lookups.
SAME_IN_CHECK_MODE = [
    "the name of a product as its id",
    "the name of an action as its id",
    "a misspelt parameter",
    "a busy product",
    "a Terraform product",
]
IN_BULK = {
    "a typo in the name of a product": Mistake(
        {**BULK_BY_NAME, "provisioned_product_names": ["order-db"]},
        f"Failed: order-db. The first failure: There is no provisioned product named 'order-db' {VISIBLE}. "
        "Did you mean orders-db?",
    ),
    "a typo in the name of an action": Mistake(
        {**BULK_BY_NAME, "service_action_name": "Restrat"}, f"{NO_ACTION} named 'Restrat'. Did you mean Restart?"
    ),
    "an unknown id of a product": Mistake(
        {**BULK_BY_ID, "provisioned_product_ids": ["pp-orders000001"]},
        f"The first failure: There is no provisioned product with the id 'pp-orders000001' {VISIBLE}. Did you mean",
    ),
    "a misspelt parameter": Mistake(
        {**BULK_BY_ID, "parameters": {"Mod": "forced"}}, "takes no parameter 'Mod'. Did you mean Mode? Others: TARGET."
    ),
    "a busy product": Mistake({**BULK_BY_ID, "provisioned_product_ids": ["pp-legacy0000001"]}, IS_BUSY),
    "expired credentials": Mistake(BULK_BY_ID, "(log in again, or use new", faults={EXECUTE: "expired_token"}),
}


@pytest.fixture
def make(run_module: Execute, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Execute:
    """Return a function that runs a mistaken task, in a world with a product in another region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    world = yaml.safe_load(DEMO.read_text())
    products = [{**each, "region": "us-east-1"} for each in world["provisioned_products"]]
    world["provisioned_products"] = [*products, {**products[0], "id": "pp-eu", "name": "eu-db", "region": "eu-west-1"}]
    emulator.reset(world)
    emulator.update_product("pp-legacy0000001", status_message="Update 7 is under way.")

    def run(mistake: Mistake, **more: Any) -> dict[str, Any]:
        for operation, kind in (mistake.faults or {}).items():
            emulator.fault(operation, kind)
        options = {**mistake.options, **more}
        # Keep null only for the region and the credentials, where it replaces the value that run_module sets.
        given = {name: value for name, value in options.items() if value is not None or name in CONNECTION}
        given = {name: None if value is NULL else value for name, value in given.items()}
        return run_module(mistake.module, **given)

    return run


def check(result: dict[str, Any], says: str) -> None:
    """Check that a message contains a text, is a single line, and repeats no sentence."""
    message = result["msg"]
    assert result["failed"] is True
    assert says in message
    assert "\n" not in message
    sentences = re.split(r"(?<=[.?]) ", message)
    assert len(sentences) == len(set(sentences))
    assert not re.search("bug|Traceback", message)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_names_a_mistake_and_its_correction(make: Execute, emulator: Emulator, name: str) -> None:
    result = make(MISTAKES[name])
    check(result, MISTAKES[name].says)
    assert len(re.findall("(?:not|Nothing was) started", result["msg"])) == 1
    assert not result.get("changed")
    assert emulator.records() == []


@pytest.mark.parametrize("name", SAME_IN_CHECK_MODE)
def test_check_mode_names_a_mistake_in_the_same_words(make: Execute, name: str) -> None:
    checked = make(MISTAKES[name], _ansible_check_mode=True)
    assert checked["msg"] == make(MISTAKES[name])["msg"]


@pytest.mark.parametrize("name", IN_BULK)
def test_a_bulk_task_names_a_mistake_in_the_same_words(make: Execute, emulator: Emulator, name: str) -> None:
    result = make(IN_BULK[name]._replace(module=BULK))
    check(result, IN_BULK[name].says)
    assert emulator.records() == []


@pytest.mark.parametrize("name", ["denied credentials", "denied credentials at a lookup"])
def test_a_permission_is_named_once(make: Execute, name: str) -> None:
    assert make(MISTAKES[name])["msg"].count("servicecatalog:") == 1


@pytest.mark.parametrize(("kind", "status"), [("garbage", 200), ("page", 403), ("page", 502)])
def test_a_proxys_page_instead_of_a_response_is_reported_in_one_line(
    make: Execute, emulator: Emulator, kind: str, status: int
) -> None:
    options = {"status": status} if kind == "page" else {}
    emulator.fault(DESCRIBE, kind, **options)
    problem = "cut off or not from the service" if status == 200 else "not from the service"
    where = f"{DESCRIBE} was answered by {emulator.url} with HTTP {status} and a body that is {problem}"
    check(make(Mistake(BY_NAME, "")), f"Nothing was started, since the names could not be looked up: {where}.")


@pytest.mark.parametrize("status", [403, 502])
def test_a_proxys_page_instead_of_the_response_to_a_start_may_hide_a_started_action(
    make: Execute, emulator: Emulator, status: int
) -> None:
    emulator.fault(EXECUTE, "page", status=status)
    result = make(Mistake(BY_ID, ""), change_id="CHG-1")
    check(result, f"may have started on pp-orders0000001: no usable response was received ({EXECUTE} was answered by")
    assert "run this task again with change_id: CHG-1" in result["msg"]
    assert result["changed"] is True


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (
            "service_action_bulk",
            {"provisioned_product_id": ["pp-orders0000001"], "service_action_id": "act-restart000001"},
        ),
        ("service_action_bulk", {"provisioned_product_name": ["orders-db"], "service_action_name": "Restart"}),
        (
            "service_action_bulk",
            {"provisioned_product_id": "pp-orders0000001,pp-billing000001", "service_action_id": "act-restart000001"},
        ),
        ("record_wait", {"record_id": [], "wait_timeout": 0}),
        ("record_info", {"record_id": ["rec-1", "rec-2"]}),
        ("provisioned_product_info", {"provisioned_product_id": ["pp-orders0000001"]}),
        ("provisioned_product_info", {"provisioned_product_name": ["orders-db"]}),
    ],
)
def test_a_singular_option_name_accepts_what_the_plural_accepts(
    run_module: Execute, module: str, options: dict[str, Any]
) -> None:
    more = {"wait": False} if module == "service_action_bulk" else {}
    assert "msg" not in run_module(module, **options, **more)


@pytest.mark.parametrize(
    ("module", "options", "of"),
    [
        ("service_action", {**BY_ID, "provisioned_product_id": None}, "provisioned_product"),
        ("service_action", {**BY_NAME, "provisioned_product_name": None}, "provisioned_product"),
        ("service_action", {**BY_NAME, "service_action_name": None}, "service_action"),
        ("service_action_bulk", {**BULK_BY_ID, "service_action_id": None}, "service_action"),
        (
            "service_action_bulk",
            {"targets": [{"provisioned_product_id": None}], "service_action_name": "Restart"},
            "provisioned_product",
        ),
    ],
)
def test_null_does_not_count_as_a_product_or_an_action(
    run_module: Execute, emulator: Emulator, module: str, options: dict[str, Any], of: str
) -> None:
    check(
        run_module(module, **options),
        f"One of {of}_id, {of}_name must have a value other than null. Nothing was started.",
    )
    assert emulator.calls() == []


@pytest.mark.parametrize("module", ["service_action", "service_action_bulk"])
@pytest.mark.parametrize("kind", ["garbage", "page"])
def test_a_rejection_is_reported_even_if_its_reason_can_not_be_read(
    make: Execute, emulator: Emulator, module: str, kind: str
) -> None:
    emulator.fault(DESCRIBE, kind, **({"status": 502} if kind == "page" else {}))
    options = BY_ID if module == "service_action" else BULK_BY_ID
    mistake = Mistake({**options, **ONE_TRY, "parameters": {"Mod": "forced"}}, "", module)
    check(make(mistake), "was not started on pp-orders0000001: InvalidParametersException: Parameter Mod")


@pytest.mark.parametrize("operation", [SEARCH, ACTIONS, EXECUTION_PARAMETERS])
@pytest.mark.parametrize("kind", ["garbage", "page"])
def test_a_proxys_page_before_the_starts_means_that_nothing_was_started(
    make: Execute, emulator: Emulator, operation: str, kind: str
) -> None:
    emulator.fault(operation, kind, **({"status": 502} if kind == "page" else {}))
    mistake, more = Mistake(BY_NAME, ""), dict(ONE_TRY)
    if operation == SEARCH:
        mistake = Mistake({"search_query": ["productName:Database"], "service_action_name": "Restart"}, "", BULK)
    if operation == EXECUTION_PARAMETERS:
        more["_ansible_check_mode"] = True
    message = make(mistake, **more)["msg"]
    assert f"{operation} was answered by" in message
    assert message.count("Nothing was started") == 1


def test_a_bulk_task_does_not_say_that_nothing_was_started_if_something_was(make: Execute, emulator: Emulator) -> None:
    ids = ["pp-orders0000001", "pp-terraform0001"]
    result = make(Mistake({**BULK_BY_ID, "provisioned_product_ids": ids, "wait": False}, "", BULK))
    check(
        result,
        f"Of 2 targets: 1 failed, 1 started (max_errors is 0). Failed: pp-terraform0001. The first failure: The "
        f"provisioned product {NO_TERRAFORM}. To continue, fix the cause",
    )
    assert "Nothing was started" not in result["msg"]
    assert len(emulator.records()) == 1


def test_a_misspelt_parameter_is_explained_with_wait_until_available(make: Execute) -> None:
    options = {**BULK_BY_ID, "parameters": {"Mod": "forced"}, "wait_until_available": True}
    check(make(Mistake(options, "", BULK)), "takes no parameter 'Mod'. Did you mean Mode?")


def test_a_product_listed_twice_by_a_search_is_one_target(make: Execute, emulator: Emulator) -> None:
    world = yaml.safe_load(DEMO.read_text())
    artifact = {"ProductId": "prod-database00001", "ProvisioningArtifactId": "pa-database00001"}
    product = {"Id": world["provisioned_products"][0]["id"], "Name": "orders-db", "Status": "AVAILABLE", **artifact}
    emulator.fault(SEARCH, "replaced", members={"ProvisionedProducts": [product, product]})
    options = {"search_query": ["productName:Database"], "service_action_id": "act-restart000001", "wait": False}
    assert len(make(Mistake(options, "", BULK))["results"]) == len(emulator.records()) == 1


@pytest.mark.parametrize("module", ["service_action", "service_action_bulk"])
def test_a_product_busy_with_the_change_itself_is_not_reported_as_not_started(
    make: Execute, emulator: Emulator, module: str
) -> None:
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    options = {**(BY_ID if module == "service_action" else BULK_BY_ID), **ONE_TRY, "wait": False, "change_id": "CHG-1"}
    mistake = Mistake(options, "", module)
    emulator.fault(EXECUTE, "reset_after", calls=[1])
    assert "may have started" in make(mistake)["msg"]
    result = make(mistake)
    check(result, "an action can start once the product is AVAILABLE or TAINTED. It may be busy with this change.")
    assert "Nothing was started." not in str(result)
    assert len(emulator.records()) == 1

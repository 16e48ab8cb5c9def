# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mistakes that users make: each message names the thing, what is wrong, what would be right, and what started."""

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
VISIBLE = "in us-east-1 that these credentials can see"
IS_BUSY = (
    "'legacy-db' (pp-legacy0000001) has the status UNDER_CHANGE (Update 7 is under way); it takes an action when "
    "AVAILABLE or TAINTED"
)
NO_TERRAFORM = "'network' (pp-terraform0001) is of the type TERRAFORM_OPEN_SOURCE, which has no service actions"
NO_ACTION = "'orders-db' (pp-orders0000001) has no service action"
TOO_SHORT = "Masking it would blank out much of the result; give a longer one, or use parameters if it is no secret"
# A null option, which is not the same as an absent one.
NULL = object()
CONNECTION = ("region", "access_key", "secret_key")
Execute = Callable[..., dict[str, Any]]


class Mistake(NamedTuple):
    """A mistake: the options of a task, the faults of the service by operation, and what the message has to say."""

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
        "named 'eu-db' in ap-south-1 that these credentials can see. They can see none there: check the region and the "
        "account.",
        provisioned_product_name="eu-db",
        region="ap-south-1",
    ),
    "the id of a product as its name": by_name(
        "named 'pp-orders0000001' in us-east-1 that these credentials can see. That is an id: give it as "
        "provisioned_product_id.",
        provisioned_product_name="pp-orders0000001",
    ),
    "the name of a product as its id": by_id(
        f"with the id 'orders-db' {VISIBLE}. That is a name: give it as provisioned_product_name.",
        provisioned_product_id="orders-db",
    ),
    "an unknown id of a product": by_id(
        f"with the id 'pp-orders000001' {VISIBLE}. Did you mean pp-orders0000001?",
        provisioned_product_id="pp-orders000001",
    ),
    "an unknown action": by_name(
        f"{NO_ACTION} named 'Reboot'. Those that exist: Backup, Failover, Restart, RotatePassword.",
        service_action_name="Reboot",
    ),
    "a typo in the name of an action": by_name(
        f"{NO_ACTION} named 'restrat'. Did you mean Restart? Others: Backup,", service_action_name="restrat"
    ),
    "the id of an action as its name": by_name(
        "That is an id: give it as service_action_id.", service_action_name="act-restart000001"
    ),
    "the name of an action as its id": by_id(
        f"{NO_ACTION} with the id 'Restart'. That is a name: give it as service_action_name.",
        service_action_id="Restart",
    ),
    "a misspelt parameter": by_id(
        "act-restart000001 takes no parameter 'Mod'. Did you mean Mode? Others: TARGET.", parameters={"Mod": "forced"}
    ),
    "a busy product": Mistake(BUSY, IS_BUSY),
    "a Terraform product": Mistake(TERRAFORM, NO_TERRAFORM),
    "no credentials": by_id(
        "NoCredentialsError: Unable to locate credentials (give profile, or access_key and secret_key, or set their "
        "environment variables).",
        access_key=None,
        secret_key=None,
    ),
    "expired credentials": refused(
        "ExpiredTokenException: The security token included in the request is expired (log in again, or give new "
        "credentials).",
        **{EXECUTE: "expired_token"},
    ),
    "expired credentials at a lookup": Mistake(
        BY_NAME, "is expired (log in again, or give new credentials).", faults={DESCRIBE: "expired_token"}
    ),
    "denied credentials": refused(
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/SelfService/demo is not authorized to "
        f"perform: servicecatalog:{EXECUTE} because no identity-based policy allows it.",
        **{EXECUTE: "access_denied"},
    ),
    "denied credentials at a lookup": Mistake(
        BY_NAME, f"perform: servicecatalog:{DESCRIBE} because", faults={DESCRIBE: "access_denied"}
    ),
    "no region": by_id("NoRegionError: You must specify a region (give region, or set AWS_REGION).", region=None),
    "both options of a product": by_id(
        "mutually exclusive: provisioned_product_id|provisioned_product_name", provisioned_product_name="orders-db"
    ),
    "neither option of a product": by_name(
        "one of the following is required: provisioned_product_id, provisioned_product_name",
        provisioned_product_name=None,
    ),
    "a product that is null": by_name(
        "One of provisioned_product_id, provisioned_product_name needs a value, and null is none",
        provisioned_product_name=NULL,
    ),
    "a null parameter": by_id(
        "parameters has null for 'Mode'; give a value, or leave the name out", parameters={"Mode": None}
    ),
    "a nested parameter": by_id(
        "parameters has a dict for 'Mode'; it takes a scalar or a list of scalars", parameters={"Mode": {"a": 1}}
    ),
    "a negative time": by_id("wait_timeout must be between 0 and 7776000 seconds, not -1", wait_timeout=-1),
    "no time between polls": by_id("wait_delay must be more than 0 and at most 7776000 seconds, not 0.0", wait_delay=0),
    "a secret that is a boolean": by_id(
        f"sensitive_parameters has a boolean for 'Mode'. {TOO_SHORT}", sensitive_parameters={"Mode": True}
    ),
    "a short secret": by_id(
        f"sensitive_parameters has a value under 4 characters for 'Mode'. {TOO_SHORT}",
        sensitive_parameters={"Mode": "abc"},
    ),
    "a change id that YAML has read": by_id("change_id was read as float (1.5); quote it", change_id=1.5),
    "a percentage beyond 100": bulk(
        "max_errors must be a count of 0 or more, or a percentage from 0% to 100%, not '110%'", max_errors="110%"
    ),
    "a concurrency of none": bulk("max_concurrency must be a count of 1 or more, or", max_concurrency="0"),
    "no targets": bulk("one of the following is required: provisioned_product_ids", provisioned_product_ids=None),
}
# Ids that the service refuses are explained in the words of a lookup, and so is a product that takes no action.
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
        f"Failed: order-db. The first: There is no provisioned product named 'order-db' {VISIBLE}. "
        "Did you mean orders-db?",
    ),
    "a typo in the name of an action": Mistake(
        {**BULK_BY_NAME, "service_action_name": "Restrat"}, f"{NO_ACTION} named 'Restrat'. Did you mean Restart?"
    ),
    "an unknown id of a product": Mistake(
        {**BULK_BY_ID, "provisioned_product_ids": ["pp-orders000001"]},
        f"The first: There is no provisioned product with the id 'pp-orders000001' {VISIBLE}. Did you mean",
    ),
    "a misspelt parameter": Mistake(
        {**BULK_BY_ID, "parameters": {"Mod": "forced"}}, "takes no parameter 'Mod'. Did you mean Mode? Others: TARGET."
    ),
    "a busy product": Mistake({**BULK_BY_ID, "provisioned_product_ids": ["pp-legacy0000001"]}, IS_BUSY),
    "expired credentials": Mistake(BULK_BY_ID, "(log in again, or give new", faults={EXECUTE: "expired_token"}),
}


@pytest.fixture
def make(run_module: Execute, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Execute:
    """Return a function that makes a mistake in a world with a product in another region, and returns the result."""
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
        # Only for the region and the credentials, which the function has itself, null is as good as absent.
        given = {name: value for name, value in options.items() if value is not None or name in CONNECTION}
        given = {name: None if value is NULL else value for name, value in given.items()}
        return run_module(mistake.module, **given)

    return run


def check(result: dict[str, Any], says: str) -> None:
    """Check that a message has what it must say, on one line, and each sentence once."""
    message = result["msg"]
    assert result["failed"] is True
    assert says in message
    assert "\n" not in message
    sentences = re.split(r"(?<=[.?]) ", message)
    assert len(sentences) == len(set(sentences))
    assert not re.search("bug|Traceback", message)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_what_would_be_right(make: Execute, emulator: Emulator, name: str) -> None:
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
def test_a_page_of_a_proxy_instead_of_an_answer_is_one_line(
    make: Execute, emulator: Emulator, kind: str, status: int
) -> None:
    options = {"status": status} if kind == "page" else {}
    emulator.fault(DESCRIBE, kind, **options)
    problem = "cut off or not the service's" if status == 200 else "not the service's"
    where = f"{DESCRIBE} was answered by {emulator.url} with HTTP {status} and a body that is {problem}"
    check(make(Mistake(BY_NAME, "")), f"Nothing was started, since the names could not be looked up: {where}.")


@pytest.mark.parametrize("status", [403, 502])
def test_a_page_of_a_proxy_instead_of_the_answer_to_a_start_may_hide_it(
    make: Execute, emulator: Emulator, status: int
) -> None:
    emulator.fault(EXECUTE, "page", status=status)
    result = make(Mistake(BY_ID, ""), change_id="CHG-1")
    check(result, f"may have started on pp-orders0000001: no usable answer came back ({EXECUTE} was answered by")
    assert "run this task again with change_id: CHG-1" in result["msg"]
    assert result["changed"] is True

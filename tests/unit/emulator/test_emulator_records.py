# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records on the emulator's clock, their replay by tokens, and the switches for undocumented behavior."""

from __future__ import annotations

import functools
from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from emulator import Emulator

Execute = Callable[..., dict[str, Any]]
DETOUR = {"seconds": 10, "created_for": 2, "in_error_from": 4, "errors": [{"code": "E", "description": "{record_id}"}]}


def describe(client: BaseClient, record: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = client.describe_record(Id=record["RecordId"])
    return response


def status(client: BaseClient, record: dict[str, Any]) -> str:
    return str(describe(client, record)["RecordDetail"]["Status"])


def outputs(client: BaseClient, record: dict[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in describe(client, record)["RecordOutputs"]}


def error_code(call: Callable[..., Any], *arguments: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **members)
    return str(caught.value.response["Error"]["Code"])


def test_a_record_can_succeed(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    record = execute(ExecuteToken="one", Parameters={"Mode": ["fast"]})
    assert (record["Status"], record["UpdatedTime"]) == ("CREATED", record["CreatedTime"])
    assert record["RecordTags"] == [{"Key": "team", "Value": "orders"}, {"Key": "env", "Value": "prod"}]
    statuses = []
    for _second in range(5):
        statuses.append(status(client, record))
        emulator.advance(1)
    assert statuses == ["CREATED", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]
    assert set(outputs(client, record)) == {"AutomationExecutionId", "RestartedAt"}
    (stored,) = emulator.records()
    assert (stored["ExecuteToken"], stored["Parameters"], stored["ServiceActionId"], stored["Status"]) == (
        "one",
        {"Mode": ["fast"]},
        "act-restart000001",
        "SUCCEEDED",
    )


def test_a_record_can_fail(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    record = execute(ServiceActionId="act-failover00001")
    emulator.advance(2.9)
    assert describe(client, record)["RecordDetail"]["RecordErrors"] == []
    assert outputs(client, record) == {}
    emulator.advance(0.1)
    detail = describe(client, record)["RecordDetail"]
    assert detail["Status"] == "FAILED"
    assert detail["RecordErrors"][0]["Code"] == "AutomationExecutionFailed"
    assert "db-orders-1" in outputs(client, record)["FailureMessage"]


def test_a_record_in_error_can_recover(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.update_product("pp-orders0000001", run=DETOUR)
    record = execute()
    statuses = []
    for _step in range(6):
        statuses.append(status(client, record))
        emulator.advance(2)
    assert statuses == ["CREATED", "IN_PROGRESS", *["IN_PROGRESS_IN_ERROR"] * 3, "SUCCEEDED"]


def test_errors_name_the_record(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.update_product("pp-orders0000001", run=DETOUR)
    record = execute()
    emulator.advance(4)
    errors = describe(client, record)["RecordDetail"]["RecordErrors"]
    assert errors == [{"Code": "E", "Description": record["RecordId"]}]


def test_outputs_echo_parameters(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.update_product("pp-orders0000001", run={"outputs": {"Echo": "{parameters[NewPassword]} {other}"}})
    record = execute(ServiceActionId="act-rotate0000001", Parameters={"NewPassword": ["a", "b"]})
    emulator.advance(3)
    assert outputs(client, record) == {"Echo": "a, b {other}"}


def test_a_record_can_be_finished_by_the_control_api(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    record = execute()
    emulator.advance(0.5)
    emulator.finish_record(
        record["RecordId"], "FAILED", errors=[{"code": "C", "description": "D"}], outputs={"Why": "so"}
    )
    assert describe(client, record)["RecordDetail"]["RecordErrors"] == [{"Code": "C", "Description": "D"}]
    assert outputs(client, record) == {"Why": "so"}


def test_a_product_has_the_id_of_its_last_record(client: BaseClient, execute: Execute) -> None:
    record = execute()
    product = client.describe_provisioned_product(Name="orders-db")["ProvisionedProductDetail"]
    assert product["LastRecordId"] == record["RecordId"]
    found = client.search_provisioned_products(Filters={"SearchQuery": [f"lastRecordId:{record['RecordId']}"]})
    assert [item["Id"] for item in found["ProvisionedProducts"]] == ["pp-orders0000001"]


def test_a_token_replays_its_record(emulator: Emulator, execute: Execute) -> None:
    first = execute(ExecuteToken="again")
    emulator.update_product("pp-orders0000001", status="UNDER_CHANGE")
    emulator.advance(5)
    again = execute(ExecuteToken="again")
    assert (again["RecordId"], again["CreatedTime"], again["Status"]) == (
        first["RecordId"],
        first["CreatedTime"],
        "SUCCEEDED",
    )
    assert len(emulator.records()) == 1


def test_a_replay_can_show_the_original(emulator: Emulator, execute: Execute) -> None:
    emulator.set(replay_detail="original")
    first = execute(ExecuteToken="again")
    emulator.advance(5)
    assert execute(ExecuteToken="again") == first


def test_a_token_with_different_arguments_replays_by_default(emulator: Emulator, execute: Execute) -> None:
    first = execute(ExecuteToken="again")
    assert execute(ExecuteToken="again", Parameters={"Mode": ["hard"]})["RecordId"] == first["RecordId"]
    assert len(emulator.records()) == 1


def test_a_token_with_different_arguments_can_be_rejected(emulator: Emulator, execute: Execute) -> None:
    emulator.set(token_conflict="refuse")
    first = execute(ExecuteToken="again")
    assert execute(ExecuteToken="again")["RecordId"] == first["RecordId"]
    assert error_code(execute, ExecuteToken="again", Parameters={"Mode": ["hard"]}) == "InvalidParametersException"


def test_a_token_can_expire(emulator: Emulator, execute: Execute) -> None:
    emulator.set(token_lifetime=60)
    first = execute(ExecuteToken="again")
    emulator.advance(60)
    assert execute(ExecuteToken="again")["RecordId"] == first["RecordId"]
    emulator.advance(1)
    assert execute(ExecuteToken="again")["RecordId"] != first["RecordId"]


def test_botocore_makes_a_token_for_each_call(emulator: Emulator, execute: Execute) -> None:
    execute()
    execute()
    assert len({record["ExecuteToken"] for record in emulator.records()}) == 2


def test_a_new_record_can_be_unavailable_at_first(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.set(describable_after=3)
    record = execute()
    emulator.advance(2.9)
    assert error_code(client.describe_record, Id=record["RecordId"]) == "ResourceNotFoundException"
    assert client.list_record_history()["RecordDetails"] == []
    emulator.advance(0.1)
    assert status(client, record) == "IN_PROGRESS"
    assert len(client.list_record_history()["RecordDetails"]) == 1


def test_reads_can_be_stale(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    emulator.set(describe_lag=2)
    record = execute()
    emulator.advance(4)
    assert (status(client, record), emulator.records()[0]["Status"]) == ("IN_PROGRESS", "SUCCEEDED")
    emulator.advance(2)
    assert status(client, record) == "SUCCEEDED"


def test_a_product_can_be_under_change_while_an_action_runs(
    client: BaseClient, emulator: Emulator, execute: Execute
) -> None:
    emulator.set(product_status_while_running="UNDER_CHANGE")
    execute()
    query = {"Filters": {"SearchQuery": ["status:UNDER_CHANGE", "id:pp-orders0000001"]}}
    assert client.search_provisioned_products(**query)["TotalResultsCount"] == 1
    assert error_code(execute) == "InvalidStateException"
    emulator.advance(4)
    assert client.search_provisioned_products(**query)["TotalResultsCount"] == 0
    assert execute()


@pytest.mark.parametrize(("status", "ends"), [("UNDER_CHANGE", "AVAILABLE"), ("PLAN_IN_PROGRESS", "ERROR")])
def test_another_user_can_change_a_product(
    client: BaseClient, emulator: Emulator, execute: Execute, status: str, ends: str
) -> None:
    change = {"seconds": 30, "status": status, "message": "An update.", "ends": ends}
    emulator.update_product("pp-orders0000001", change=change)
    read = functools.partial(client.describe_provisioned_product, Id="pp-orders0000001")
    query = {"Filters": {"SearchQuery": [f"status:{status}", "name:orders-db"]}}
    emulator.advance(29)
    assert error_code(execute) == "InvalidStateException"
    assert read()["ProvisionedProductDetail"]["Status"] == status
    assert read()["ProvisionedProductDetail"]["StatusMessage"] == "An update."
    assert client.search_provisioned_products(**query)["TotalResultsCount"] == 1
    emulator.advance(1)
    assert read()["ProvisionedProductDetail"]["Status"] == ends
    assert client.search_provisioned_products(**query)["TotalResultsCount"] == 0
    assert (error_code(execute) == "InvalidStateException") if ends == "ERROR" else execute()


def test_a_change_can_start_with_the_world(client: BaseClient, emulator: Emulator) -> None:
    product = {"id": "pp-1", "name": "web", "product": "prod-1", "artifact": "pa-1", "change": {"seconds": 30}}
    artifacts = [{"id": "pa-1", "name": "v1"}]
    emulator.reset(
        {"products": [{"id": "prod-1", "name": "p", "artifacts": artifacts}], "provisioned_products": [product]}
    )
    read = functools.partial(client.describe_provisioned_product, Id="pp-1")
    assert read()["ProvisionedProductDetail"]["Status"] == "UNDER_CHANGE"
    emulator.advance(30)
    assert read()["ProvisionedProductDetail"]["Status"] == "AVAILABLE"


@pytest.mark.parametrize(("choice", "code"), [("accept", None), ("refuse", "InvalidStateException")])
def test_a_switch_decides_whether_a_busy_product_replays_its_records(
    emulator: Emulator, execute: Execute, choice: str, code: str | None
) -> None:
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy=choice)
    record = execute(ExecuteToken="t-1")
    call = functools.partial(execute, ExecuteToken="t-1")
    assert error_code(call) == code if code else call()["RecordId"] == record["RecordId"]
    emulator.advance(60)
    assert call()["RecordId"] == record["RecordId"]


def test_a_switch_sets_the_record_type(emulator: Emulator, execute: Execute) -> None:
    emulator.set(record_type="SOMETHING")
    assert execute()["RecordType"] == "SOMETHING"


def test_a_former_owner_can_not_read_the_record(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    record = execute()
    emulator.update_product("pp-orders0000001", user_arn="arn:aws:iam::123456789012:user/other")
    assert error_code(client.describe_record, Id=record["RecordId"]) == "ResourceNotFoundException"


def test_the_date_header_has_the_emulators_time(client: BaseClient, emulator: Emulator) -> None:
    before = client.describe_provisioned_product(Name="orders-db")["ResponseMetadata"]["HTTPHeaders"]["date"]
    emulator.advance(3600)
    after = client.describe_provisioned_product(Name="orders-db")["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert before[:16] != after[:16] or before[17:19] != after[17:19]

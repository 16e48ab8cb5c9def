# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, worlds, and the command line."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from emulator import Control, ControlError, Emulator
from emulator.clock import Clock
from emulator.models import Run
from emulator.records import status_changes
from emulator.world import WorldError, posix_time, read_world

Execute = Callable[..., dict[str, Any]]
PRODUCTS = [{"id": "prod-1", "name": "P", "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": []}]}]
PROVISIONED = {"id": "pp-1", "name": "n", "product": "prod-1", "artifact": "pa-1"}


def test_calls_are_logged_in_order(client: BaseClient, emulator: Emulator) -> None:
    client.list_service_actions(PageSize=2)
    emulator.advance(5)
    client.describe_provisioned_product(Name="orders-db")
    first, second = emulator.calls()
    assert first == {
        "operation": "ListServiceActions",
        "region": "eu-central-1",
        "access_key": "AKIDEXAMPLE",
        "parameters": {"PageSize": 2},
        "status": 200,
        "error_code": None,
        "fault": None,
        "time": second["time"] - 5,
    }
    assert emulator.calls("DescribeProvisionedProduct") == [second]


def test_a_reset_discards_all_changes(client: BaseClient, emulator: Emulator, execute: Execute) -> None:
    execute()
    emulator.set(page_size=1)
    emulator.fault("*", "internal")
    emulator.update_product("pp-orders0000001", name="renamed-db")
    emulator.advance(5000)
    emulator.reset()
    assert abs(emulator.now() - time.time()) < 60
    assert (emulator.calls(), emulator.records()) == ([], [])
    assert len(client.list_service_actions()["ServiceActionSummaries"]) == 4
    assert client.describe_provisioned_product(Name="orders-db")


def test_a_reset_can_load_another_world(client: BaseClient, emulator: Emulator) -> None:
    world = {"products": PRODUCTS, "provisioned_products": [PROVISIONED], "switches": {"record_type": "X"}}
    emulator.reset(world)
    assert client.scan_provisioned_products()["ProvisionedProducts"][0]["Name"] == "n"
    assert emulator.set()["record_type"] == "X"


def test_a_product_can_be_renamed(client: BaseClient, emulator: Emulator) -> None:
    emulator.update_product("pp-orders0000001", name="renamed-db", tags={"a": "b"})
    found = client.search_provisioned_products(Filters={"SearchQuery": ["name:renamed-db", "tags:a=b"]})
    assert found["TotalResultsCount"] == 1
    assert client.describe_provisioned_product(Name="renamed-db")


@pytest.mark.parametrize(
    ("command", "arguments", "text"),
    [
        ("explode", {}, "unknown command 'explode'"),
        ("run", {}, "unknown command 'run'"),
        ("advance", {"seconds": -1}, "can't be advanced by -1 s"),
        ("advance", {}, "seconds"),
        ("set", {"shoe_size": 44}, "unknown switch 'shoe_size'"),
        ("set", {"token_conflict": "shrug"}, "one of replay, refuse"),
        ("update_product", {"product_id": "pp-none", "status": "ERROR"}, "pp-none"),
        ("update_product", {"product_id": "pp-orders0000001", "shoe": 44}, "shoe"),
        ("update_product", {"product_id": "pp-orders0000001", "run": {"shoe": 44}}, "shoe"),
        ("update_product", {"product_id": "pp-orders0000001", "tags": {"a;b": "c"}}, "tags: Value 'a;b'"),
        ("finish_record", {"record_id": "rec-none"}, "rec-none"),
        ("finish_record", {"record_id": "rec-none", "status": "DONE"}, "DONE"),
        ("reset", {"world": {"shoes": 44}}, "shoes"),
    ],
)
def test_invalid_commands_are_rejected(emulator: Emulator, command: str, arguments: dict[str, Any], text: str) -> None:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(emulator.url).netloc, timeout=20)
    connection.request("POST", f"/_emulator/{command}", json.dumps(arguments))
    response = connection.getresponse()
    assert response.status == 400
    assert text in json.loads(response.read())["error"]
    connection.close()


def test_the_control_client_raises_the_error_of_the_server(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="unknown switch 'shoe_size'"):
        Control(emulator.url).set(shoe_size=44)


def test_commands_without_arguments_can_be_sent_with_get(emulator: Emulator) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{emulator.url}/_emulator/now", timeout=20) as response:
        assert json.load(response) == emulator.now()


@pytest.mark.parametrize(
    ("world", "text"),
    [
        ([], "expected a mapping"),
        ({"shoes": 44}, "unknown shoes; the known members are account"),
        ({"service_actions": {}}, "service_actions: expected a list"),
        ({"service_actions": [7]}, "service action 7: expected a mapping"),
        ({"service_actions": [{"id": "act-1"}]}, "service action act-1: .*name"),
        ({"service_actions": [{"id": "act-1", "name": "A", "run": {"second": 1}}]}, "act-1, run: unknown second"),
        ({"products": PRODUCTS * 2}, "'prod-1' is defined twice"),
        ({"provisioned_products": [PROVISIONED]}, "pp-1: 'prod-1' is not defined"),
        (
            {"products": PRODUCTS, "provisioned_products": [{**PROVISIONED, "artifact": "pa-2"}]},
            "'pa-2' is not defined",
        ),
        ({"products": PRODUCTS, "provisioned_products": [{**PROVISIONED, "tags": {"": "x"}}]}, "pp-1, tags: Value ''"),
        ({"products": PRODUCTS, "provisioned_products": [{**PROVISIONED, "tags": {"a": "x" * 257}}]}, "equal to 256"),
        (
            {"products": [{"id": "p", "name": "P", "artifacts": [{"id": "a", "name": "A", "service_actions": ["x"]}]}]},
            "artifact a: 'x' is not defined",
        ),
    ],
)
def test_inconsistent_worlds_are_rejected(world: Any, text: str) -> None:
    with pytest.raises(WorldError, match=text):
        read_world(world)


def test_a_world_that_is_not_yaml_is_rejected(tmp_path: pathlib.Path) -> None:
    (tmp_path / "world.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(WorldError, match=r"world\.yml"):
        read_world(tmp_path / "world.yml")


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01 01:00:00+01:00", 1767225600])
def test_times_in_worlds_have_several_formats(text: Any) -> None:
    assert posix_time(text) == 1767225600


def test_many_products_can_be_generated() -> None:
    fleet = {
        **PROVISIONED,
        "count": 3,
        "id": "pp-{n:03}",
        "name": "web-{n}",
        "resources": ["i-{n:x}"],
        "tags": {"n": "{n}"},
    }
    found = read_world({"products": PRODUCTS, "generated": [fleet]}).provisioned_products
    assert list(found) == ["pp-001", "pp-002", "pp-003"]
    assert (found["pp-002"].name, found["pp-002"].resources, found["pp-002"].tags) == ("web-2", ("i-2",), {"n": "2"})


def test_a_clock_is_real_or_advanced_manually() -> None:
    real, manual = Clock(), Clock(manual=True)
    began, before = real.now(), manual.now()
    assert real.now() > began
    assert manual.now() == before
    assert manual.advance(2.5) == before + 2.5


def test_actions_can_run_faster_than_the_clock(connect: Callable[..., BaseClient]) -> None:
    run = Run(seconds=60, created_for=10, in_error_from=30, ends="FAILED")
    assert [seconds for seconds, _status in status_changes(run.at_speed(20))] == [0, 0.5, 1.5, 3]
    assert run.at_speed(1) == run
    with Emulator(clock="manual", speed=4) as emulator:
        connect(emulator.url).execute_provisioned_product_service_action(
            ProvisionedProductId="pp-orders0000001", ServiceActionId="act-restart000001", ExecuteToken="t-1"
        )
        emulator.advance(0.75)
        assert emulator.records()[0]["Status"] == "IN_PROGRESS"
        emulator.advance(0.25)
        assert emulator.records()[0]["Status"] == "SUCCEEDED"


@pytest.mark.parametrize("options", [{"clock": "cuckoo"}, {"access_key": "only"}])
def test_invalid_options_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="clock must be real or manual"):
        Emulator(**options)


def start(*options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    command = [sys.executable, "-m", "emulator", *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd="/"
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_serves_until_a_signal(connect: Callable[..., BaseClient], end: signal.Signals) -> None:
    with start("--clock", "manual") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        client = connect(url)
        client.list_service_actions()
        assert [call["operation"] for call in Control(url).calls()] == ["ListServiceActions"]
        process.send_signal(end)
        assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize("options", [["--world", "no-such-file.yml"], ["--access-key", "only"]])
def test_the_command_line_reports_invalid_options(options: list[str]) -> None:
    with start(*options) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "error:" in err
    assert "Traceback" not in err

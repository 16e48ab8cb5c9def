# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules tell the callback, through a real socket, and that it costs them nothing."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._progress import ADDRESS, HOST
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_record_wait import wait_until_ended
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.channel import Channel
from emulator import Emulator

Make = Callable[..., Any]
ORDERS = "pp-orders0000001"
BACKUP, RESTART, FAILOVER = "act-backup0000001", "act-restart000001", "act-failover00001"


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    # pytest's own folder has too long a name for a socket.
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        made = Channel()
        monkeypatch.setenv(ADDRESS, made.address)
        monkeypatch.setenv(HOST, "web1")
        yield made
        made.close()


def told(attempt: Any, channel: Channel) -> list[dict]:
    """Run an attempt as _module does, which may fail, and return what it told."""
    events: list[dict] = []

    def read() -> None:
        while (received := channel.receive(None)) is not None:
            events.extend(received)

    reader = threading.Thread(target=read)
    reader.start()
    with contextlib.suppress(SelfServiceError):
        attempt.run()
    attempt.task.progress.close()
    channel.stop()
    reader.join()
    return events


def many(prepare: Make, **params: Any) -> Any:
    options = dict.fromkeys(("provisioned_product_ids", "provisioned_product_names", "search_query", "targets"))
    options.update(dict.fromkeys(("service_action_id", "service_action_name", "parameters", "sensitive_parameters")))
    options.update(dict.fromkeys(("execute_token", "accept_language", "wait_delay")))
    options.update(wait=True, wait_timeout=1800, max_concurrency="50", max_errors="0", service_action_id=RESTART)
    return prepare(run_on_many, {**options, **params})


def fleet(emulator: Emulator, count: int) -> None:
    emulator.reset(
        {
            "service_actions": [{"id": RESTART, "name": "Restart", "run": {"seconds": 10}}],
            "products": [
                {
                    "id": "prod-1",
                    "name": "web",
                    "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": [RESTART]}],
                }
            ],
            "generated": [{"count": count, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
        }
    )


def test_one_record_is_told_as_it_starts_changes_and_ends(attempt: Make, channel: Channel) -> None:
    made = attempt(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    events = told(made, channel)
    record_id = made.task.result["record_detail"]["record_id"]
    assert [(event["RecordState"]["status"], event["is_over"]) for event in events] == [
        ("CREATED", False),
        ("IN_PROGRESS", False),
        ("IN_PROGRESS", False),
        ("SUCCEEDED", True),
    ]
    assert {tuple(event["RecordState"].items())[:2] for event in events} == {
        (("record_id", record_id), ("product", "orders-db"))
    }
    assert events[0]["seconds"] == 0
    assert events[-1]["seconds"] == made.task.clock.slept
    assert {event["host"] for event in events} == {"web1"}


def test_an_end_is_told_when_the_task_fails_too(attempt: Make, channel: Channel) -> None:
    made = attempt(provisioned_product_id=ORDERS, service_action_id=FAILOVER, wait=True)
    events = told(made, channel)
    assert (events[-1]["RecordState"]["status"], events[-1]["is_over"]) == ("FAILED", True)


def test_names_are_told_as_they_may_be_shown(attempt: Make, channel: Channel) -> None:
    made = attempt(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    made.task.redact = lambda text: text.replace("orders", "********")
    assert {event["RecordState"]["product"] for event in told(made, channel)} == {"********-db"}


def test_who_does_not_wait_tells_nothing(attempt: Make, channel: Channel) -> None:
    assert told(attempt(provisioned_product_id=ORDERS, service_action_id=BACKUP), channel) == []


def test_many_targets_are_counts_and_few_messages(prepare: Make, emulator: Emulator, channel: Channel) -> None:
    fleet(emulator, 100)
    events = told(many(prepare, search_query=["web"], max_concurrency="50"), channel)
    states = [event["TargetsState"] for event in events]
    assert states[0] == {"total": 100, "ended": 0, "failed": 0, "running": 32, "pending": 68, "verb": "ended"}
    assert {"ended": 0, "running": 50, "pending": 50}.items() <= states[2].items()
    assert states[-1] == {"total": 100, "ended": 100, "failed": 0, "running": 0, "pending": 0, "verb": "ended"}
    assert [event["is_over"] for event in events].count(True) == 1
    # Two rounds of ten seconds: at most one a second, although a hundred started.
    assert len(events) <= 24


def test_those_that_will_not_start_do_not_wait(prepare: Make, emulator: Emulator, channel: Channel) -> None:
    fleet(emulator, 4)
    emulator.fault("ExecuteProvisionedProductServiceAction", "access_denied", calls=[1])
    made = many(prepare, search_query=["web"], max_concurrency="1", wait=False)
    assert told(made, channel)[-1]["TargetsState"] == {
        "total": 4,
        "ended": 1,
        "failed": 1,
        "running": 0,
        "pending": 0,
        "verb": "started",
    }


def test_several_records_are_counts_too(prepare: Make, attempt: Make, channel: Channel) -> None:
    ids = [
        attempt(provisioned_product_id=ORDERS, service_action_id=action).run()["record_detail"]["record_id"]
        for action in (BACKUP, RESTART, FAILOVER)
    ]
    made = prepare(
        wait_until_ended, {"record_ids": ids, "wait_timeout": 60, "wait_delay": None, "sensitive_parameters": None}
    )
    events = told(made, channel)
    assert events[0]["TargetsState"]["running"] == 3
    assert events[-1]["TargetsState"] == {
        "total": 3,
        "ended": 3,
        "failed": 1,
        "running": 0,
        "pending": 0,
        "verb": "ended",
    }


@pytest.mark.parametrize("state", ["full", "gone", "never there", "no socket", "too long", "no path"])
def test_a_channel_that_takes_nothing_changes_nothing(
    prepare: Make, emulator: Emulator, channel: Channel, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    fleet(emulator, 20)
    addresses = {"never there": "/nowhere/progress", "no socket": __file__, "too long": "/x" * 200, "no path": "."}
    monkeypatch.setenv(ADDRESS, addresses.get(state, channel.address))
    if state == "gone":
        channel.close()
    if state == "full":
        fill(channel.address)
    made = many(prepare, search_query=["web"])
    known = made.run()
    made.task.progress.close()
    assert known["summary"]["succeeded"] == 20


def fill(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while sender.sendto(b"{}" * 500, address):
                pass


def test_nothing_is_opened_where_nobody_listens(attempt: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)

    def forbidden(*_args: object) -> None:
        raise AssertionError("a socket was made")

    made = attempt(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    assert made.task.service
    monkeypatch.setattr(made.task.progress, "_connect", forbidden)
    made.run()
    made.task.progress.close()


def test_a_replay_that_has_ended_is_told_once(attempt: Make, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    once = {"provisioned_product_id": ORDERS, "service_action_id": BACKUP, "execute_token": "token-1", "wait": True}
    with monkeypatch.context() as patched:
        patched.delenv(ADDRESS)
        attempt(**once).run()
    (event,) = told(attempt(**once), channel)
    assert (event["RecordState"]["status"], event["is_over"]) == ("SUCCEEDED", True)

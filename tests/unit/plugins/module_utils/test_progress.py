# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules send their progress to the callback over a real socket; a broken socket does not affect them."""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
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
    # pytest's tmp_path is too long for the path of a socket.
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        opened = Channel()
        monkeypatch.setenv(ADDRESS, opened.address)
        monkeypatch.setenv(HOST, "web1")
        yield opened
        opened.close()


def collect_events(attempt: Any, channel: Channel, messages: list[str] | None = None) -> list[dict]:
    """Run an attempt as a module does, and return the events that it sent.

    If it fails, its message is appended to `messages`.
    """
    events: list[dict] = []

    def read() -> None:
        while (received := channel.receive(None)) is not None:
            events.extend(received)

    reader = threading.Thread(target=read)
    reader.start()
    result = attempt.result()
    attempt.task.progress.close(failed=result["failed"])
    if messages is not None:
        messages.append(result["msg"])
    channel.stop()
    reader.join()
    return events


def make_bulk_attempt(make_attempt: Make, **params: Any) -> Any:
    return make_attempt(run_on_many, {"service_action_id": RESTART, **params})


def create_products(emulator: Emulator, count: int) -> None:
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


def test_progress_of_one_record_is_sent_when_it_starts_changes_and_ends(service_action: Make, channel: Channel) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    events = collect_events(attempt, channel)
    record_id = attempt.task.result["record_detail"]["record_id"]
    assert [(event["RecordState"]["status"], event["is_over"]) for event in events] == [
        ("CREATED", False),
        *[("IN_PROGRESS", False)] * 4,
        ("SUCCEEDED", True),
    ]
    assert {tuple(event["RecordState"].items())[:2] for event in events} == {
        (("record_id", record_id), ("product", "orders-db"))
    }
    assert events[0]["seconds"] == 0
    assert events[-1]["seconds"] == attempt.task.clock.slept
    assert {event["host"] for event in events} == {"web1"}


def test_the_end_is_sent_even_if_the_task_fails(service_action: Make, channel: Channel) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=FAILOVER, wait=True)
    events = collect_events(attempt, channel)
    assert (events[-1]["RecordState"]["status"], events[-1]["is_over"]) == ("FAILED", True)
    assert [event["failed"] for event in events] == [False] * (len(events) - 1) + [True]
    again = f"this task again with change_id: {json.dumps(attempt.task.result['change_id'])}"
    assert events[-1]["how_to_continue"].startswith(f"To run the action again, fix the cause and run {again} and retry")


def run_one(service_action: Make, _make: Make, **more: Any) -> Any:
    given = {"provisioned_product_id": ORDERS, "service_action_id": BACKUP, "change_id": "CHG-1"}
    return service_action(**given, wait=True, wait_timeout=5, **more)


def run_one_when_available(service_action: Make, _make: Make) -> Any:
    return run_one(service_action, _make, wait_until_available=True)


def run_many(_service_action: Make, make_attempt: Make) -> Any:
    ids = [ORDERS, "pp-billing000001"]
    given = {"provisioned_product_ids": ids, "service_action_id": BACKUP, "change_id": "CHG-1"}
    return make_bulk_attempt(make_attempt, **given, wait_timeout=5)


def wait_for(count: int) -> Make:
    def make(service_action: Make, make_attempt: Make) -> Any:
        given = {"provisioned_product_id": ORDERS, "service_action_id": BACKUP}
        started = [service_action(**given).run() for _number in range(count)]
        ids = [result["record_detail"]["record_id"] for result in started]
        options = {"record_ids": ids, "wait_timeout": 5, "wait_delay": None, "sensitive_parameters": None}
        return make_attempt(wait_until_ended, options)

    return make


@pytest.mark.parametrize(
    "make", [run_one, run_one_when_available, run_many, wait_for(1)], ids=["one", "busy", "many", "record"]
)
def test_how_to_continue_is_sent_before_the_wait_ends_in_the_words_of_its_message(
    service_action: Make, make_attempt: Make, emulator: Emulator, channel: Channel, make: Make
) -> None:
    if make is run_one_when_available:
        emulator.update_product(ORDERS, change={"seconds": 600})
    attempt = make(service_action, make_attempt)
    messages: list[str] = []
    events = collect_events(attempt, channel, messages)
    assert len(events) >= 2
    for event in events:
        assert event["how_to_continue"].startswith("To ")
        assert messages[0].endswith(event["how_to_continue"])


def test_how_to_continue_names_only_a_few_records(service_action: Make, make_attempt: Make, channel: Channel) -> None:
    attempt = wait_for(3)(service_action, make_attempt)
    ids = ", ".join(attempt.task.params["record_ids"])
    hint = f"To continue waiting, run selfservice.aws.servicecatalog_record_wait with record_ids: [{ids}]."
    assert collect_events(attempt, channel)[0]["how_to_continue"] == hint


def test_how_to_continue_with_many_records_is_the_same_task(
    service_action: Make, make_attempt: Make, channel: Channel
) -> None:
    attempt = wait_for(11)(service_action, make_attempt)
    (hint,) = {event["how_to_continue"] for event in collect_events(attempt, channel)[:-1]}
    assert hint == "To continue waiting, run this task again."


@pytest.mark.parametrize("no_log", [False, True])
def test_the_wait_for_a_product_is_sent_before_its_record(
    service_action: Make, emulator: Emulator, channel: Channel, *, no_log: bool
) -> None:
    emulator.update_product(ORDERS, change={"seconds": 35})
    given = {"provisioned_product_id": ORDERS, "service_action_name": "Backup"}
    attempt = service_action(**given, wait=True, wait_until_available=True)
    attempt.task.no_log = no_log
    events = collect_events(attempt, channel)
    before = [event["ProductState"] for event in events if "ProductState" in event]
    names = {"product": "", "action": ""} if no_log else {"product": "orders-db", "action": "Backup"}
    assert all(bool(event["how_to_continue"]) is not no_log for event in events)
    assert {tuple(sorted(state.items())) for state in before} == {
        tuple(sorted({**names, "status": "UNDER_CHANGE"}.items()))
    }
    assert all("RecordState" in event for event in events[len(before) :])
    assert events[-1]["seconds"] == round(attempt.task.clock.slept, 1)


def test_targets_whose_products_are_busy_are_counted(make_attempt: Make, emulator: Emulator, channel: Channel) -> None:
    create_products(emulator, 3)
    emulator.update_product("pp-1-000000002", change={"seconds": 35})
    attempt = make_bulk_attempt(make_attempt, search_query=["web"], wait_until_available=True)
    states = [event["TargetsState"] for event in collect_events(attempt, channel)]
    assert {"busy": 1, "ended": 2, "running": 0, "pending": 0}.items() <= states[-9].items()
    assert {"busy": 0, "ended": 3, "running": 0, "pending": 0}.items() <= states[-1].items()


def test_secrets_in_names_are_masked_in_messages(service_action: Make, channel: Channel) -> None:
    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    attempt.task.secrets = ["orders"]
    assert {event["RecordState"]["product"] for event in collect_events(attempt, channel)} == {"********-db"}


def test_a_task_that_does_not_wait_sends_nothing(service_action: Make, channel: Channel) -> None:
    assert collect_events(service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP), channel) == []


def test_progress_of_many_targets_is_sent_as_counts_in_few_messages(
    make_attempt: Make, emulator: Emulator, channel: Channel
) -> None:
    create_products(emulator, 100)
    events = collect_events(make_bulk_attempt(make_attempt, search_query=["web"], max_concurrency="50"), channel)
    states = [event["TargetsState"] for event in events]
    assert states[0] == {
        "total": 100,
        "ended": 0,
        "failed": 0,
        "running": 32,
        "pending": 68,
        "busy": 0,
        "measured": 0,
        "verb": "ended",
    }
    assert {"ended": 0, "running": 50, "pending": 50}.items() <= states[2].items()
    assert states[-1] == {
        "total": 100,
        "ended": 100,
        "failed": 0,
        "running": 0,
        "pending": 0,
        "busy": 0,
        "measured": 100,
        "verb": "ended",
    }
    assert [event["is_over"] for event in events].count(True) == 1
    # Two rounds of ten seconds, with at most one message per second, although a hundred targets were started.
    assert len(events) <= 24


def test_only_targets_that_ran_during_the_wait_are_measured(
    make_attempt: Make, emulator: Emulator, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_products(emulator, 5)
    ids = [f"pp-1-{number:09}" for number in range(1, 6)]
    once = {"provisioned_product_ids": ids, "change_id": "CHG-1"}
    with monkeypatch.context() as patched:
        patched.delenv(ADDRESS)
        make_bulk_attempt(make_attempt, **{**once, "provisioned_product_ids": ids[:3]}).run()
    events = collect_events(make_bulk_attempt(make_attempt, **once), channel)
    assert {"ended": 3, "measured": 0}.items() <= events[-2]["TargetsState"].items()
    assert {"ended": 5, "measured": 2}.items() <= events[-1]["TargetsState"].items()


def test_records_that_ended_before_the_wait_are_not_measured(
    make_attempt: Make, service_action: Make, emulator: Emulator, channel: Channel
) -> None:
    started = [service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP).run()]
    emulator.advance(60)
    started += [service_action(provisioned_product_id=ORDERS, service_action_id=RESTART).run()]
    ids = [result["record_detail"]["record_id"] for result in started]
    options = {"record_ids": ids, "wait_timeout": 60, "wait_delay": None, "sensitive_parameters": None}
    events = collect_events(make_attempt(wait_until_ended, options), channel)
    assert {"ended": 1, "measured": 0}.items() <= events[0]["TargetsState"].items()
    assert {"ended": 2, "measured": 1}.items() <= events[-1]["TargetsState"].items()


def test_targets_that_will_not_start_are_not_pending(make_attempt: Make, emulator: Emulator, channel: Channel) -> None:
    create_products(emulator, 4)
    emulator.fault("ExecuteProvisionedProductServiceAction", "access_denied", calls=[1])
    attempt = make_bulk_attempt(make_attempt, search_query=["web"], max_concurrency="1", wait=False)
    assert collect_events(attempt, channel)[-1]["TargetsState"] == {
        "total": 4,
        "ended": 1,
        "failed": 1,
        "running": 0,
        "pending": 0,
        "busy": 0,
        "measured": 0,
        "verb": "started",
    }


def test_progress_of_several_records_is_sent_as_counts(
    make_attempt: Make, service_action: Make, channel: Channel
) -> None:
    ids = [
        service_action(provisioned_product_id=ORDERS, service_action_id=action).run()["record_detail"]["record_id"]
        for action in (BACKUP, RESTART, FAILOVER)
    ]
    attempt = make_attempt(
        wait_until_ended, {"record_ids": ids, "wait_timeout": 60, "wait_delay": None, "sensitive_parameters": None}
    )
    events = collect_events(attempt, channel)
    assert events[0]["TargetsState"]["running"] == 3
    assert events[-1]["TargetsState"] == {
        "total": 3,
        "ended": 3,
        "failed": 1,
        "running": 0,
        "pending": 0,
        "busy": 0,
        "measured": 3,
        "verb": "ended",
    }


@pytest.mark.parametrize("state", ["full", "gone", "never there", "no socket", "too long", "no path"])
def test_an_unusable_channel_does_not_affect_the_task(
    make_attempt: Make, emulator: Emulator, channel: Channel, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    create_products(emulator, 20)
    addresses = {"never there": "/nowhere/progress", "no socket": __file__, "too long": "/x" * 200, "no path": "."}
    monkeypatch.setenv(ADDRESS, addresses.get(state, channel.address))
    if state == "gone":
        channel.close()
    if state == "full":
        fill(channel.address)
    attempt = make_bulk_attempt(make_attempt, search_query=["web"])
    result = attempt.run()
    attempt.task.progress.close()
    assert result["summary"]["succeeded"] == 20


def fill(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while sender.sendto(b"{}" * 500, address):
                pass


def test_no_socket_is_opened_without_a_channel(service_action: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)

    def forbidden(*_args: object) -> None:
        raise AssertionError("a socket was opened")

    attempt = service_action(provisioned_product_id=ORDERS, service_action_id=BACKUP, wait=True)
    assert attempt.task.service
    monkeypatch.setattr(attempt.task.progress, "_connect", forbidden)
    attempt.run()
    attempt.task.progress.close()


def test_a_replay_that_has_ended_is_sent_once(
    service_action: Make, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = {"provisioned_product_id": ORDERS, "service_action_id": BACKUP, "change_id": "change-1", "wait": True}
    with monkeypatch.context() as patched:
        patched.delenv(ADDRESS)
        service_action(**once).run()
    (event,) = collect_events(service_action(**once), channel)
    assert (event["RecordState"]["status"], event["is_over"]) == ("SUCCEEDED", True)

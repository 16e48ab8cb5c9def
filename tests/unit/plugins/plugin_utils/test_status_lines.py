# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that the callback prints for the messages that it receives, and when it prints them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.status_lines import StatusLines

NAME = "selfservice.aws: "
COMMON = {"pid": 1, "host": "localhost", "seconds": 0, "is_over": False, "failed": False, "how_to_continue": "Run it."}
EARLY = {"is_over": True, "failed": True}


def record(status: str, seconds: float = 0, **more: Any) -> dict:
    state = {"record_id": "rec-1", "product": "orders-db", "status": status, **more.pop("state", {})}
    return {**COMMON, "seconds": seconds, **more, "RecordState": state}


def product(seconds: float = 35, **more: Any) -> dict:
    state = {"product": "orders-db", "status": "UNDER_CHANGE", "action": "Restart", **more.pop("state", {})}
    return {**COMMON, "seconds": seconds, **more, "ProductState": state}


def targets(seconds: float, *counts: int, **more: Any) -> dict:
    names = ("total", "ended", "failed", "running", "pending", "busy", "measured")
    measured = {"measured": counts[1]} if len(counts) > 1 else {}
    state = {**measured, **dict(zip(names, counts)), "verb": more.pop("verb", "ended")}
    return {**COMMON, "pid": 2, "seconds": seconds, **more, "TargetsState": state}


def always_fits(_line: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (record("CREATED"), "rec-1 orders-db CREATED · 0 s so far"),
        (record("IN_PROGRESS", 270.9), "rec-1 orders-db IN_PROGRESS · 4 min 30 s so far"),
        (record("IN_PROGRESS", 7500), "rec-1 orders-db IN_PROGRESS · 2 h 5 min so far"),
        (record("SUCCEEDED", 65, is_over=True), "rec-1 orders-db SUCCEEDED · after 1 min 5 s"),
        (record("IN_PROGRESS", 3, state={"record_id": "", "product": ""}), "IN_PROGRESS · 3 s so far"),
        (record("IN_PROGRESS", state={"product": "a\x1b[2Jb\nc\u202ed"}), "rec-1 a?[2Jb?c?d IN_PROGRESS · 0 s so far"),
        (record("IN_PROGRESS", 65, **EARLY), "rec-1 orders-db IN_PROGRESS · after 1 min 5 s. Run it."),
        (record("FAILED", 65, **EARLY, how_to_continue=""), "rec-1 orders-db FAILED · after 1 min 5 s"),
        (record("FAILED", **EARLY, how_to_continue="a\x1b[2Jb"), "rec-1 orders-db FAILED · after 0 s. a?[2Jb"),
        (product(**EARLY), "orders-db is UNDER_CHANGE, waiting to start Restart · after 35 s. Run it."),
        (
            targets(9, 4, 2, 1, 1, 0, **EARLY),
            "2/4 ended · 1 failed · 1 running · 1 will not start · after 9 s. Run it.",
        ),
        (product(), "orders-db is UNDER_CHANGE, waiting to start Restart · 35 s so far"),
        (product(state={"product": "", "action": ""}), "UNDER_CHANGE, waiting to start · 35 s so far"),
        (product(is_over=True), "orders-db is UNDER_CHANGE, waiting to start Restart · after 35 s"),
        (targets(9, 40, 0, 0, 20, 15, 5), "0/40 ended · 20 running · 5 busy · 15 waiting · 9 s so far"),
        (targets(2, 1000, 0, 0, 50, 950), "0/1000 ended · 50 running · 950 waiting · 2 s so far"),
        (
            targets(208, 1000, 340, 12, 50, 610),
            "340/1000 ended · 12 failed · 50 running · 610 waiting · 98/min · about 6 min left",
        ),
        (targets(60, 22, 11, 0, 11, 0), "11/22 ended · 11 running · 11/min · about 20 s left"),
        (targets(60, 20, 10, 0, 10, 0), "10/20 ended · 10 running · about 20 s left"),
        (targets(9, 3, 2, 0, 1, 0), "2/3 ended · 1 running · about 10 s left"),
        # Targets that had ended before are not measured, so no remaining time is estimated.
        (targets(4, 1000, 600, 0, 50, 350, 0, 0), "600/1000 ended · 50 running · 350 waiting · 4 s so far"),
        (
            targets(100, 1000, 650, 0, 50, 300, 0, 50),
            "650/1000 ended · 50 running · 300 waiting · 30/min · about 7 min left",
        ),
        (targets(2, 40, 3, 3, 20, 17, 0, 0), "3/40 ended · 3 failed · 20 running · 17 waiting · 2 s so far"),
        (targets(3600, 1000, 10, 0, 50, 940), "10/1000 ended · 50 running · 940 waiting · about 28 h left"),
        (
            targets(60, 100, 11, 11, 5, 0),
            "11/100 ended · 11 failed · 5 running · 84 will not start · 11/min · about 20 s left",
        ),
        (targets(60, 100, 50, 0, 0, 0, is_over=True), "50/100 ended · 50 will not start · 50/min · after 1 min 0 s"),
        (
            targets(60, 100, 50, 0, 10, 40, verb="started"),
            "50/100 started · 10 running · 40 waiting · 50/min · about 50 s left",
        ),
    ],
)
def test_a_message_is_formatted_as_a_line(event: dict, text: str) -> None:
    status = StatusLines(15)
    status.update(event, 1000)
    assert status.lines(1000) == [NAME + text]


def test_a_line_is_printed_for_each_change_and_after_each_interval() -> None:
    status, lines = StatusLines(15), {}
    changes = {0: record("CREATED"), 2: record("IN_PROGRESS", 2), 40: record("SUCCEEDED", 40, is_over=True)}
    for now in range(60):
        if now in changes:
            status.update(changes[now], now)
        # A repeated message prints no line.
        if now == 5:
            status.update(record("IN_PROGRESS", 5), now)
        for line in status.lines(now):
            lines[now] = line
    assert list(lines) == [0, 2, 17, 32, 40]
    assert lines[32] == NAME + "rec-1 orders-db IN_PROGRESS · 32 s so far"
    assert status.is_empty


def test_the_first_failed_target_and_the_stop_of_new_starts_are_printed() -> None:
    status = StatusLines(15)
    printed_at = []
    for now, counts in enumerate([(9, 0, 0, 3, 6), (9, 1, 0, 3, 5), (9, 2, 1, 3, 4), (9, 3, 2, 3, 3), (9, 4, 3, 2, 0)]):
        status.update(targets(now, *counts), now)
        printed_at += [now for _line in status.lines(now)]
    assert printed_at == [0, 2, 4]


def test_lines_name_the_host_if_there_are_several() -> None:
    status = StatusLines(15)
    status.update(record("CREATED", host="web1"), 0)
    status.update(targets(0, 9, 0, 0, 3, 6, host="web2"), 0)
    assert status.lines(0) == [
        NAME + "[web1] rec-1 orders-db CREATED · 0 s so far",
        NAME + "[web2] 0/9 ended · 3 running · 6 waiting · 0 s so far",
    ]


def test_more_than_ten_waits_share_one_line_per_interval() -> None:
    status = StatusLines(15)
    for pid in range(20):
        status.update(record("IN_PROGRESS", pid=pid), 0)
    assert len(status.lines(0)) == 20
    assert status.lines(14) == []
    assert status.lines(15) == [NAME + "20 tasks wait · 15 s so far"]
    assert status.lines(16) == []


def test_on_a_terminal_several_waits_share_one_line() -> None:
    status = StatusLines(15)
    status.update(targets(60, 9, 3, 1, 3, 3), 60)
    status.update(targets(40, 11, 2, 0, 1, 8, pid=3), 60)
    status.update(record("IN_PROGRESS", 20), 60)
    assert status.line(60, always_fits) == (
        NAME + "3 tasks · 5/21 ended · 1 failed · 5 running · 11 waiting · about 2 min left"
    )


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (100, "340/1000 ended · 12 failed · 50 running · 610 waiting · 98/min · about 6 min left"),
        (80, "340/1000 ended · 12 failed · 50 running · about 6 min left"),
        (65, "340/1000 ended · 12 failed · about 6 min left"),
        (21, "340"),
        (5, None),
    ],
)
def test_a_line_is_shortened_until_it_fits(width: int, text: str | None) -> None:
    status = StatusLines(15)
    status.update(targets(208, 1000, 340, 12, 50, 610), 0)
    assert status.line(0, lambda line: len(line) < width) == (NAME + text if text else NAME[: width - 1])


def test_a_wait_for_a_product_is_one_of_several_waits() -> None:
    status = StatusLines(15)
    status.update(product(), 60)
    status.update(record("IN_PROGRESS", 20, pid=3), 60)
    assert status.line(60, always_fits) == NAME + "2 tasks wait · 35 s so far"
    status.update(targets(60, 9, 3, 1, 3, 3), 60)
    assert status.line(60, always_fits).startswith(
        NAME + "3 tasks · 3/11 ended · 1 failed · 4 running · 1 busy · 3 wai"
    )


def test_a_record_after_its_product_prints_a_line_immediately() -> None:
    status = StatusLines(15)
    status.update(product(), 35)
    assert len(status.lines(35)) == 1
    status.update(record("CREATED", 36), 36)
    assert status.lines(36) == [NAME + "rec-1 orders-db CREATED · 36 s so far"]


def test_a_killed_task_has_ended_early_unless_its_last_message_says_otherwise() -> None:
    status = StatusLines(15)
    for pid in (1, 3):
        status.update(record("IN_PROGRESS", pid=pid), 0)
    gone = status.gone(lambda _pid: False)
    status.update(record("SUCCEEDED", pid=3, is_over=True), 0)
    status.end(gone)
    assert status.lines(0) == [
        NAME + "rec-1 orders-db IN_PROGRESS · after 0 s. Run it.",
        NAME + "rec-1 orders-db SUCCEEDED · after 0 s",
    ]
    assert status.is_empty
    assert status.line(0, always_fits) == ""


def test_running_tasks_are_not_gone() -> None:
    status = StatusLines(15)
    status.update(record("IN_PROGRESS"), 0)
    status.end(status.gone(lambda _pid: True))
    assert status.last_lines(9) == []
    assert status.line(9, always_fits) == NAME + "rec-1 orders-db IN_PROGRESS · 9 s so far"


def test_counts_and_early_ends_remain_on_a_terminal() -> None:
    status = StatusLines(15)
    status.update(record("SUCCEEDED", is_over=True), 0)
    status.update(record("IN_PROGRESS", pid=3, host="web1"), 0)
    status.update(record("FAILED", pid=4, **EARLY), 0)
    status.update(targets(9, 4, 4, 1, 0, 0, is_over=True), 9)
    assert status.line(9, always_fits) == NAME + "[web1] rec-1 orders-db IN_PROGRESS · 9 s so far"
    assert status.last_lines(9) == [
        NAME + "rec-1 orders-db FAILED · after 9 s. Run it.",
        NAME + "4/4 ended · 1 failed · after 9 s",
    ]
    assert status.last_lines(9) == []
    status.end()
    assert status.last_lines(9) == [NAME + "[web1] rec-1 orders-db IN_PROGRESS · after 9 s. Run it."]
    assert status.is_empty


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"pid": 1},
        record("CREATED", pid="x"),
        record("CREATED", state={"more": 1}),
        product(state={"more": 1}),
        targets(1, 1, 2),
        {**targets(1), "TargetsState": "x"},
        {name: value for name, value in record("CREATED").items() if name != "failed"},
        {name: value for name, value in record("CREATED").items() if name != "how_to_continue"},
        {**targets(1), "TargetsState": {"total": "x", "ended": 1, "failed": 1, "running": 1, "pending": 1}},
    ],
)
def test_malformed_messages_are_ignored(event: Any) -> None:
    status = StatusLines(15)
    status.update(event, 0)
    assert status.is_empty

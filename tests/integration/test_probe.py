# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `probe`, as somebody with an account runs it."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator
from emulator.world import DEMO

EXECUTE = "ExecuteProvisionedProductServiceAction"
ACTION = (
    "-e",
    "probe_run_action=true",
    "-e",
    "provisioned_product_name=orders-db",
    "-e",
    "service_action_name=Restart",
)
REPLAY = ("-e", "probe_replay=true", "-e", '{"probe_replay_parameters": {"Mode": "forced"}}')

Runner = Callable[..., Any]


def printed(output: str) -> tuple[str, dict[str, Any]]:
    """Return the block that the playbook prints for an issue, and the answers in it by question."""
    block = re.search(r"\"msg\": (\[\n.*?\n    \])\n", output[output.index("Show the answers") :], re.DOTALL)
    assert block, output
    text = "\n".join(json.loads(block[1]))
    return text, {each["question"]: each["answer"] for each in yaml.safe_load(text)}


@pytest.fixture
def probe(run: Runner) -> Callable[..., tuple[str, dict[str, Any], str]]:
    """Return a function that runs the playbook, and returns the block for an issue, its answers, and the output."""

    def start(*arguments: str) -> tuple[str, dict[str, Any], str]:
        done = run("ansible-playbook", "selfservice.aws.probe", *arguments)
        assert done.code == 0, done.output
        assert "[WARNING]" not in done.output
        return (*printed(done.output), " ".join(done.output.split()))

    return start


@pytest.mark.parametrize("policy", [None, "AWSServiceCatalogEndUserFullAccess"])
def test_it_reads_and_prints_the_answers(probe: Runner, emulator: Emulator, policy: str | None) -> None:
    emulator.reset({**yaml.safe_load(DEMO.read_text()), "callers": [{"policy": policy}]})
    text, answers, output = probe()
    assert answers["access levels"]["search_provisioned_products"]["user"] == 5
    assert (answers["access levels"]["list_record_history"]["account"] == 0) is (policy is None)
    assert "run" not in answers
    assert emulator.calls(EXECUTE) == []
    assert not re.search(r"orders|123456789012|assumed-role|arn:", text)
    assert "changed=0" in output


def test_it_runs_an_action_once_and_says_so_before(probe: Runner, emulator: Emulator) -> None:
    _text, answers, output = probe(*ACTION)
    assert answers["run"]["ended"] == "SUCCEEDED"
    assert "replay" not in answers
    assert output.index("Restart is run once on orders-db.") < output.index("TASK [Ask the questions]")
    assert "The start is not sent again." in output
    assert len(emulator.calls(EXECUTE)) == 1


def test_it_sends_the_token_again_if_told_to(probe: Runner, emulator: Emulator) -> None:
    text, answers, output = probe(*ACTION, *REPLAY)
    assert {when: each["same_record"] for when, each in answers["replay"].items()} == {
        "while_running": True,
        "after_the_end": True,
        "other_parameters": True,
    }
    assert "the action runs again." in output.partition("TASK [Ask the questions]")[0]
    (record,) = emulator.records()
    assert {call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)} == {record["ExecuteToken"]}
    for hidden in (record["RecordId"], record["ExecuteToken"]):
        assert hidden in output
        assert hidden not in text
    assert not re.search(r"orders|123456789012|assumed-role|arn:|forced", text)


def test_check_mode_sends_nothing(probe: Runner, emulator: Emulator) -> None:
    _text, answers, output = probe(*ACTION, *REPLAY, "--check")
    assert len(answers["run"]["would_send"]) == 4
    assert "is run once" not in output
    assert emulator.calls(EXECUTE) == []


def test_a_failure_says_what_was_asked_until_then(run: Runner, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "expired_token")
    done = run("ansible-playbook", "selfservice.aws.probe")
    assert done.code == 2
    assert "ExpiredTokenException" in done.output
    assert "search_provisioned_products" in printed(done.output)[0]

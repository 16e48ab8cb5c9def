# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's hosts are products: which of them run, how each ends, and which of them continue with the play."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

ROLE = "selfservice.aws.run_service_action"
EXECUTE = "ExecuteProvisionedProductServiceAction"
RESTART = {"run_service_action_service_action_id": "act-1"}
ON = {"ansible.builtin.debug": {"msg": "going on"}}
BROKEN = {"seconds": 1, "ends": "FAILED", "errors": [{"code": "Broken", "description": "it broke"}]}
Runner = Callable[..., Any]


def include(role: str = "include_role", **keywords: Any) -> dict[str, Any]:
    return {f"ansible.builtin.{role}": {"name": ROLE}, **keywords}


def except_on(*names: str) -> str:
    return f"inventory_hostname not in {list(names)}"


@pytest.fixture
def run_plays(run: Runner, product_hosts: Runner, emulator: Emulator, tmp_path: Path) -> Runner:
    """Return a function that runs plays on hosts named web-0, web-1, …, of which some products fail or take hours."""

    def start(
        *plays: dict[str, Any],
        hosts: int = 3,
        broken: tuple[str, ...] = (),
        slow: tuple[str, ...] = (),
        arguments: tuple[str, ...] = (),
    ) -> Any:
        found = product_hosts(hosts, seconds=1)
        for name, run_of in [*((name, BROKEN) for name in broken), *((name, {"seconds": 9000}) for name in slow)]:
            emulator.update_product(found[name]["provisioned_product_id"], run=run_of)
        named = {name: {**host, "provisioned_product_name": name} for name, host in found.items()}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": named}}))
        defaults = {"hosts": "all", "gather_facts": False, "vars": RESTART}
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{**defaults, **play} for play in plays], sort_keys=False))
        command = ["ansible-playbook", "play.yml", "-i", "hosts.yml", *arguments]
        return run(*command, ANSIBLE_SHOW_CUSTOM_STATS="1")

    return start


def words_of(done: Any) -> str:
    return re.sub(r"\s+", " ", done.output)


def started(emulator: Emulator) -> list[str]:
    """Return the sorted names of the products whose action ran, once for each run."""
    return sorted(record["ProvisionedProductName"] for record in emulator.records())


def recap(done: Any) -> dict[str, tuple[int, int]]:
    """Return how often each host failed and was rescued."""
    found = re.findall(r"^(\S+) +: ok=.*failed=(\d+) .*rescued=(\d+)", done.output, re.MULTILINE)
    return {name: (int(failed), int(rescued)) for name, failed, rescued in found}


def went_on(done: Any) -> list[str]:
    return sorted(re.findall(r'ok: \[(\S+)\] => \{\s*"msg": "going on"', done.output))


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        ({"tasks": [include(when=except_on("web-0"))]}, ["web-1", "web-2"]),
        ({"tasks": [include(when=except_on("web-2"))]}, ["web-0", "web-1"]),
        ({"tasks": [include("import_role", when=except_on("web-2"))]}, ["web-0", "web-1"]),
        ({"roles": [{"role": ROLE, "when": except_on("web-1")}]}, ["web-0", "web-2"]),
        ({"tasks": [include(loop=[1, 2], when=except_on("web-0"))]}, ["web-1", "web-1", "web-2", "web-2"]),
        (
            {"tasks": [include(loop=["web-0", "web-1"], when="inventory_hostname == item")]},
            ["web-0", "web-1"],
        ),
        (
            {"tasks": [include(), include(when=except_on("web-0"))]},
            ["web-0", "web-1", "web-1", "web-2", "web-2"],
        ),
        (
            {
                "tasks": [include(when="inventory_hostname == 'web-1'")],
                "post_tasks": [include(when=except_on("web-1"))],
            },
            ["web-0", "web-1", "web-2"],
        ),
        (
            {
                "tasks": [
                    {
                        "block": [{"ansible.builtin.fail": {}, "when": "inventory_hostname == 'web-1'"}],
                        "rescue": [include()],
                    }
                ]
            },
            ["web-1"],
        ),
    ],
    ids=[
        "include_role but not the first host",
        "include_role but not the last host",
        "import_role but not the last host",
        "roles but not one host",
        "loop but not the first host",
        "loop with one host each",
        "two calls, the second but not on the first host",
        "two calls with different hosts",
        "rescue that one host entered",
    ],
)
def test_it_runs_on_exactly_the_hosts_that_reach_the_call(
    run_plays: Runner, emulator: Emulator, play: dict[str, Any], expected: list[str]
) -> None:
    done = run_plays(play)
    assert done.code == 0, done.output
    assert started(emulator) == expected
    assert done.stats["succeeded"] == len(expected)


@pytest.mark.parametrize("call", ["import_role", "roles"])
def test_hosts_that_a_skipped_first_host_keeps_from_running_say_so(
    run_plays: Runner, emulator: Emulator, call: str
) -> None:
    condition = except_on("web-0")
    roles = {"roles": [{"role": ROLE, "when": condition}]}
    done = run_plays(roles if call == "roles" else {"tasks": [include("import_role", when=condition)]})
    assert done.code == 2
    assert words_of(done).count("Call the role with include_role") >= 2
    assert recap(done) == {"web-0": (0, 0), "web-1": (1, 0), "web-2": (1, 0)}
    assert not emulator.calls()


def test_a_rescue_after_a_refused_batch_runs_only_the_hosts_that_reach_the_call_in_it(
    run_plays: Runner, emulator: Emulator
) -> None:
    refused = include(vars={"run_service_action_wait": "perhaps"})
    rescue = [include(when="inventory_hostname == 'web-2'")]
    done = run_plays({"tasks": [{"block": [refused], "rescue": rescue}, ON]})
    assert done.code == 0, done.output
    assert started(emulator) == ["web-2"]


def test_a_loop_over_the_same_item_runs_the_action_each_time(run_plays: Runner, emulator: Emulator) -> None:
    done = run_plays({"tasks": [include(loop=[1, 1])]}, hosts=2)
    assert done.code == 0, done.output
    assert started(emulator) == ["web-0", "web-0", "web-1", "web-1"]


LEVELS: dict[str, dict[str, Any]] = {
    "play": {"vars": {**RESTART, "provisioned_product_name": "web-2"}, "tasks": [include()]},
    "block": {"tasks": [{"block": [include()], "vars": {"provisioned_product_name": "web-2"}}]},
    "include": {"tasks": [include(vars={"provisioned_product_name": "web-2"})]},
    "import": {"tasks": [include("import_role", vars={"provisioned_product_name": "web-2"})]},
    "role": {"roles": [{"role": ROLE, "vars": {"provisioned_product_id": f"pp-{2:013}"}}]},
    "loop": {"tasks": [include(vars={"provisioned_product_name": "{{ item }}"}, loop=["web-2"])]},
    "localhost": {"hosts": "localhost", "tasks": [include(vars={"provisioned_product_name": "web-2"})]},
}


@pytest.mark.parametrize("level", LEVELS)
def test_vars_of_the_call_beat_the_inventory(run_plays: Runner, emulator: Emulator, level: str) -> None:
    done = run_plays({"hosts": "web-0", **LEVELS[level]})
    assert done.code == 0, done.output
    assert started(emulator) == ["web-2"]


@pytest.mark.parametrize("name", ["provisioned_product_id", "provisioned_product_name"])
def test_an_extra_variable_is_one_target(run_plays: Runner, emulator: Emulator, name: str) -> None:
    extra = ("-e", f"{name}={'web-1' if name.endswith('name') else 'pp-0000000000001'}")
    done = run_plays({"hosts": "web-0", "tasks": [include()]}, arguments=extra)
    assert done.code == 0, done.output
    assert started(emulator) == ["web-1"]
    # Counts all hosts of the play, including those of other batches.
    many = run_plays({"serial": 1, "tasks": [include()]}, arguments=extra)
    assert many.code == 2
    assert f"The extra variable {name} names one product, but the play has 3 hosts" in words_of(many)
    assert not emulator.calls()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no product": (
        {"provisioned_product_id": "", "provisioned_product_name": None},
        "web-1: The host has neither the variable provisioned_product_id",
    ),
    "the same product": (
        {"provisioned_product_id": "pp-0000000000000"},
        "are the same provisioned product: web-0, web-1",
    ),
    "another region": (
        {"region": "eu-central-1"},
        "region differs between the hosts of the batch: us-east-1, eu-central-1",
    ),
    "another action": (
        {"run_service_action_service_action_name": "Stop"},
        "web-1: Set either run_service_action_service",
    ),
    "another option": ({"run_service_action_wait": False}, "wait differs between the hosts of the batch: True, False"),
    "another secret": (
        {"run_service_action_sensitive_parameters": {"Password": "hunter2-other"}},
        "sensitive_parameters differs between the hosts of the batch. ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_batch_that_one_task_cannot_run_is_refused_before_any_call(
    run_plays: Runner, emulator: Emulator, tmp_path: Path, case: str
) -> None:
    variables, message = REFUSED[case]
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "web-1.yml").write_text(yaml.safe_dump(variables))
    if case == "another secret":
        (tmp_path / "group_vars").mkdir()
        given = {"run_service_action_sensitive_parameters": {"Password": "hunter2-horse"}}
        (tmp_path / "group_vars" / "all.yml").write_text(yaml.safe_dump(given))
    # Variables beside a playbook beat those in the file of the inventory.
    done = run_plays({"tasks": [include(), ON]}, {"hosts": "localhost", "tasks": [ON]})
    assert done.code == 2
    assert message in words_of(done)
    assert "hunter2" not in done.output
    assert recap(done) == dict.fromkeys(("web-0", "web-1", "web-2"), (1, 0))
    assert went_on(done) == ([] if case else ["localhost"])
    assert not emulator.calls()
    assert done.stats["not_started"] == 3


def test_parameters_may_differ_among_the_hosts(run: Runner, emulator: Emulator, tmp_path: Path) -> None:
    own = {"run_service_action_parameters": {"Retention": "{{ inventory_hostname | length }}"}}
    hosts = {name: {"provisioned_product_name": name, **own} for name in ("orders-db", "billing-db")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-i", "hosts.yml", "selfservice.aws.bulk_service_action"]
    done = run(*command, "-e", "service_action_name=Backup")
    assert done.code == 0, done.output
    sent = {record["ProvisionedProductName"]: record["Parameters"] for record in emulator.records()}
    assert sent == {"orders-db": {"Retention": ["9"]}, "billing-db": {"Retention": ["10"]}}


@pytest.mark.parametrize(
    ("playbook", "arguments", "words"),
    [
        ("bulk_service_action", (), "No host of the inventory matches all, so"),
        ("run_service_action", ("-e", "run_service_action_hosts=db"), "No host of the inventory matches db, so"),
        ("run_service_action", ("-i", "web-0,", "--limit", "web-0"), "matches localhost within the limit web-0, so"),
    ],
)
def test_a_playbook_without_hosts_fails(
    run: Runner, emulator: Emulator, playbook: str, arguments: tuple[str, ...], words: str
) -> None:
    command = ["ansible-playbook", f"selfservice.aws.{playbook}", "-e", "service_action_id=act-1", *arguments]
    done = run(*command, "-e", "provisioned_product_name=orders-db")
    assert done.code != 0
    assert words in words_of(done)
    assert not emulator.calls()


@pytest.mark.parametrize("broken", [("web-1",), ("web-0",)])
def test_within_the_budget_only_the_failed_hosts_stop(run_plays: Runner, broken: tuple[str, ...]) -> None:
    play = {"tasks": [include(vars={"run_service_action_max_errors": "1"}), ON]}
    done = run_plays(play, {"tasks": [ON]}, broken=broken)
    healthy = sorted({"web-0", "web-1", "web-2"} - {*broken})
    assert done.code == 2
    assert recap(done) == {name: (int(name in broken), 0) for name in ("web-0", "web-1", "web-2")}
    assert went_on(done) == sorted(healthy * 2)
    assert f"FAILED on '{broken[0]}'" in done.output
    assert done.stats["failed_hosts"] == list(broken)
    assert "skipping: [web-1]" not in done.output


def test_hosts_that_timed_out_count_against_the_budget(run_plays: Runner, emulator: Emulator) -> None:
    given = {"run_service_action_max_errors": "1", "run_service_action_wait_timeout": 2}
    done = run_plays({"tasks": [include(vars=given), ON]}, {"tasks": [ON]}, slow=("web-1",))
    assert done.code == 2
    assert recap(done) == {"web-0": (0, 0), "web-1": (1, 0), "web-2": (0, 0)}
    assert went_on(done) == ["web-0", "web-0", "web-2", "web-2"]
    assert (done.stats["succeeded"], done.stats["timed_out"]) == (2, 1)
    beyond = {"serial": 3, "tasks": [include(vars=given), ON]}
    done = run_plays(beyond, {"tasks": [ON]}, hosts=4, broken=("web-0",), slow=("web-1",))
    assert (done.code, went_on(done)) == (2, [])
    assert "of 3 hosts of the batch, 1 failed, 1 timed out (max_errors is 1). 1 hosts of later" in words_of(done)
    assert started(emulator) == ["web-0", "web-1", "web-2"]


def test_beyond_the_budget_no_host_goes_on_and_later_batches_are_counted(run_plays: Runner, emulator: Emulator) -> None:
    done = run_plays({"serial": 2, "tasks": [include(), ON]}, {"tasks": [ON]}, hosts=5, broken=("web-3",))
    assert done.code == 2
    assert recap(done) == {f"web-{number}": (int(number == 3), 0) for number in range(4)}
    assert went_on(done) == ["web-0", "web-1"]
    assert "1 hosts of later batches are not started" in words_of(done)
    assert started(emulator) == ["web-0", "web-1", "web-2", "web-3"]
    assert (done.stats["succeeded"], done.stats["failed_hosts"]) == (3, ["web-3"])


def test_the_message_beyond_the_budget_continues_the_job_literally(
    run: Runner, product_hosts: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    hosts = product_hosts(4, seconds=1)
    emulator.update_product("pp-0000000000001", run=BROKEN)
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-i", "hosts.yml", "selfservice.aws.bulk_service_action"]
    first = run(*command, "-e", "service_action_id=act-1", "-e", "run_service_action_serial=2")
    (message,) = set(re.findall(r'"msg": "(Record rec-.*?\.)"', first.output))
    (change,) = re.findall(r'run_service_action_change_id: \\"(\w+)', message)
    assert "run_service_action_retry_failed: true" in message
    emulator.update_product("pp-0000000000001", run={"seconds": 1})
    emulator.advance(60)
    answers = {"run_service_action_change_id": change, "run_service_action_retry_failed": True}
    again = ["-e", "service_action_id=act-1", "-e", "run_service_action_serial=2", "-e", json.dumps(answers)]
    done = run(*command, *again)
    assert done.code == 0, done.output
    assert started(emulator) == ["web-0", "web-1", "web-1", "web-2", "web-3"]


def test_a_batch_that_fails_as_a_whole_ends_the_play(run_plays: Runner, emulator: Emulator) -> None:
    vars_of = {"run_service_action_max_errors": "100%"}
    done = run_plays({"serial": 2, "tasks": [include(vars=vars_of), ON]}, hosts=4, broken=("web-0", "web-1"))
    assert done.code == 2
    assert recap(done) == {"web-0": (1, 0), "web-1": (1, 0)}
    assert started(emulator) == ["web-0", "web-1"]


def test_failures_that_are_ignored_are_counted_in_a_warning(run_plays: Runner, emulator: Emulator) -> None:
    ignoring = {"run_service_action_ignore_failures": True, "run_service_action_max_concurrency": "1"}
    done = run_plays({"tasks": [include(vars=ignoring), ON]}, broken=("web-1",))
    assert done.code == 0, done.output
    assert "2 of 3 hosts failed, and the play continues: web-1, web-2." in words_of(done)
    assert went_on(done) == ["web-0", "web-1", "web-2"]
    assert started(emulator) == ["web-0", "web-1"]


@pytest.mark.parametrize("keyword", [{"max_fail_percentage": 0}, {"any_errors_fatal": True}])
def test_keywords_of_the_play_end_it_within_the_budget(run_plays: Runner, keyword: dict[str, Any]) -> None:
    play = {**keyword, "tasks": [include(vars={"run_service_action_max_errors": "1"}), ON]}
    done = run_plays(play, broken=("web-1",))
    assert done.code == 2
    assert recap(done) == {"web-0": (0, 0), "web-1": (1, 0), "web-2": (0, 0)}
    assert went_on(done) == []


@pytest.mark.parametrize("max_errors", ["0", "1"])
def test_a_rescue_catches_the_failed_hosts(run_plays: Runner, max_errors: str) -> None:
    called = include(vars={"run_service_action_max_errors": max_errors})
    caught = {"ansible.builtin.debug": {"msg": "caught {{ run_service_action_result.outcome }}"}}
    done = run_plays({"tasks": [{"block": [called], "rescue": [caught]}, ON]}, broken=("web-1",))
    assert 'ok: [web-1] => {\n    "msg": "caught failed"' in done.output
    assert recap(done)["web-1"] == (0, 1)
    if max_errors == "1":
        assert done.code == 0, done.output
        assert went_on(done) == ["web-0", "web-1", "web-2"]


def test_hosts_that_failed_before_are_left_out(run_plays: Runner, emulator: Emulator) -> None:
    fail = {"ansible.builtin.fail": {"msg": "Broken"}, "when": "inventory_hostname == 'web-0'"}
    done = run_plays({"tasks": [fail, include(), ON]})
    assert started(emulator) == went_on(done) == ["web-1", "web-2"]


def test_a_host_whose_variables_cannot_be_read_fails_alone(run_plays: Runner, emulator: Emulator) -> None:
    own = {**RESTART, "run_service_action_parameters": "{{ {} if inventory_hostname != 'web-0' else nowhere }}"}
    done = run_plays({"vars": own, "tasks": [include(), ON]})
    assert done.code == 2
    assert started(emulator) == went_on(done) == ["web-1", "web-2"]
    assert recap(done)["web-0"][0] == 1


def test_limit_and_check_mode_give_each_host_its_result(run_plays: Runner, emulator: Emulator) -> None:
    done = run_plays({"tasks": [include(), ON]}, arguments=("--check", "--limit", "!web-1"))
    assert done.code == 0, done.output
    assert went_on(done) == ["web-0", "web-2"]
    assert done.stats["would_start"] == 2
    assert emulator.records() == []


def test_each_host_has_its_own_result(run_plays: Runner, emulator: Emulator, tmp_path: Path) -> None:
    keep = {
        "ansible.builtin.copy": {
            "content": "{{ run_service_action_result | to_json }}",
            "dest": "{{ playbook_dir }}/{{ inventory_hostname }}.json",
        },
        "delegate_to": "localhost",
    }
    done = run_plays({"tasks": [include(), keep]}, hosts=2)
    assert done.code == 0, done.output
    for record in emulator.records():
        result = json.loads((tmp_path / f"{record['ProvisionedProductName']}.json").read_text())
        assert result["record_detail"]["record_id"] == record["RecordId"]
        assert (result["outcome"], result["changed"]) == ("succeeded", True)


@pytest.mark.parametrize("role", ["import_role", "include_role"])
def test_all_batches_of_a_call_share_one_change_which_continues_them(
    run: Runner, run_plays: Runner, emulator: Emulator, role: str
) -> None:
    done = run_plays({"serial": 1, "tasks": [include(role)]})
    assert done.code == 0, done.output
    (change,) = set(re.findall(r'run_service_action_change_id: "(\w{64})"', done.output))
    again = run("ansible-playbook", "play.yml", "-i", "hosts.yml", "-e", f"run_service_action_change_id={change}")
    assert again.code == 0, again.output
    assert started(emulator) == ["web-0", "web-1", "web-2"]


@pytest.mark.parametrize("role", ["import_role", "include_role"])
@pytest.mark.parametrize("leaves_out", ["a failure", "a condition"])
def test_the_report_has_the_hosts_of_all_batches_that_reached_the_role(
    run_plays: Runner, tmp_path: Path, role: str, leaves_out: str
) -> None:
    options = {"run_service_action_report": "report.html", "run_service_action_report_json": True}
    before = {"ansible.builtin.fail": {}, "when": "inventory_hostname == 'web-1'"}
    when = {"when": except_on("web-1")} if leaves_out == "a condition" else {}
    tasks = [*[before] * (leaves_out == "a failure"), include(role, vars=options, **when)]
    done = run_plays({"serial": 2, "tasks": tasks}, hosts=4)
    assert recap(done) == {f"web-{n}": (int(n == 1 and leaves_out == "a failure"), 0) for n in range(4)}
    rows = json.loads((tmp_path / "report.json").read_text())["results"]
    assert {row["host"]: row["outcome"] for row in rows} == dict.fromkeys(("web-0", "web-2", "web-3"), "succeeded")


def test_the_record_of_each_batch_is_shown(run_plays: Runner, emulator: Emulator) -> None:
    done = run_plays({"serial": 1, "tasks": [include("import_role")]})
    shown = re.findall(r"\(item=(rec-\w+)\)", done.output)
    assert shown == [record["RecordId"] for record in emulator.records()]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (".", "run_service_action_report is the directory {folder}; give the path of a file."),
        ("gone/report.html", "The directory of run_service_action_report does not exist: {folder}/gone. Create it."),
    ],
)
def test_an_impossible_report_is_refused_before_the_start(
    run_plays: Runner, emulator: Emulator, tmp_path: Path, path: str, problem: str
) -> None:
    done = run_plays({"tasks": [include(vars={"run_service_action_report": path})]})
    assert recap(done) == {f"web-{n}": (1, 0) for n in range(3)}
    assert problem.format(folder=tmp_path) in words_of(done)
    assert not emulator.calls()


def test_a_report_that_cannot_be_written_loses_no_result(run_plays: Runner) -> None:
    options = {"run_service_action_report": f"{'long' * 70}.html", "run_service_action_max_errors": 1}
    done = run_plays({"tasks": [include(vars=options), ON]}, broken=("web-1",))
    assert "File name too long" in done.output
    assert recap(done) == {"web-0": (0, 0), "web-1": (1, 0), "web-2": (0, 0)}
    assert went_on(done) == ["web-0", "web-2"]
    assert done.stats["failed_hosts"] == ["web-1"]


def test_a_report_needs_no_times_and_no_variable_arn_of_another_service(
    run_plays: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    options = {"run_service_action_report": "report.html", "run_service_action_wait": False}
    play = {"tasks": [include(vars={**options, "run_service_action_report_json": True})]}
    emulator.fault(EXECUTE, "replaced", members={"RecordDetail": {"UpdatedTime": None}})
    done = run_plays(play, arguments=("-e", "arn=arn:aws:sns:eu-west-1:999988887777:topic"))
    assert done.code == 0, done.output
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["region"], found["account"]) == ("us-east-1", "123456789012")


@pytest.mark.parametrize("outer", ["import_tasks", "include_tasks"])
def test_calls_in_a_file_are_different_changes_even_if_one_between_them_is_skipped(
    run_plays: Runner, emulator: Emulator, tmp_path: Path, outer: str
) -> None:
    calls = [include("import_role"), include("import_role", when=False), include("import_role")]
    (tmp_path / "calls.yml").write_text(yaml.safe_dump(calls))
    done = run_plays({"serial": 2, "tasks": [{f"ansible.builtin.{outer}": "calls.yml"}]})
    assert done.code == 0, done.output
    assert started(emulator) == ["web-0", "web-0", "web-1", "web-1", "web-2", "web-2"]


def test_a_relative_report_is_written_beside_the_playbook(run: Runner, run_plays: Runner, tmp_path: Path) -> None:
    (tmp_path / "plays" / "reports").mkdir(parents=True)
    done = run_plays({"tasks": [ON]})
    play = [{"hosts": "all", "gather_facts": False, "vars": RESTART}]
    play[0]["tasks"] = [include(vars={"run_service_action_report": "reports/report.html"})]
    (tmp_path / "plays" / "play.yml").write_text(yaml.safe_dump(play))
    done = run("ansible-playbook", "plays/play.yml", "-i", "hosts.yml")
    assert done.code == 0, done.output
    assert (tmp_path / "plays" / "reports" / "report.html").exists()

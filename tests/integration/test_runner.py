# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: ansible-runner, a private data directory, credentials in the environment, unsafe answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

EXECUTE = "ExecuteProvisionedProductServiceAction"
ORDERS = "pp-orders0000001"
# What AWX's credential type for AWS sets in the environment; the region comes from another credential type.
CREDENTIAL = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
NOT_OF_THE_ROLE = ("provisioned_", "check_slices_")
Runner = Callable[..., Any]


class _Unsafe(str):
    """A survey answer or launch variable, which AWX tags as unsafe."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


@dataclass(frozen=True)
class Job:
    """An AWX job: the command that runs it, and its artifacts."""

    folder: Path
    ident: str

    @property
    def command(self) -> list[str]:
        return ["ansible-runner", "run", str(self.folder), "-p", "job.yml", "--ident", self.ident]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the job that AWX shows and stores, in order."""
        files = (self.folder / "artifacts" / self.ident / "job_events").glob("*-*.json")
        return sorted((json.loads(file.read_text()) for file in files), key=lambda event: event["counter"])

    @property
    def artifacts(self) -> dict[str, Any]:
        """What AWX stores as the job's artifacts, and passes to later nodes of a workflow."""
        last = [event for event in self.events if event["event"] == "playbook_on_stats"][-1]
        found: dict[str, Any] = last["event_data"]["artifact_data"]
        return {name.removeprefix("run_service_action_"): value for name, value in found.items()}

    def cached_fact(self, name: str) -> dict[str, Any]:
        """A fact that AWX stores with use_fact_cache; newer versions of ansible-core wrap file, name and value."""
        (file,) = (self.folder / "artifacts" / self.ident / "facts").glob("*localhost")
        cached = json.loads(file.read_text())
        facts = json.loads(cached["__payload__"]) if "__payload__" in cached else cached
        found: dict[str, Any] = facts[name].get("value", facts[name])
        return found

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks that began, as AWX shows them."""
        begun = [event for event in self.events if event["event"] == "playbook_on_task_start"]
        return [event["event_data"]["name"].partition(" : ")[2] for event in begun]

    def results(self, task: str) -> list[dict[str, Any]]:
        """The results of a task, by the end of its name."""
        data = [event["event_data"] for event in self.events if event["event"].startswith("runner_on_")]
        return [each["res"] for each in data if each.get("task", "").endswith(task) and "res" in each]


@pytest.fixture
def launch(environment: dict[str, str], module_python: str, tmp_path: Path) -> Callable[..., Job]:
    """Return a function that creates the private data directory of a job, and returns the job."""

    def create(
        name: str, playbook: str, hosts: Mapping[str, Any] | None = None, *, job_id: int = 4711, **answers: Any
    ) -> Job:
        folder = tmp_path / name
        for part in ("env", "inventory", "project"):
            (folder / part).mkdir(parents=True)
        variables = {
            **{
                option if option.startswith(NOT_OF_THE_ROLE) else f"run_service_action_{option}": value
                for option, value in answers.items()
            },
            **{f"{prefix}_job_id": job_id for prefix in ("awx", "tower")},
            "awx_user_name": "operator",
        }
        tagged = {key: _Unsafe(value) if isinstance(value, str) else value for key, value in variables.items()}
        (folder / "env/extravars").write_text(yaml.dump(tagged, Dumper=_Dumper))
        granted = {name: value for name, value in environment.items() if name.startswith(("AWS_", "ANSIBLE_"))}
        granted.update({"AWS_SECURITY_TOKEN": "t0ken-of-sts", "AWS_SESSION_TOKEN": "t0ken-of-sts"})
        assert set(CREDENTIAL) <= set(granted)
        (folder / "env/envvars").write_text(yaml.safe_dump(granted))
        (folder / "env/settings").write_text(yaml.safe_dump({"fact_cache_type": "jsonfile", "fact_cache": "facts"}))
        local = {"ansible_connection": "local", "ansible_python_interpreter": module_python}
        inventory = {"all": {"hosts": dict(hosts or {"localhost": {}}), "vars": local}}
        (folder / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory))
        (folder / "project/job.yml").write_text(f"- ansible.builtin.import_playbook: selfservice.aws.{playbook}\n")
        return Job(folder, "1")

    return create


def test_a_job_returns_its_record_as_result_fact_and_artifact(
    launch: Callable[..., Job], run: Runner, emulator: Emulator
) -> None:
    answers = {"provisioned_product_name": "orders-db", "service_action_name": "Backup", "wait_timeout": "600"}
    job = launch("job", "run_service_action", **answers, change_id="{{ 7 * 7 }}")
    done = run(*job.command)
    assert done.code == 0, done.output
    record = emulator.records()[0]["RecordId"]
    assert job.artifacts["record_ids"] == [record]
    assert job.artifacts["succeeded"] == 1
    assert job.artifacts["4711_record_ids"] == [record]
    assert job.results("Return the result of each host")[0]["record_detail"]["record_id"] == record
    fact = job.cached_fact("servicecatalog_record_detail")
    assert (fact["record_id"], fact["status"]) == (record, "SUCCEEDED")
    assert job.results("Return the result of each host")[0]["change_id"] == "{{ 7 * 7 }}"


def test_a_failed_job_also_returns_its_record(launch: Callable[..., Job], run: Runner, emulator: Emulator) -> None:
    job = launch("job", "run_service_action", provisioned_product_id=ORDERS, service_action_name="Failover")
    assert run(*job.command).code == 2
    assert job.artifacts["record_ids"] == [emulator.records()[0]["RecordId"]]
    assert job.artifacts["failed"] == 1


def test_a_job_cancelled_while_waiting_has_shown_its_record_and_is_resumed_when_relaunched(
    launch: Callable[..., Job], run: Runner, kill: Runner, emulator: Emulator
) -> None:
    answers = {"provisioned_product_id": ORDERS, "service_action_name": "Backup", "change_id": "wf-1"}
    cancelled = launch("cancelled", "run_service_action", **answers)
    emulator.set(describable_after=600)
    kill(lambda: bool(emulator.calls("DescribeRecord")), *cancelled.command)
    record = emulator.records()[0]["RecordId"]
    assert cancelled.tasks[-1] == "Wait for the record"
    assert any(f"(item={record})" in event["stdout"] for event in cancelled.events)
    emulator.set(describable_after=0)
    again = launch("again", "run_service_action", **answers)
    assert run(*again.command).code == 0
    assert again.artifacts["record_ids"] == [record]
    assert len(emulator.records()) == 1


def test_a_killed_bulk_job_is_resumed_when_relaunched(
    launch: Callable[..., Job], run: Runner, kill: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    hosts = product_hosts(12, seconds=40)
    answers = {"service_action_id": "act-1", "change_id": "wf-2", "max_concurrency": "4"}
    killed = launch("cut-off", "bulk_service_action", hosts, **answers)
    kill(lambda: len(emulator.calls(EXECUTE)) >= 6, *killed.command)
    assert 0 < len(emulator.records()) < 12
    # The change id that resumes the run was shown before.
    assert any('run_service_action_change_id: "wf-2"' in task for task in killed.tasks)
    again = launch("again", "bulk_service_action", hosts, **answers)
    assert run(*again.command).code == 0
    assert len(emulator.records()) == 12
    assert sorted(again.artifacts["record_ids"]) == sorted(record["RecordId"] for record in emulator.records())


@pytest.mark.parametrize("max_errors", ["0", "1"])
def test_the_host_of_a_failed_product_is_the_one_that_failed(
    launch: Callable[..., Job], run: Runner, product_hosts: Runner, emulator: Emulator, max_errors: str
) -> None:
    hosts = product_hosts(3, seconds=1)
    broken = sorted(hosts)[1]
    emulator.update_product(hosts[broken]["provisioned_product_id"], run={"seconds": 1, "ends": "FAILED"})
    # All three start at once, before the first error can stop the others.
    job = launch("job", "bulk_service_action", hosts, service_action_id="act-1", max_errors=max_errors)
    assert run(*job.command).code == 2
    failed = [event["event_data"]["host"] for event in job.events if event["event"] == "runner_on_failed"]
    stats = [event["event_data"] for event in job.events if event["event"] == "playbook_on_stats"][-1]
    # AWX relaunches a job on the hosts that have failures here.
    assert failed == list(stats["failures"]) == job.artifacts["failed_hosts"] == [broken]
    assert not stats.get("rescued")


def test_concurrent_job_slices_start_each_target_once(
    launch: Callable[..., Job], run: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    hosts = product_hosts(8)
    answers = {"service_action_id": "act-1", "change_id": "wf-7"}
    # Both slices, filled round robin, and both relaunched while they run.
    jobs = [
        launch(f"slice-{each}", "bulk_service_action", dict(list(hosts.items())[each % 2 :: 2]), **answers)
        for each in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        assert [done.code for done in pool.map(lambda job: run(*job.command), jobs)] == [0] * 4
    assert sorted(record["ProvisionedProductId"] for record in emulator.records()) == [f"pp-{n:013}" for n in range(8)]
    assert sum(len(job.artifacts["record_ids"]) for job in jobs[:2]) == 8


@pytest.fixture
def run_slices(launch: Callable[..., Job], run: Runner, product_hosts: Runner, emulator: Emulator) -> Runner:
    """Return a function that runs two slices, and returns the artifacts that AWX hands to the next node.

    A product of the first slice fails. The slices that `ends` lists end in its order, and a later one overwrites names
    that they share. A slice that it does not list was cancelled.
    """

    def start(*ends: int) -> dict[str, Any]:
        hosts = product_hosts(4, seconds=1)
        emulator.update_product(hosts["web-0"]["provisioned_product_id"], run={"seconds": 1, "ends": "FAILED"})
        artifacts: dict[str, Any] = {}
        for number in ends:
            slice_hosts = dict(list(hosts.items())[number::2])
            job_id = 99 + number
            job = launch(
                f"slice-{number}", "bulk_service_action", slice_hosts, job_id=job_id, service_action_id="act-1"
            )
            assert run(*job.command).code == (2 if number == 0 else 0)
            artifacts |= job.artifacts
        return artifacts

    return start


@pytest.mark.parametrize("ends", [(0, 1), (1, 0)], ids=["the failed slice ends first", "the failed slice ends last"])
def test_the_node_after_a_sliced_job_fails_if_any_slice_failed(
    launch: Callable[..., Job], run: Runner, run_slices: Runner, ends: tuple[int, ...]
) -> None:
    artifacts = run_slices(*ends)
    # The plain names have the values of the slice that ended last.
    assert artifacts["failed_hosts"] == (["web-0"] if ends[-1] == 0 else [])
    following = launch("next", "check_slices", job_id=101, check_slices_expected="2", **artifacts)
    done = run(*following.command)
    assert done.code == 2
    assert "The action failed, timed out or was not started on web-0." in " ".join(done.output.split())
    # The nodes after it get the lists and numbers of both slices.
    assert following.artifacts["failed_hosts"] == ["web-0"]
    assert (following.artifacts["succeeded"], following.artifacts["failed"]) == (3, 1)
    assert following.artifacts["job_ids"] == [99, 100]


def test_a_second_check_sees_only_the_jobs_after_the_first(
    launch: Callable[..., Job], run: Runner, run_slices: Runner, emulator: Emulator
) -> None:
    artifacts = run_slices(0, 1)
    first = launch("first", "check_slices", job_id=101, **artifacts)
    assert run(*first.command).code == 2
    artifacts |= first.artifacts
    early = launch("early", "check_slices", job_id=102, **artifacts)
    assert "an earlier check has read them all" in " ".join(run(*early.command).output.split())

    product = "pp-0000000000000"
    emulator.update_product(product, run={"seconds": 1})
    host = {"web-0": {"provisioned_product_id": product, "region": "us-east-1"}}
    repaired = launch("repaired", "bulk_service_action", host, job_id=103, service_action_id="act-1")
    assert run(*repaired.command).code == 0
    artifacts |= repaired.artifacts
    for expected, code in (("1", 0), ("2", 2)):
        second = launch(f"second-{expected}", "check_slices", job_id=104, check_slices_expected=expected, **artifacts)
        done = run(*second.command)
        assert done.code == code, done.output
        assert second.artifacts["job_ids"] == [103]


@pytest.mark.parametrize(("expected", "code"), [("", 0), ("1", 0), ("2", 2)])
def test_the_node_after_a_sliced_job_can_require_the_number_of_slices(
    launch: Callable[..., Job], run: Runner, run_slices: Runner, expected: str, code: int
) -> None:
    following = launch("next", "check_slices", job_id=101, check_slices_expected=expected, **run_slices(1))
    done = run(*following.command)
    assert done.code == code, done.output
    assert ("Only 1 of 2 slices published artifacts" in " ".join(done.output.split())) == bool(code)


def test_the_node_after_a_sliced_job_fails_without_artifacts(launch: Callable[..., Job], run: Runner) -> None:
    done = run(*launch("next", "check_slices").command)
    assert done.code == 2
    assert "No earlier job of the workflow has artifacts" in " ".join(done.output.split())

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on a terminal, in a log and in AWX; however a run ends, it leaves no file, and shows its record."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pyte
import pytest
import yaml
from ansible_collections.selfservice.aws.plugins.callback.progress import EXAMPLES
from emulator import Emulator

BIN = Path(sys.executable).parent
NAME = "selfservice.aws: "
ROWS, COLUMNS = 50, 80
RECORD = r"rec-\w+"
DESCRIBE = "DescribeRecord"
BUSY = "pp-billing000001"
CTRL_C = b"\x03"
HOW_TO_WAIT = (
    "To continue waiting, run selfservice.aws.servicecatalog_record_wait with record_ids: [{}], "
    "or this task again with change_id: {} and wait: true."
)

WAIT = {
    "name": "Back up",
    "selfservice.aws.servicecatalog_service_action": {
        "provisioned_product_name": "orders-db",
        "service_action_name": "Backup",
        "wait": True,
        "wait_delay": 0.2,
    },
}
MANY = {
    "name": "Restart all",
    "selfservice.aws.servicecatalog_service_action_bulk": {
        "search_query": ["web"],
        "service_action_name": "Restart",
        "max_concurrency": "10",
        "wait_delay": 0.2,
    },
}
SAY = {"name": "Say it", "ansible.builtin.debug": {"msg": "said"}}


@dataclass(frozen=True)
class RunningPlaybook:
    """A running ansible-playbook, its log, and the pids of its only worker and of the worker's module."""

    process: subprocess.Popen
    log: Path
    worker: int
    module: int


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    """The emulator with a backup of 1 s in real time, a restart of 0.5 s, and a failover that never ends."""
    runs = {"Backup": 20, "Restart": 10, "Failover": float("inf")}
    actions = [{"id": f"act-{name.lower()}", "name": name, "run": {"seconds": run}} for name, run in runs.items()]
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [action["id"] for action in actions]}]
    emulator.reset(
        {
            "service_actions": actions,
            "products": [{"id": "prod-1", "name": "server", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": each, "name": name, "product": "prod-1", "artifact": "pa-1"}
                for each, name in (("pp-orders0000001", "orders-db"), (BUSY, "billing-db"))
            ],
            "generated": [{"count": 20, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
        }
    )
    return emulator


@pytest.fixture
def temporary_folder() -> Iterator[Path]:
    """A folder for temporary files, since the path of pytest's tmp_path is too long for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def progress(environment: dict[str, str], temporary_folder: Path) -> dict[str, str]:
    """The environment with the callback enabled."""
    environment.update(
        ANSIBLE_CALLBACKS_ENABLED="selfservice.aws.progress",
        ANSIBLE_PYTHON_INTERPRETER=os.environ.get("SELFSERVICE_MODULE_PYTHON", sys.executable),
        TMPDIR=str(temporary_folder),
    )
    return environment


def without_progress(progress: dict[str, str]) -> dict[str, str]:
    """The same environment without the callback."""
    return {name: value for name, value in progress.items() if name != "ANSIBLE_CALLBACKS_ENABLED"}


def changed(task: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The same task with other options."""
    name, module, *_more = task
    return {name: task[name], module: {**task[module], **options}}


def write_play(folder: Path, *tasks: dict[str, Any], **play: Any) -> str:
    plays = [{"hosts": "localhost", "gather_facts": False, **play, "tasks": list(tasks)}]
    (folder / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    return "play.yml"


@contextlib.contextmanager
def background(environment: dict[str, str], folder: Path, *command: str, **streams: Any) -> Iterator[subprocess.Popen]:
    """Run an Ansible command in the background, and kill it at the end."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL, **streams}
    line = [str(BIN / command[0]), *command[1:]]
    with subprocess.Popen(line, env=environment, cwd=folder, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def running_playbook(
    progress: dict[str, str], tmp_path: Path, emulator: Emulator, descendants_of: Callable[[int], dict[int, str]]
) -> Iterator[RunningPlaybook]:
    """A playbook that waits for a record that never ends."""
    play = write_play(tmp_path, changed(WAIT, service_action_name="Failover", change_id="CHG-1"))
    # Under nohup this process ignores SIGHUP, and its child processes would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Not to a pipe, which workers may keep open.
    log = tmp_path / "log"
    with (
        log.open("w", encoding="utf-8") as stdout,
        background(progress, tmp_path, "ansible-playbook", play, stdout=stdout) as process,
    ):
        while not emulator.calls(DESCRIBE):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                pytest.fail("it ended before it waited")
        tree = list(descendants_of(process.pid))
        yield RunningPlaybook(process, log, worker=tree[0], module=tree[-1])
    for pid in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def lines_of(output: str) -> list[str]:
    return [line.removeprefix(NAME) for line in output.splitlines() if line.startswith(NAME)]


def leftovers_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.startswith("selfservice.aws.")]


@dataclass(frozen=True)
class TerminalOutput:
    """What a terminal showed: the last screen, every line of progress that was refreshed before it, and what stayed.

    `stayed` is all text that was not erased, without the line breaks of the terminal.
    """

    code: int
    screen: list[str]
    lines: list[str]
    stayed: str


def run_on_terminal(
    environment: dict[str, str],
    folder: Path,
    *command: str,
    ends_at: str = "",
    end: Callable[[subprocess.Popen, int], None] | None = None,
) -> TerminalOutput:
    """Run a command on a pseudo-terminal, and return what it showed.

    When it shows a line of progress that matches `ends_at`, `end` is called with the process and the terminal.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    lines: list[str] = []
    output = b""
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    # So that the terminal sends the signals of its keys to the command.
    control = {"start_new_session": True, "preexec_fn": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)}
    with background({**environment, "TERM": "xterm"}, folder, *command, **streams, **control) as process:
        os.close(theirs)
        # On Linux, reading from a closed terminal raises an error.
        with contextlib.suppress(OSError):
            while received := os.read(ours, 65536):
                stream.feed(received)
                output += received
                shown = [line.rstrip() for line in screen.display if re.match(rf"{NAME}.* (so far|left) *$", line)]
                assert len(shown) <= 1, screen.display
                if shown and shown != lines[-1:]:
                    lines += shown
                    if end and re.search(ends_at, shown[0]):
                        end(process, ours)
                        end = None
        os.close(ours)
        code = process.wait()
    stayed = "\n".join(line.split("\x1b[K")[-1] for line in output.decode().split("\r\n"))
    return TerminalOutput(code, [line.rstrip() for line in screen.display], lines, stayed)


def test_on_a_terminal_progress_is_one_line_of_which_only_final_counts_stay(
    progress: dict[str, str], tmp_path: Path, temporary_folder: Path
) -> None:
    # The other host is skipped, which Ansible prints while the line is shown.
    waits = {**WAIT, "when": "inventory_hostname == 'first'"}
    play = write_play(tmp_path, {**SAY, "run_once": True}, waits, {**MANY, "run_once": True}, hosts="all")
    command = ["ansible-playbook", "-i", "first,second,", "-c", "local", play]
    seen = run_on_terminal(progress, tmp_path, *command)
    without = run_on_terminal(without_progress(progress), tmp_path, *command)
    assert (seen.code, without.code) == (0, 0), seen.screen
    assert without.lines == []
    (counts,) = (line for line in seen.screen if line.startswith(NAME))
    assert re.fullmatch(rf"{NAME}\[first\] 20/20 ended · (\d+/min · )?after \d+ s", counts)
    assert [line for line in seen.screen if line != counts] == without.screen[:-1]
    assert leftovers_in(temporary_folder) == []
    text = "\n".join(seen.lines)
    assert re.search(rf"^{NAME}\[first\] {RECORD} orders-db CREATED · \d s so far$", text, re.MULTILINE), text
    assert re.search(rf"^{NAME}\[first\] {RECORD} orders-db IN_PROGRESS · \d s so far$", text, re.MULTILINE), text
    assert re.search(rf"^{NAME}\[first\] 10/20 ended · 10 running · .*about \d+ s left$", text, re.MULTILINE), text


@pytest.mark.parametrize("by", [CTRL_C, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_last_line_of_each_wait_stays_when_the_run_is_ended(
    progress: dict[str, str],
    tmp_path: Path,
    temporary_folder: Path,
    emulator: Emulator,
    descendants_of: Callable[[int], dict[int, str]],
    by: bytes | signal.Signals,
) -> None:
    emulator.update_product(BUSY, change={"seconds": 10000})
    endless = {"service_action_name": "Failover", "change_id": "CHG-1"}
    available = {"provisioned_product_name": "billing-db", "wait_until_available": True}
    tasks = [changed(WAIT, **endless), changed(WAIT, **endless, **available), changed(MANY, **endless)]
    names = ["one", "busy", "many"]
    tasks = [{**task, "when": f"inventory_hostname == '{name}'"} for task, name in zip(tasks, names)]
    play = write_play(tmp_path, *tasks, hosts="all", strategy="free")
    command = ["ansible-playbook", "-i", f"{','.join(names)},", "-c", "local", play]
    ending: list[int] = []

    def end(process: subprocess.Popen, terminal: int) -> None:
        for each in descendants_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                ending.append(os.pidfd_open(each))
        os.write(terminal, by) if isinstance(by, bytes) else process.send_signal(by)

    seen = run_on_terminal(progress, tmp_path, *command, ends_at="3 tasks .* 11 running", end=end)
    # Modules end after Ansible; one that waits for a product would start its action after the reset for the next test.
    for each in ending:
        assert select.select([each], [], [], 60)[0], "a process did not end"
        os.close(each)
    assert seen.code == (99 if by == CTRL_C else -signal.SIGTERM), seen.screen
    (record_id,) = (
        record["RecordId"] for record in emulator.records() if record["ProvisionedProductName"] == "orders-db"
    )
    one, busy, many = ([line for line in lines_of(seen.stayed) if line.startswith(f"[{name}] ")] for name in names)
    assert len(one) == len(busy) == len(many) == 1, seen.stayed
    status = rf"\[one\] {record_id} orders-db (CREATED|IN_PROGRESS) · after \d+ s\. "
    assert re.fullmatch(status + re.escape(HOW_TO_WAIT.format(record_id, "CHG-1")), one[0])
    status = r"\[busy\] billing-db is UNDER_CHANGE, waiting to start Failover · after \d+ s\. "
    assert re.fullmatch(status + "To continue, run this task again with change_id: CHG-1.", busy[0])
    status = r"\[many\] 0/20 ended · 10 running · 10 waiting · after \d+ s\. "
    assert re.fullmatch(status + "To continue, run this task again with change_id: CHG-1.", many[0])
    assert leftovers_in(temporary_folder) == []


def test_the_last_line_of_a_task_that_fails_stays_with_the_words_of_its_message(
    progress: dict[str, str], tmp_path: Path, emulator: Emulator
) -> None:
    task = changed(WAIT, service_action_name="Failover", wait_timeout=1)
    play = write_play(tmp_path, {**task, "ignore_errors": True}, SAY)
    seen = run_on_terminal(progress, tmp_path, "ansible-playbook", play)
    assert seen.code == 0, seen.screen
    (record,) = emulator.records()
    (line,) = lines_of(seen.stayed)
    pattern = rf"{RECORD} orders-db \w+ · after \d s\. (To continue waiting, run .* with record_ids: \[{RECORD}\], .*)"
    match = re.fullmatch(pattern, line)
    assert match, seen.stayed
    assert record["RecordId"] in line
    assert match[1].replace('"', "") in seen.stayed.split("fatal:")[1].replace('\\"', "")


@pytest.mark.usefixtures("progress")
def test_the_last_line_of_a_private_task_tells_no_ids(tmp_path: Path, run: Callable) -> None:
    task = changed(WAIT, service_action_name="Failover", wait_timeout=1, change_id="CHG-1")
    done = run("ansible-playbook", write_play(tmp_path, {**task, "no_log": True}))
    assert done.code == 2, done.output
    lines = lines_of(done.output)
    assert re.fullmatch(r"(CREATED|IN_PROGRESS) · after \d s", lines[-1])
    assert not re.search(rf"orders|CHG-1|{RECORD}", "\n".join(lines))


@pytest.mark.usefixtures("progress")
@pytest.mark.parametrize(("encoding", "dot"), [("utf-8", "·"), ("ascii", "-")])
def test_a_log_gets_a_line_for_each_change(tmp_path: Path, run: Callable, encoding: str, dot: str) -> None:
    play = write_play(tmp_path, WAIT, MANY)
    done = run("ansible-playbook", play, PYTHONIOENCODING=encoding, SELFSERVICE_AWS_PROGRESS_INTERVAL="1")
    assert done.code == 0, done.output
    lines = lines_of(done.output)
    states = [line.split()[2] for line in lines if "orders-db" in line]
    assert list(dict.fromkeys(states)) == ["CREATED", "IN_PROGRESS", "SUCCEEDED"]
    assert re.fullmatch(rf"{RECORD} orders-db SUCCEEDED {dot} after \d s", lines[len(states) - 1])
    counts = lines[len(states) :]
    assert counts[0].startswith(f"0/20 ended {dot} 10 running {dot} 10 waiting {dot} 0 s so far")
    assert re.fullmatch(rf"20/20 ended {dot} .*after \d+ s", counts[-1])
    assert "TASK [Back up]" in done.output.split(NAME)[0]


def test_the_example_enables_it(progress: dict[str, str], tmp_path: Path, run: Callable) -> None:
    play = write_play(tmp_path, WAIT)
    del progress["ANSIBLE_CALLBACKS_ENABLED"]
    example = "\n".join(line.removeprefix("#").strip() for line in EXAMPLES.splitlines()[3:])
    (tmp_path / "ansible.cfg").write_text(example)
    done = run("ansible-playbook", play, ANSIBLE_CONFIG="ansible.cfg")
    assert len(lines_of(done.output)) >= 2, done.output


@pytest.mark.usefixtures("progress")
def test_ad_hoc_commands_need_bin_ansible_callbacks(run: Callable) -> None:
    module, options = list(WAIT.items())[1]
    command = ["ansible", "localhost", "-m", module, "-a", json.dumps(options)]
    assert lines_of(run(*command).output) == []
    assert "SUCCEEDED" in lines_of(run(*command, ANSIBLE_LOAD_CALLBACK_PLUGINS="true").output)[-1]


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_awx_gets_progress_lines_as_events(
    progress: dict[str, str], tmp_path: Path, temporary_folder: Path, quiet: list[str]
) -> None:
    (tmp_path / "project").mkdir()
    play = write_play(tmp_path / "project", WAIT)
    with background(
        progress, tmp_path, "ansible-runner", "run", ".", "-p", play, "--ident", "1", *quiet, text=True
    ) as done:
        output, _none = done.communicate()
    assert done.returncode == 0, output
    assert bool(lines_of(output)) is not bool(quiet), output
    events = [json.loads(each.read_text()) for each in (tmp_path / "artifacts/1/job_events").iterdir()]
    progress_events = [event for event in events if event["stdout"].startswith(NAME)]
    assert {event["event"] for event in progress_events} == {"verbose"}
    assert "SUCCEEDED" in max(progress_events, key=lambda event: event["counter"])["stdout"]
    # Plain lines, since a line that is refreshed in place would corrupt the events.
    pattern = rf"{NAME}{RECORD} orders-db [A-Z_]+ · .*(so far|after).*"
    assert all(re.fullmatch(pattern, each["stdout"]) for each in progress_events)
    assert leftovers_in(temporary_folder) == []


@pytest.mark.usefixtures("progress")
def test_twenty_forks_show_the_progress_of_each_host_and_none_hangs(
    tmp_path: Path, temporary_folder: Path, run: Callable
) -> None:
    hosts = [f"web{number:02}" for number in range(20)]
    (tmp_path / "hosts").write_text("".join(f"{host} ansible_connection=local\n" for host in hosts))
    waiting = {**WAIT, "when": "inventory_hostname[-1] == '0'"}
    others = [{**SAY, "loop": [1, 2], "when": "inventory_hostname[-1] != '0'"}] * 4
    play = write_play(tmp_path, waiting, *others, hosts="all", strategy="free")
    done = run("ansible-playbook", "-i", "hosts", "-f", "20", play, SELFSERVICE_AWS_PROGRESS_INTERVAL="0.2")
    assert done.code == 0, done.output
    records = {
        host: {line.split()[1] for line in lines_of(done.output) if line.startswith(f"[{host}] ")} for host in hosts
    }
    assert [host for host in hosts if records[host]] == ["web00", "web10"]
    assert all(len(ids) == 1 for ids in records.values() if ids)
    assert records["web00"] != records["web10"]
    assert leftovers_in(temporary_folder) == []


@pytest.mark.usefixtures("progress")
def test_async_tasks_show_progress_while_the_play_continues(
    tmp_path: Path, temporary_folder: Path, run: Callable
) -> None:
    job = {**WAIT, "async": 60, "poll": 0, "register": "job"}
    end = {
        "name": "Wait for it",
        "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
        "register": "it",
        "until": "it is finished",
        "retries": 60,
        "delay": 1,
    }
    done = run("ansible-playbook", write_play(tmp_path, job, end))
    assert done.code == 0, done.output
    assert "SUCCEEDED" in lines_of(done.output.split("TASK [Wait for it]")[1])[-1]
    assert leftovers_in(temporary_folder) == []


def test_without_a_writable_temporary_folder_only_the_progress_is_missing(
    progress: dict[str, str], tmp_path: Path, run: Callable
) -> None:
    play = write_play(tmp_path, WAIT)
    # Not even root can create a folder there.
    done = run("ansible-playbook", play, TMPDIR="/proc")
    progress.pop("ANSIBLE_CALLBACKS_ENABLED")
    assert (done.code, done.output) == (0, run("ansible-playbook", play).output)


@pytest.mark.usefixtures("progress")
def test_a_removed_channel_does_not_affect_the_task(tmp_path: Path, run: Callable) -> None:
    folder = "{{ lookup('ansible.builtin.env', 'SELFSERVICE_AWS_PROGRESS') | dirname }}"
    remove = {"name": "Remove it", "ansible.builtin.file": {"path": folder, "state": "absent"}}
    done = run("ansible-playbook", write_play(tmp_path, remove, WAIT), "-vv")
    assert done.code == 0, done.output
    assert "changed=2" in done.output
    assert lines_of(done.output) == []


@pytest.mark.usefixtures("progress")
def test_no_log_hides_names_and_record_ids(tmp_path: Path, run: Callable) -> None:
    done = run("ansible-playbook", write_play(tmp_path, {**WAIT, "no_log": True}))
    assert done.code == 0, done.output
    assert "orders" not in done.output
    assert not re.search(RECORD, done.output)
    assert lines_of(done.output)[-1].startswith("SUCCEEDED · after")


def assert_record_is_shown(playbook: RunningPlaybook, emulator: Emulator) -> None:
    (record,) = emulator.records()
    lines = lines_of(playbook.log.read_text(encoding="utf-8"))
    shown = [line for line in lines if line.endswith(HOW_TO_WAIT.format(record["RecordId"], "CHG-1"))]
    assert shown == lines[-1:], lines
    assert shown[0].startswith(record["RecordId"])


@pytest.mark.parametrize("victim", ["module", "worker"])
def test_no_files_are_left_after_a_module_or_worker_is_killed_and_the_record_is_shown(
    running_playbook: RunningPlaybook, temporary_folder: Path, emulator: Emulator, victim: str
) -> None:
    assert len(leftovers_in(temporary_folder)) == 1
    os.kill(getattr(running_playbook, victim), signal.SIGKILL)
    assert running_playbook.process.wait(timeout=120) != 0
    assert leftovers_in(temporary_folder) == []
    assert_record_is_shown(running_playbook, emulator)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_files_are_left_after_a_signal_to_the_playbook_and_the_record_is_shown(
    running_playbook: RunningPlaybook, temporary_folder: Path, emulator: Emulator, number: signal.Signals
) -> None:
    running_playbook.process.send_signal(number)
    assert running_playbook.process.wait(timeout=120) != 0
    assert leftovers_in(temporary_folder) == []
    assert_record_is_shown(running_playbook, emulator)


def test_files_left_by_kill_9_are_removed_by_the_next_run(
    running_playbook: RunningPlaybook, progress: dict[str, str], tmp_path: Path, temporary_folder: Path, run: Callable
) -> None:
    running_playbook.process.kill()
    running_playbook.process.wait()
    # The module continues, and its messages are lost.
    os.kill(running_playbook.module, 0)
    (left,) = leftovers_in(temporary_folder)
    done = run("ansible-playbook", write_play(tmp_path, WAIT), **progress)
    assert "SUCCEEDED" in lines_of(done.output)[-1]
    assert leftovers_in(temporary_folder) == [], left


def test_two_concurrent_playbooks_show_only_their_own_progress(
    progress: dict[str, str], tmp_path: Path, temporary_folder: Path
) -> None:
    play = write_play(tmp_path, WAIT)
    with (
        background(progress, tmp_path, "ansible-playbook", play, text=True) as one,
        background(progress, tmp_path, "ansible-playbook", play, text=True) as two,
    ):
        records = [{line.split()[0] for line in lines_of(each.communicate()[0])} for each in (one, two)]
    assert [len(ids) for ids in records] == [1, 1]
    assert records[0] != records[1]
    assert leftovers_in(temporary_folder) == []

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Ansible processes against the emulator, whose clock runs twenty times as fast as the wall's."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from awx import Awx
from emulator import Emulator

BIN = Path(sys.executable).parent
MODULE_PYTHON = os.environ.get("SELFSERVICE_MODULE_PYTHON", sys.executable)


@dataclass(frozen=True)
class Run:
    """What a finished Ansible process left: exit code, all it printed, and the task results asked for."""

    code: int
    output: str
    result: dict[str, Any]

    @property
    def stats(self) -> dict[str, Any]:
        """What set_stats of the role left, as AWX would have it in the job's artifacts."""
        found: dict[str, Any] = json.loads(re.sub(r"\s+", " ", self.output[self.output.index("RUN: {") + 5 :]))
        return {name.removeprefix("run_service_action_"): value for name, value in found.items()}


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with Emulator(clock="real", speed=20) as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """The demo world, as new."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def fleet(emulator: Emulator) -> Callable[..., dict[str, dict[str, Any]]]:
    """Give the emulator so many products, whose one action takes so many seconds, and return them as hosts."""

    def make(count: int, *, seconds: float = 4) -> dict[str, dict[str, Any]]:
        artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
        plain = {"product": "prod-1", "artifact": "pa-1"}
        emulator.reset(
            {
                "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": seconds}}],
                "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
                "provisioned_products": [{"id": f"pp-{n:013}", "name": f"web-{n}", **plain} for n in range(count)],
            }
        )
        return {f"web-{n}": {"provisioned_product_id": f"pp-{n:013}", "region": "us-east-1"} for n in range(count)}

    return make


@pytest.fixture(scope="session")
def running_awx() -> Iterator[Awx]:
    with Awx() as running:
        yield running


@pytest.fixture
def awx(running_awx: Awx) -> Awx:
    """A stand-in for AWX, as new."""
    running_awx.reset()
    return running_awx


@pytest.fixture(scope="session")
def module_python() -> str:
    """The interpreter that runs the modules."""
    return MODULE_PYTHON


@pytest.fixture
def environment(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """What a user would export to meet the emulator instead of AWS, and nothing of this machine's own."""
    kept = {name: os.environ[name] for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH", "LANG") if name in os.environ}
    return {
        **kept,
        "HOME": str(tmp_path),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_ASYNC_DIR": str(tmp_path / "async"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Callable[..., Run]:
    """Run an Ansible command line."""

    def start(*command: str, **more: str) -> Run:
        done = subprocess.run(
            words_of(command),
            env={**environment, **more},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Run(done.returncode, done.stdout, {})

    return start


def words_of(command: Sequence[str]) -> list[str]:
    """Return a command line of this virtual environment, which gives the modules their interpreter."""
    given = [] if command[0] == "ansible-runner" else ["-e", f"ansible_python_interpreter={MODULE_PYTHON}"]
    return [str(BIN / command[0]), *command[1:], *given]


@pytest.fixture
def play(run: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """Run tasks as a playbook; `result`, where one of them registers it, comes back as Ansible has it."""

    def start(tasks: str, *arguments: str, **more: str) -> Run:
        # Not a file that copy writes: that runs two modules more, in every test.
        kept = {
            "name": "Keep what was registered",
            "ansible.builtin.debug": {"msg": "KEPT<{{ result | to_json | b64encode }}>"},
            "when": "result is defined",
        }
        plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [*yaml.safe_load(tasks), kept]}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
        done = run("ansible-playbook", "play.yml", *arguments, **more)
        parts = re.split(r"KEPT<(\S*)>", done.output)
        return Run(done.code, "".join(parts[::2]), json.loads(base64.b64decode(parts[1])) if len(parts) > 1 else {})

    return start


@pytest.fixture
def kill(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run an Ansible command line, signal some of its processes once it is time, and return what it printed.

    `who` is tree, all of its processes in whatever session; playbook, the one that was started; or module, what that
    one has started on the target. What is left then goes on, at most until the test ends.
    """
    started: list[int] = []

    def victims_of(pid: int, who: str) -> list[int]:
        tree = {**descendants(pid), pid: ""}
        started.extend(tree)
        modules = [each for each, line in tree.items() if re.match(r"\S*python\S* \S*AnsiballZ", line)]
        return {"tree": list(tree), "playbook": [pid], "module": modules}[who]

    def start(is_time: Callable[[], bool], *command: str, who: str = "tree", number: int = signal.SIGKILL) -> str:
        with (tmp_path / "killed").open("w+") as output, subprocess.Popen(
            words_of(command),
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process:
            # Between two tasks there is no module.
            while not (is_time() and (victims := victims_of(process.pid, who))):
                # A look at the processes takes as much CPU as what is looked at.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
                    pytest.fail("it ended before it was killed")
            for each in victims:
                # One may have ended with those before it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, number)
            process.wait(120)
            output.seek(0)
            return output.read()

    yield start
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


@pytest.fixture
def descendants_of() -> Callable[[int], dict[int, str]]:
    """Find the processes below one, those nearer to it first."""
    return descendants


def descendants(pid: int) -> dict[int, str]:
    """Return the processes that a process has started, and those that they have, each with its command line."""
    children: dict[int, dict[int, str]] = {}
    for line in subprocess.run(
        ["ps", "-ww", "-eo", "ppid=,pid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        parent, child, *words = line.split(None, 2)
        children.setdefault(int(parent), {})[int(child)] = " ".join(words)
    found, queue = {}, [pid]
    while queue:
        mine = children.get(queue.pop(0), {})
        found.update(mine)
        queue += mine
    return found

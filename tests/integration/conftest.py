# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that run real Ansible processes against the emulator, whose clock runs at twenty times real time."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
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
# Warnings about amazon.aws and awx.awx themselves, and what Ansible adds to each of them.
FOREIGN = re.compile(
    r"^\[(DEPRECATION )?WARNING\]: ("
    r"Deprecation warnings can be disabled"
    r"|Importing '\w+' from 'ansible\.module_utils\._text'"
    r"|Passing `disable_lookups` to `template`"
    # An older ansible-core wraps the lines of a warning, and ansible-runner has been seen to lose some of them.
    r"|Support for the 'AWS_SECURITY_TOKEN'(?s:.*?)"
    r"(?:10\.0\.0\.(?:\s+Deprecation[^\[]*?ansible\.cfg\.)?|ansible\.cfg\.)"
    r"|The `ansible\.module_utils\.six` module"
    r"|The 'amazon\.aws\.\w+' callback plugin implements"
    r").*\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Run:
    """A finished Ansible process: its exit code, its output, and the task result that was registered as `result`."""

    code: int
    output: str
    result: dict[str, Any]

    @property
    def stats(self) -> dict[str, Any]:
        """What the role published with set_stats, which AWX stores as the artifacts of the job."""
        found: dict[str, Any] = json.loads(re.sub(r"\s+", " ", self.output[self.output.index("RUN: {") + 5 :]))
        return {name.removeprefix("run_service_action_"): value for name, value in found.items()}


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with Emulator(clock="real", speed=20) as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """The emulator, reset to the demo world."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def product_hosts(emulator: Emulator) -> Callable[..., dict[str, dict[str, Any]]]:
    """Return a function that creates products whose action takes `seconds`, and returns them as inventory hosts."""

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


@pytest.fixture
def busy(emulator: Emulator) -> Iterator[Callable[[str], None]]:
    """Return a function that makes a product busy with a change, until two seconds after a start was refused."""
    is_over = threading.Event()
    threads = []

    def end_change(product_id: str) -> None:
        while not is_over.wait(0.1):
            refused = [call for call in emulator.calls() if call["error_code"] == "InvalidStateException"]
            if product_id in [call["parameters"]["ProvisionedProductId"] for call in refused]:
                emulator.update_product(product_id, change={"seconds": 2})
                return

    def begin_change(product_id: str) -> None:
        emulator.update_product(product_id, change={"seconds": 1000})
        threads.append(threading.Thread(target=end_change, args=(product_id,)))
        threads[-1].start()

    yield begin_change
    is_over.set()
    for each in threads:
        each.join()


@pytest.fixture(scope="session")
def running_awx() -> Iterator[Awx]:
    with Awx() as running:
        yield running


@pytest.fixture
def awx(running_awx: Awx) -> Awx:
    """The stand-in for AWX, reset."""
    running_awx.reset()
    return running_awx


@pytest.fixture(scope="session")
def module_python() -> str:
    """The interpreter that runs the modules."""
    return MODULE_PYTHON


@pytest.fixture
def environment(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """The environment of a user who exports the emulator's URL, without the settings of this machine."""
    names = ("PATH", "ANSIBLE_COLLECTIONS_PATH", "AWS_DATA_PATH", "LANG")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **kept,
        "HOME": str(tmp_path),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_ASYNC_DIR": str(tmp_path / "async"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_DEPRECATION_WARNINGS": "1",
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Callable[..., Run]:
    """Return a function that runs an Ansible command line."""

    def start(*command: str, **more: str) -> Run:
        done = subprocess.run(
            command_line(command),
            env={**environment, **more},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Run(done.returncode, without_deprecations(done.stdout), {})

    return start


def without_deprecations(output: str) -> str:
    """Return an output without warnings about other collections; fail on a deprecation or reserved name of ours."""
    ours = FOREIGN.sub("", output)
    words = " ".join(ours.split())
    for warning in ("[DEPRECATION WARNING]", "Found variable using reserved name"):
        assert warning not in words, output
    return ours


def command_line(command: Sequence[str]) -> list[str]:
    """Return the arguments that run a command of this virtual environment, with the interpreter for modules."""
    given = [] if command[0] == "ansible-runner" else ["-e", f"ansible_python_interpreter={MODULE_PYTHON}"]
    return [str(BIN / command[0]), *command[1:], *given]


@pytest.fixture
def play(run: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """Return a function that runs tasks as a playbook, and returns the variable `result` if a task sets it."""

    def start(tasks: str, *arguments: str, **more: str) -> Run:
        # Not written to a file by the copy module, which would run two more modules in every test.
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
    """Return a function that runs an Ansible command line, signals some of its processes, and returns the output.

    `is_time` decides when. `who` selects the processes: tree is all of them, in any session; playbook is the started
    process; module is the module process on the target. The other processes continue until the test ends. The command
    must not end before `is_time`, except with `may_end`.
    """
    started: list[int] = []

    def victims_of(pid: int, who: str) -> list[int]:
        tree = {**descendants(pid), pid: ""}
        started.extend(tree)
        modules = [each for each, line in tree.items() if re.match(r"\S*python\S* \S*AnsiballZ", line)]
        return {"tree": list(tree), "playbook": [pid], "module": modules}[who]

    def start(
        is_time: Callable[[], bool],
        *command: str,
        who: str = "tree",
        number: int = signal.SIGKILL,
        may_end: bool = False,
    ) -> str:
        with (
            (tmp_path / "killed").open("w+") as output,
            subprocess.Popen(
                command_line(command),
                env=environment,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            # Between two tasks no module runs.
            while not (is_time() and (victims := victims_of(process.pid, who))):
                # Listing the processes takes a lot of CPU, so pause between two lists.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
                    assert may_end, "it ended before it was killed"
                    victims = []
                    break
            for each in victims:
                # A process may have ended with one that was signalled before it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, number)
            process.wait(120)
            output.seek(0)
            return without_deprecations(output.read())

    yield start
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


@pytest.fixture
def descendants_of() -> Callable[[int], dict[int, str]]:
    """Return a function that finds the descendants of a process, the nearest first."""
    return descendants


def descendants(pid: int) -> dict[int, str]:
    """Return the command lines of all descendants of a process by pid, the nearest first."""
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

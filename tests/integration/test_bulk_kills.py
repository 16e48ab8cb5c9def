# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bulk run whose whole process tree is killed in the middle, several times, and run to its end."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

from emulator import Emulator

TARGETS = 200
MODULE = "selfservice.aws.servicecatalog_service_action_bulk"


def test_two_hundred_targets_killed_at_random_moments_are_two_hundred_records(
    run: Callable[..., Any], environment: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 60}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "generated": [{"count": TARGETS, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
        }
    )
    emulator.fault(EXECUTE := "ExecuteProvisionedProductServiceAction", "slow", seconds=0.2)
    chance = random.Random(4711)
    options = {"search_query": ["web"], "service_action_name": "Restart", "execute_token": "change-1"}
    command = ["ansible", "localhost", "-m", MODULE, "-a", json.dumps({**options, "max_concurrency": "100"})]
    seen = 0
    for _kill in range(3):
        seen += chance.randint(20, 50)
        _run_until(command, environment, tmp_path, lambda wanted=seen: len(emulator.calls(EXECUTE)) >= wanted)
    assert 0 < len(emulator.records()) < TARGETS
    emulator.clear_faults()
    done = run(*command)
    assert done.code == 0, done.output
    assert len(emulator.records()) == TARGETS
    assert json.loads(done.output.split("=>", 1)[1])["summary"]["succeeded"] == TARGETS


def _run_until(command: list[str], environment: dict[str, str], folder: Path, is_time: Callable[[], bool]) -> None:
    """Start the command and kill all of its processes, in whatever session, once it is time."""
    binary = str(Path(sys.executable).parent / command[0])
    interpreter = f"ansible_python_interpreter={os.environ.get('SELFSERVICE_MODULE_PYTHON', sys.executable)}"
    with subprocess.Popen(
        [binary, *command[1:], "-e", interpreter],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not is_time():
            assert process.poll() is None, "it ended before it was killed"
        for each in [*_descendants(process.pid), process.pid]:
            os.kill(each, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for line in subprocess.run(
        ["ps", "-eo", "ppid=,pid="], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        parent, child = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, queue = [], [pid]
    while queue:
        mine = children.get(queue.pop(), [])
        found += mine
        queue += mine
    return found

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the emulator, modules and Ansible as processes, and measure their time, CPU and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator import Control

HERE = Path(__file__).parent
MODULES = "ansible_collections.selfservice.aws.plugins.modules"


@dataclass(frozen=True)
class Usage:
    """The usage of a process and its children: elapsed and CPU seconds, peak memory in MB, and the output."""

    seconds: float
    cpu: float
    peak: float
    output: str


@contextmanager
def emulator(world: Mapping[str, Any], latency: float = 0.0) -> Iterator[Control]:
    """Run an emulator with this world, which adds a latency in seconds to each call."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(world, file)
        file.flush()
        command = [sys.executable, "-m", "emulator", "--world", file.name, "--latency", str(latency)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                yield Control(process.stdout.readline().strip())
            finally:
                process.terminate()


def fleet(size: int, *, seconds: float = 10.0) -> dict[str, Any]:
    """Return a world of `size` provisioned products with one action that runs for `seconds`."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    return {
        "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": seconds}}],
        "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
        "generated": [
            {"count": size, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1", "tags": {"team": "web"}}
        ],
    }


def run(command: Sequence[str], control: Control, sent: str = "") -> Usage:
    """Run a command against the emulator, which must succeed, and return its usage."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as printed:
        given.write(sent)
        given.seek(0)
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=_environment(control), stdin=given, stdout=printed, stderr=subprocess.STDOUT
        )
        _pid, status, taken = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        # Popen must not wait for the process again.
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    return Usage(seconds, taken.ru_utime + taken.ru_stime, taken.ru_maxrss / 1024, output)


def run_module(name: str, control: Control, **options: Any) -> tuple[Usage, dict[str, Any]]:
    """Run a module of this collection in its own process, without Ansible; return its usage and its result."""
    sent = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    usage = run([sys.executable, "-m", f"{MODULES}.{name}"], control, sent)
    return usage, json.loads(usage.output)


def listed(control: Control) -> list[str]:
    """Return the ids of all provisioned products."""
    _usage, result = run_module("servicecatalog_provisioned_product_info", control)
    return [product["id"] for product in result["provisioned_products"]]


def ansible(name: str) -> str:
    """Return the path of an ansible-core command."""
    return str(Path(sys.executable).with_name(name))


def _environment(control: Control) -> dict[str, str]:
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]
    return {
        **os.environ,
        "PYTHONPATH": tree,
        "ANSIBLE_LIBRARY": str(HERE / "library"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "AWS_ENDPOINT_URL": control.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
    }

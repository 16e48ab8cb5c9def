# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wall time and calls of the bulk module's own process against the emulator, beside what the settings dictate.

Run it with `make bench`. The emulator runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator import Control

MODULE = "ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk"
ACTION_SECONDS = 10


@contextmanager
def emulator(targets: int, latency: float) -> Iterator[Control]:
    """Run an emulator with so many targets and such a latency in seconds."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    world = {
        "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": ACTION_SECONDS}}],
        "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
        "generated": [{"count": targets, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(world, file)
        file.flush()
        command = [sys.executable, "-m", "emulator", "--world", file.name, "--latency", str(latency)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            yield Control(process.stdout.readline().strip())
            process.terminate()


def bulk(control: Control, **options: Any) -> tuple[float, dict[str, Any]]:
    """Run the module on all targets; return its wall time in seconds and its summary."""
    env = {
        **os.environ,
        "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0],
        "AWS_ENDPOINT_URL": control.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
    }
    arguments = {"search_query": ["web"], "service_action_id": "act-1", "max_concurrency": "1000", **options}
    sent = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", MODULE], input=sent, env=env, capture_output=True, text=True, check=True
    )
    return time.monotonic() - started, json.loads(done.stdout)["summary"]


def main() -> None:
    with emulator(1000, latency=0.05) as control:
        seconds, summary = bulk(control, wait=False)
        print(f"start 1,000 targets, 50 ms latency: {seconds:.1f} s, {summary['api_calls'] / 1000:.2f} calls a target")
    with emulator(1000, latency=0.05) as control:
        seconds, summary = bulk(control)
        print(
            f"1,000 targets, {ACTION_SECONDS} s action, 50 ms latency, all at once: {seconds:.1f} s, "
            f"{summary['api_calls'] / 1000:.2f} calls a target, {summary['succeeded']} succeeded"
        )
    with emulator(200, latency=0.01) as control:
        control.fault("*", "rate_limit", per_second=10, burst=10)
        seconds, summary = bulk(control)
        dictated = 200 / 10 + ACTION_SECONDS
        print(
            f"200 targets at 10 calls a second: {seconds:.1f} s, {seconds / dictated:.2f} times the {dictated:.0f} s "
            f"that the limit and the action dictate, {summary['succeeded']} succeeded"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest process, the emulator included: {peak:.0f} MB")


if __name__ == "__main__":
    main()

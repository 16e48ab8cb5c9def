# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo, the emulator, the benchmarks, take the picture, or say how to run anything else with them."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

from console import Failed, say
from matrix import combinations
from pythons import find_pythons
from setup import CHECKOUT, Workshop, set_up

OUTPUT = {
    "ANSIBLE_CALLBACKS_ENABLED": "selfservice.aws.progress",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_NOCOWS": "true",
}
# The emulator takes any, unless it is told which.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "emulator"}


def run_demo(workshop: Workshop, *words: str) -> int:
    """Run the playbook ``selfservice.aws.demo`` against an emulator of its own; return its exit code."""
    # Four times as fast as life: the demo is to end within 20 seconds.
    with _emulator(workshop, "--speed", "4") as url:
        say(f"Emulator of AWS Service Catalog at {url}, playbook playbooks/demo.yml")
        env = {**workshop.env, **OUTPUT, **KEYS, "AWS_ENDPOINT_URL": url}
        command = [workshop.tool("ansible-playbook"), "selfservice.aws.demo", *words]
        return subprocess.run(command, check=False, cwd=CHECKOUT, env=env).returncode


def take_picture(workshop: Workshop) -> int:
    """Write the picture of the README: a playbook on a thousand targets, on a terminal."""
    world = CHECKOUT / "tests/emulator/worlds/fleet.yml"
    with _emulator(workshop, "--speed", "10", "--world", str(world)) as url:
        env = {**workshop.env, **OUTPUT, **KEYS, "AWS_ENDPOINT_URL": url}
        command = [workshop.tool("python"), ".ci/picture.py", workshop.tool("ansible-playbook")]
        return subprocess.run(command, check=False, cwd=CHECKOUT, env=env).returncode


def run_emulator(workshop: Workshop, *words: str) -> int:
    """Become the emulator."""
    os.chdir(CHECKOUT)
    os.execve(workshop.tool("python"), ["python", "-m", "emulator", *words], workshop.env)


def run_benchmarks(workshop: Workshop, *words: str) -> int:
    """Become the benchmarks; words are the names of those to run."""
    # They measure the collection's own units too.
    path = os.pathsep.join([workshop.env["PYTHONPATH"], str(workshop.tree)])
    os.chdir(CHECKOUT)
    os.execve(workshop.tool("python"), ["python", "-m", "benchmarks", *words], {**workshop.env, "PYTHONPATH": path})


def print_env(workshop: Workshop) -> int:
    """Print what a shell needs to use the workshop."""
    for name, value in workshop.settings.items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


@contextlib.contextmanager
def _emulator(workshop: Workshop, *words: str) -> Iterator[str]:
    """Run an emulator in the background and yield its address."""
    command = [workshop.tool("python"), "-m", "emulator", *words]
    with subprocess.Popen(command, cwd=CHECKOUT, env=workshop.env, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout
            if not (url := emulator.stdout.readline().strip()):
                raise Failed("The emulator did not start.")
            yield url
        finally:
            emulator.terminate()


def main(target: str, *words: str) -> int:
    """Run a target and return the exit code; words go to what it starts."""
    # So that the emulator is stopped then too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    targets = {
        "bench": run_benchmarks,
        "demo": run_demo,
        "emulator": run_emulator,
        "env": print_env,
        "picture": take_picture,
    }
    try:
        # What env prints is for the shell.
        with contextlib.redirect_stdout(sys.stderr):
            workshop = set_up(combinations(find_pythons())[-1], "test" if target == "picture" else "")
        return targets[target](workshop, *words)
    except Failed as failure:
        say(f"FAILED: {target}\n{failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

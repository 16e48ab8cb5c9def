# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs in the same checkout use its build tree one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from build_tree import lock
with lock("run"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a process, which holds the lock of a build tree until it reads a line."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with ExitStack() as stack:

        def run(build: Path = tmp_path) -> subprocess.Popen[str]:
            env = {**os.environ, "PYTHONPATH": str(ROOT / ".ci"), "SELFSERVICE_BUILD": str(build)}
            return stack.enter_context(subprocess.Popen([sys.executable, "-c", HOLD], env=env, text=True, **pipes))

        yield run


def test_a_second_run_reports_that_it_waits_and_continues_when_the_first_has_ended(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    first = start()
    assert first.stdout.readline() == "held\n"
    second = start()
    assert second.stderr.readline().startswith("Waiting for another process that uses ")
    assert second.poll() is None
    first.communicate("\n")
    assert second.stdout.readline() == "held\n"


def test_a_killed_run_releases_the_lock(start: Callable[..., subprocess.Popen[str]]) -> None:
    first = start()
    assert first.stdout.readline() == "held\n"
    first.kill()
    second = start()
    assert second.stdout.readline() == "held\n"


def test_a_build_tree_in_the_checkout_is_rejected(start: Callable[..., subprocess.Popen[str]]) -> None:
    """In a folder that git ignores, ansible-test would find no tests and succeed."""
    rejected = start(ROOT / "build")
    _output, errors = rejected.communicate()
    assert rejected.returncode == 1
    assert "SELFSERVICE_BUILD is in the checkout" in errors
    assert not (ROOT / "build").exists()

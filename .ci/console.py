# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands quietly: a line for each, and all that it printed when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Failed(Exception):
    """A command failed; its text is what to show."""


def say(text: str) -> None:
    """Print a line at once."""
    # In one write, since several threads say something.
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command and return what it printed; raise Failed with that when it fails or takes longer (seconds)."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            check=False,
            cwd=cwd,
            encoding="utf-8",
            env=env,
            errors="replace",
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as slow:
        raise Failed(f"$ {' '.join(words)}\n(no end after {timeout} s)") from slow
    if done.returncode:
        raise Failed(f"$ {' '.join(words)}\n{done.stdout.rstrip()}\n(exit code {done.returncode})")
    return done.stdout


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a line for what is done inside: how it ended, how long it took."""
    began = time.monotonic()
    try:
        yield
    except Failed as failure:
        say(f"  FAILED  {time.monotonic() - began:5.1f} s  {title}\n{failure}")
        raise
    say(f"  ok      {time.monotonic() - began:5.1f} s  {title}")

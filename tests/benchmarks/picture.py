# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record a playbook on a terminal, and write the recording as an animated SVG."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import pyte
from emulator.environment import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/progress.svg"
WORLD = ROOT / "tests/emulator/worlds/fleet.yml"
COLUMNS, ROWS = 105, 20
# The number of frames and the length of the animation, which is shorter than the run.
FRAMES, SECONDS = 24, 16.0
WIDTH, HEIGHT = 8.43, 19
COLOURS = {"brown": "#e5c07b", "cyan": "#56b6c2", "green": "#98c379", "red": "#e06c75"}
PLAY = """
- name: Restart the servers
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/selfservice.aws.aws: {region: us-east-1}
  tasks:
    - name: Back up the orders database
      selfservice.aws.servicecatalog_service_action:
        provisioned_product_name: orders-db
        service_action_name: Backup
        wait: true
    - name: Restart a thousand servers, fifty at a time
      selfservice.aws.servicecatalog_service_action_bulk:
        search_query: [server]
        service_action_name: Restart
        max_concurrency: "50"
        max_errors: 5%
        return_results: problems
      register: restarts
    - name: Show which servers failed, and why
      ansible.builtin.debug:
        msg: "{{ restarts.results | map(attribute='msg') }}"
"""
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!--
Copyright (c) 2026, selfservice.aws contributors
GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
Written by `make bench ARGS=picture`.
-->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{label}">
<style>
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d7dae0; white-space: pre; }}
g {{ opacity: 0; animation: show {seconds}s step-end infinite; }}
g.still {{ opacity: 1; }}
@keyframes show {{ 0% {{ opacity: 1; }} {part:.4f}% {{ opacity: 0; }} }}
@media (prefers-reduced-motion) {{ g {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#21252b"/>
"""


def record_terminal(*command: str) -> list[tuple[float, list[str]]]:
    """Run a command on a terminal; return its screens as lines of SVG text, each with its time in seconds."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    screens: list[tuple[float, list[str]]] = []
    started = time.monotonic()
    environment = {**os.environ, "TERM": "xterm", "ANSIBLE_FORCE_COLOR": "true"}
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        # On Linux, reading from a closed terminal raises an error.
        with contextlib.suppress(OSError):
            while received := os.read(ours, 65536):
                stream.feed(received)
                screens.append((time.monotonic() - started, lines_of(screen)))
    if process.returncode:
        raise SystemExit("\n".join([*screen.display, f"It ended with {process.returncode}."]))
    return screens


def lines_of(screen: pyte.Screen) -> list[str]:
    """Return the rows of a screen as SVG text with colours."""
    rows = ([screen.buffer[row][column] for column in range(COLUMNS)] for row in range(ROWS))
    return ["".join(_run(colour, "".join(each.data for each in run)) for colour, run in _runs(row)) for row in rows]


def _runs(row: Sequence[pyte.screens.Char]) -> groupby:
    last = max((number for number, each in enumerate(row) if each.data.strip()), default=-1)
    return groupby(row[: last + 1], key=lambda each: each.fg)


def _run(colour: str, text: str) -> str:
    return f'<tspan fill="{COLOURS[colour]}">{escape(text)}</tspan>' if colour in COLOURS else escape(text)


def svg_of(screens: Sequence[tuple[float, list[str]]]) -> str:
    """Return the animation: screens at even intervals, the last one held longer, and one from the middle as a still."""
    end, last = screens[-1]
    held = FRAMES // 6
    moments = [end * number / (FRAMES - held) for number in range(FRAMES - held)]
    frames = [[lines for came, lines in screens if came <= max(moment, screens[0][0])][-1] for moment in moments]
    frames += [last] * held
    still = FRAMES // 2
    parts = [
        _HEAD.format(
            width=COLUMNS * WIDTH + 32,
            height=ROWS * HEIGHT + 24,
            label="ansible-playbook on a terminal: an action on a thousand targets, and those that failed",
            seconds=SECONDS,
            part=100 / FRAMES,
        )
    ]
    for number, lines in enumerate(frames):
        delay = SECONDS * number / FRAMES - SECONDS
        parts.append(f'<g{" class=still" if number == still else ""} style="animation-delay: {delay:.2f}s">\n')
        parts += [
            f'<text x="16" y="{HEIGHT * (row + 1) + 8}">{line}</text>\n' for row, line in enumerate(lines) if line
        ]
        parts.append("</g>\n")
    return "".join([*parts, "</svg>\n"]).replace("class=still", 'class="still"')


def main() -> None:
    """Write the picture, recorded with an emulator whose clock runs at ten times real time."""
    command = [sys.executable, "-m", "emulator", "--speed", "10", "--world", str(WORLD)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert emulator.stdout
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL=emulator.stdout.readline().strip())
        play = Path(folder) / "patch.yml"
        play.write_text(PLAY, encoding="utf-8")
        screens = record_terminal(str(Path(sys.executable).with_name("ansible-playbook")), str(play))
        emulator.terminate()
    PICTURE.write_text(svg_of(screens), encoding="utf-8")
    print(f"written: {PICTURE.relative_to(ROOT)}")

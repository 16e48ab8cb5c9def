# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's playbooks, called by their full names."""

from __future__ import annotations

from typing import Any, Callable

from emulator import Emulator


def test_the_demo_shows_what_it_says(run: Callable[..., Any], emulator: Emulator) -> None:
    done = run("ansible-playbook", "selfservice.aws.demo")
    assert done.code == 0, done.output
    assert "rescued=1" in done.output
    assert "[WARNING]" not in done.output
    for word in ("SUCCEEDED", "SnapshotId", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "AutomationExecutionFailed"):
        assert word in done.output
    assert sorted(record["Status"] for record in emulator.records()).count("FAILED") == 1
    assert len(emulator.records()) == 3

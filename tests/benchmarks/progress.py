# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of showing progress: a bulk task with the callback compared with one without it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from .bulk import BULK, play
from .figures import Figure, Finding
from .processes import emulator, fleet

ROUNDS = 11
ENABLED = "ANSIBLE_CALLBACKS_ENABLED=selfservice.aws.progress"


def measure() -> Iterator[Finding]:
    """Run the same bulk task on 1,000 targets with and without the callback, in turn."""
    task = {
        f"selfservice.aws.{BULK}": {"search_query": ["web"], "service_action_id": "act-1", "max_concurrency": "100"}
    }
    cpu_seconds: dict[bool, list[float]] = {True: [], False: []}
    lines = 0
    with emulator(fleet(1000, seconds=1.0)) as control:
        for number in range(ROUNDS + 1):
            # Alternate the order, since the second run may find warmer caches.
            for settings in ([], [ENABLED]) if number % 2 else ([ENABLED], []):
                control.reset()
                usage = play(control, task, *settings)
                cpu_seconds[bool(settings)].append(usage.cpu)
                lines = max(lines, usage.output.count("\nselfservice.aws: "))
    assert lines >= 2
    # The first round compiled the files and read them from disk.
    shown, silent = cpu_seconds[True][1:], cpu_seconds[False][1:]
    ratios = sorted(one / other for one, other in zip(shown, silent))
    yield Figure(
        "CPU of ansible-playbook and all its processes on 1,000 targets, with the callback over without it",
        min(shown) / min(silent),
        "times",
        bound=1.01,
        remark=f"The lowest of {ROUNDS} alternating rounds each, since other processes only add to it; the ratios of "
        f"single rounds are from {ratios[0]:.3f} to {ratios[-1]:.3f}, their median {statistics.median(ratios):.3f}",
    )

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that wait for records; module_utils/_arguments.py mirrors them."""

from __future__ import annotations


class ModuleDocFragment:
    """How long to wait for records, and how often to poll."""

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description:
      - How long to wait for a record to end, in seconds, from V(0) to V(7776000), which is 90 days. The record is
        polled one last time at the deadline.
      - A call that hangs extends this by at most 30 seconds. If the call that starts the action has not been answered
        by then, the action may still have been started.
      - When the time is up, the task fails, but the action continues. The failed task returns the record and says how
        to continue waiting.
    type: int
    default: 1800
  wait_delay:
    description:
      - Fixed polling interval, in seconds, more than V(0). After a poll that failed, the interval doubles, up to 30
        seconds.
      - If omitted, the interval is a tenth of the time waited so far, at least 2 and at most 30 seconds. Up to a tenth
        of it is subtracted at random, so that many tasks do not poll at the same moment.
    type: float
"""

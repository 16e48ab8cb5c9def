# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that wait for records; module_utils/_arguments.py mirrors them."""

from __future__ import annotations


class ModuleDocFragment:
    """How long to wait for records, and how often to look."""

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description:
      - How long to wait for a record to end, in seconds, from V(0) to V(7776000), which is 90 days. The last look is at
        the deadline.
      - A call that hangs adds at most 30 seconds, whatever it waits for. A start that has no response by then may have
        started.
      - When it passes, the task fails, but the action goes on. The failure returns the record and says how to go on
        waiting.
    type: int
    default: 1800
  wait_delay:
    description:
      - Fixed seconds between two looks at a record, more than V(0). After a look that failed, the pause doubles, up to
        30 seconds.
      - When absent, the pause grows with the time waited so far. It is a tenth of it, at least 2 and at most 30
        seconds, shortened by up to a tenth by chance, so that many tasks do not look at once.
    type: float
"""

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option of the modules that return a list; module_utils/_arguments.py mirrors it."""

from __future__ import annotations


class ModuleDocFragment:
    """How much of a listing to return."""

    DOCUMENTATION = r"""
options:
  limit:
    description:
      - The maximum number of results to return, from V(1) to V(1000000000).
    type: int
"""

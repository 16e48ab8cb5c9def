# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that list; module_utils/_arguments.py mirrors them."""

from __future__ import annotations


class ModuleDocFragment:
    """What a listing covers, and how much of it to read."""

    DOCUMENTATION = r"""
options:
  access_level:
    description:
      - Whose provisioned products or records to list. Those of the V(account), of the caller's V(role), or of the
        V(user) alone, as far as the caller may see them.
    type: str
    choices: [account, role, user]
    default: account
  limit:
    description:
      - How many results to return at most, V(1) or more.
    type: int
"""

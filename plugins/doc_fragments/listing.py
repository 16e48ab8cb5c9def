# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option of what lists products or records; module_utils/_arguments.py mirrors it."""

from __future__ import annotations


class ModuleDocFragment:
    """What a listing covers."""

    DOCUMENTATION = r"""
options:
  access_level:
    description:
      - Whose provisioned products or records to list. Those of the V(account), of the caller's V(role), or of the
        V(user) alone, as far as the caller may see them.
      - Without it, it is the widest of these that the caller may read, and a warning says so if that is not V(account).
        Finding out costs a call for each level that is denied.
      - IAM grants the levels by the condition keys C(servicecatalog:accountLevel), C(servicecatalog:roleLevel) and
        C(servicecatalog:userLevel), and a policy without them grants V(account). AWS' managed policy
        AWSServiceCatalogEndUserFullAccess grants V(user).
    type: str
    choices: [account, role, user]
"""

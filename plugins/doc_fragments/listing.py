# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option of everything that lists products or records; module_utils/_arguments.py mirrors it."""

from __future__ import annotations


class ModuleDocFragment:
    """Whose products or records a listing covers."""

    DOCUMENTATION = r"""
options:
  access_level:
    description:
      - Whose provisioned products or records to list, of those that the caller can see. V(account) lists those of the
        whole account, V(role) those of the caller's role, and V(user) those of the caller only.
      - If omitted, the widest level that the caller is allowed to read is used, with a warning if that is not
        V(account). Each level that is denied costs a call.
      - IAM policies grant these levels with the condition keys C(servicecatalog:accountLevel),
        C(servicecatalog:roleLevel) and C(servicecatalog:userLevel). A policy without such a condition grants
        V(account). The AWS managed policy AWSServiceCatalogEndUserFullAccess grants V(user).
    type: str
    choices: [account, role, user]
"""

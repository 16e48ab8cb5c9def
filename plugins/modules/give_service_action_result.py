#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: give_service_action_result
version_added: 1.0.0
short_description: Return the result of one host of the role run_service_action
description:
  - Returns the result of the provisioned product of the host, and fails if the action failed, timed out or was not
    started, unless failures are ignored.
  - This is an internal part of the role P(selfservice.aws.run_service_action#role); do not use it on its own. It is an
    action plugin that runs on the controller and needs no connection.
author:
  - selfservice.aws contributors (@selfservice-aws)
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying anything.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: none
"""

EXAMPLES = r"""
- name: Run an action with the role, which uses this module
  ansible.builtin.import_role:
    name: selfservice.aws.run_service_action
  vars:
    provisioned_product_name: orders-db
    run_service_action_service_action_name: Restart
"""

RETURN = r"""
outcome:
  description:
    - V(succeeded), V(failed), V(timed_out), V(not_started), V(started) without waiting, or V(would_start) in check
      mode.
    - The other keys are those of an item of RV(selfservice.aws.servicecatalog_service_action_bulk#module:results).
  returned: always
  type: str
change_id:
  description: The change id. If the role runs again with it, it resumes where it left off.
  returned: unless the role's run_once tasks were skipped
  type: raw
"""

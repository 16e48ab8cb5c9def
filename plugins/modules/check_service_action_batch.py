#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_service_action_batch
version_added: 1.0.0
short_description: Check a batch of the role run_service_action
description:
  - Fails if one task can't run the action on all hosts of the batch, for example if two hosts are the same product, or
    if the hosts are in several regions.
  - Generates the change id that all batches share, unless one is given.
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
targets:
  description:
    - The targets of the action, in the form of the bulk module's option. Empty if the batch is rejected.
    - If a sensitive value occurs in their parameters, Ansible does not show the result of the task.
  returned: always
  type: list
  elements: dict
refusal:
  description: Why the batch is rejected.
  returned: if the batch is rejected
  type: str
change_id:
  description: The change id. Null if the batch is rejected, and in check mode if none was given.
  returned: always
  type: raw
how_to_continue:
  description: How to continue the change. It is shown in the name of the task that runs the action.
  returned: always
  type: str
positions:
  description: The index of each host in RV(targets), by host name.
  returned: always
  type: dict
call:
  description: The id of this call of the role for this batch. It is the same for all of its hosts.
  returned: always
  type: str
series:
  description: The id of this call of the role in the play. It is the same for all batches, and differs between calls.
  returned: always
  type: str
calls:
  description: How many times the role has been called in the play so far, by the id of the play.
  returned: always
  type: dict
"""

#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: prepare_service_action
version_added: 1.0.0
short_description: Prepare a host for the role run_service_action
description:
  - Reads the variables of the role for the host, including those of the play, the task and the loop.
  - Finds out which provisioned product the host is, ignores empty options, applies types and defaults to the others,
    and marks the host as one that has reached this call of the role.
  - Fails with a strategy other than C(ansible.builtin.linear). If the host can't take part for another reason,
    RV(refusal) says why, and the whole batch fails.
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
call:
  description: The id of this call of the role. It is the same for all hosts, and differs between calls.
  returned: always
  type: str
target:
  description:
    - The provisioned product and its parameters, in the form of an item of the bulk module's targets.
    - If a sensitive value occurs in these parameters, Ansible does not show the result of the task.
  returned: always
  type: dict
options:
  description: The validated options of the host. They must be the same for all hosts of a batch.
  returned: always
  type: dict
secrets:
  description: A keyed hash of the sensitive parameters, with which hosts are compared.
  returned: always
  type: str
parameters:
  description: All parameters, with sensitive values masked.
  returned: always
  type: dict
has_secrets:
  description: Whether a sensitive value occurs in the parameters of RV(target).
  returned: always
  type: bool
refusal:
  description: Why the host can't take part. Null if it can.
  returned: always
  type: str
"""

#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: collect_service_action_results
version_added: 1.0.0
short_description: Collect the results of the role run_service_action
description:
  - Counts the outcomes of the hosts of the batch, decides whether the play continues with the next batch, and
    publishes counts and ids to an AWX workflow as C(set_stats) does.
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
ends:
  description: Whether the play ends for all hosts.
  returned: always
  type: bool
end:
  description: Why the play ends, for the messages of the failed hosts. Empty if the play continues.
  returned: always
  type: str
tasks:
  description: The task file that writes the report or ends the play. Empty if neither is needed.
  returned: always
  type: str
report:
  description: The contents of the report, for this batch and the earlier ones.
  returned: if a report is to be written
  type: dict
"""

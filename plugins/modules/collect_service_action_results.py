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
  - Tells apart what became of each host of the batch, decides whether the play goes on, and hands counts and ids to
    the workflow as C(set_stats) does.
  - It is a part of the role P(selfservice.aws.run_service_action#role), and of no use without it. It is an action
    plugin, runs on the controller, and needs no connection.
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
- name: Collect the results
  selfservice.aws.collect_service_action_results:
  register: run_service_action_results
  run_once: true
"""

RETURN = r"""
hosts:
  description:
    - The result of each host by its name, shaped like an item of
      RV(selfservice.aws.servicecatalog_service_action_bulk#module:results).
  returned: always
  type: dict
tasks:
  description: The file of tasks with which the role continues.
  returned: always
  type: str
last_tasks:
  description: The file of tasks that gives each host its result.
  returned: always
  type: str
report:
  description: What the report shows, of this batch and of those before.
  returned: if a report is to be written
  type: dict
"""

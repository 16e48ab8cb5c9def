#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: require_linear_strategy
version_added: 1.0.0
short_description: Fail unless the play has Ansible's strategy linear
description:
  - Fails on every host unless the play's strategy is C(ansible.builtin.linear) or one that is made from it, such as
    C(ansible.builtin.debug). Other strategies ignore C(run_once).
  - It is an action plugin. It runs on the controller and needs no connection.
  - The role P(selfservice.aws.run_service_action#role) begins with it.
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
- name: Fail before anything runs once for each host
  selfservice.aws.require_linear_strategy:
"""

RETURN = r"""
{}
"""

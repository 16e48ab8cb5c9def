# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: join_slices
version_added: 1.0.0
short_description: Join the artifacts of all slices of an AWX job
description:
  - In a workflow of AWX, the artifacts of a job are extra variables of the next nodes. The artifacts of all slices of a
    job have the same names, so the slice that ends last overwrites those of the others.
  - The role P(selfservice.aws.run_service_action#role) therefore also publishes each of its lists and numbers under a
    name with the id of the slice's job, such as C(run_service_action_4711_failed_hosts). This filter joins them for
    the next node.
  - The playbook C(selfservice.aws.check_slices) uses it, and fails if the action failed in any slice.
  - The filter joins the artifacts of all jobs of the workflow that ran the role before this node, including several
    sliced jobs, but not those that it has joined in an earlier node. A sliced job that repeats a failed one is
    therefore checked by itself.
  - If no name has the id of a job, it returns the values of the names without one. If these are missing too, or if an
    earlier node has joined the artifacts of all jobs, it fails.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - The variables of the node, C(hostvars[inventory_hostname]).
    type: dict
    required: true
notes:
  - A slice that was cancelled, or ran into the timeout of its job template, has no artifacts. Compare
    RV(_value.run_service_action_job_ids) with the expected number of slices.
"""

EXAMPLES = r"""
- name: Join the artifacts of the slices
  ansible.builtin.set_fact:
    joined: "{{ hostvars[inventory_hostname] | selfservice.aws.join_slices }}"

- name: Show the hosts that failed in any slice
  ansible.builtin.debug:
    msg: "Failed: {{ joined.run_service_action_failed_hosts | join(', ') }}"
  when: joined.run_service_action_failed_hosts | length > 0

- name: Publish the joined lists and numbers for the next nodes
  ansible.builtin.set_stats:
    data: "{{ joined }}"
    per_host: false
"""

RETURN = r"""
_value:
  description: The lists, joined in the order of the jobs' ids, and the sums of the numbers.
  type: dict
  contains:
    run_service_action_record_ids:
      description: The ids of all records.
      type: list
      elements: str
    run_service_action_remaining:
      description: The provisioned products on which the action was not started.
      type: list
      elements: str
    run_service_action_failed_hosts:
      description: The hosts on which the action failed, timed out or was not started.
      type: list
      elements: str
    run_service_action_succeeded:
      description: On how many hosts the action succeeded.
      type: int
    run_service_action_failed:
      description: On how many hosts the action failed.
      type: int
    run_service_action_timed_out:
      description: On how many hosts the action had not ended in time.
      type: int
    run_service_action_not_started:
      description: On how many hosts the action was not started.
      type: int
    run_service_action_started:
      description: On how many hosts the action was started without waiting for its end.
      type: int
    run_service_action_would_start:
      description: On how many hosts the action would start, in check mode.
      type: int
    run_service_action_job_ids:
      description:
        - The ids of the jobs whose artifacts were joined, in ascending order. Empty if no name has an id.
        - In AWX, the list is also returned under a name with the id of this node's job, such as
          C(run_service_action_4713_job_ids). If it is published, the filter ignores these jobs in later nodes.
      type: list
      elements: int
"""

import re
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.plugin_utils._role.results import statistics

PREFIX = "run_service_action_"
JOB_IDS = "job_ids"


def join_slices(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lists and numbers of all jobs that were not joined before, under the names without a job id."""
    jobs, joined_before = _find_jobs(variables)
    job_ids = sorted(jobs - joined_before)
    # The statistics of a run without hosts: empty lists and zeros.
    joined = statistics({}, None)
    if not job_ids and (jobs or not joined.keys() & set(variables)):
        raise AnsibleFilterError(
            f"No earlier job of the workflow has artifacts named {PREFIX}…, or an earlier check has read them all. The"
            " role run_service_action publishes them, unless its job is cancelled or times out. Check the job of the"
            " node before this one."
        )
    for prefix in [f"{PREFIX}{job_id}_" for job_id in job_ids] or [PREFIX]:
        for name, nothing in statistics({}, None).items():
            joined[name] += variables.get(prefix + name.removeprefix(PREFIX), nothing)
    if "awx_job_id" in variables:
        # No other node overwrites this name, so later nodes get the lists of all nodes before them.
        joined[f"{PREFIX}{variables['awx_job_id']}_{JOB_IDS}"] = job_ids
    return {**joined, f"{PREFIX}{JOB_IDS}": job_ids}


def _find_jobs(variables: Mapping[str, Any]) -> tuple[set[int], set[int]]:
    """Return the ids of the jobs that have published artifacts, and of those that earlier nodes have joined."""
    found = [match for name in variables if (match := re.match(rf"{PREFIX}(\d+)_(.*)", name))]
    jobs = {int(match[1]) for match in found if match[2] != JOB_IDS}
    return jobs, {job_id for match in found if match[2] == JOB_IDS for job_id in variables[match[0]]}


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"join_slices": join_slices}

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: report
version_added: 1.0.0
short_description: Summarize the results of a service action for a report
description:
  - Counts the outcomes of an action on provisioned products, adds the duration for each, and sorts the results so that
    those that need attention come first.
  - The role P(selfservice.aws.run_service_action#role) uses it to write its report as HTML and JSON.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - Results as P(selfservice.aws.servicecatalog_service_action_bulk#module) returns them. Each may also have a
        C(host), and the C(parameters) that were sent for it.
    type: list
    elements: dict
    required: true
  context:
    description:
      - What else is known about the run. All of it is optional. The strings C(change_id), C(service_action_id),
        C(service_action_name), C(region), C(account), C(run_by), C(awx_job_id), C(awx_job_url), C(max_errors) and
        C(msg) are passed on.
      - C(region) and C(account) default to those of C(arn), the ARN of any of the provisioned products. C(run_by)
        defaults to the local user if C(awx_job_id) is not given.
      - C(check_mode) is a boolean. C(started) and C(ended) are times in ISO 8601 format. They default to the creation
        of the first record and the last update of a record.
      - C(parameters) are those of the whole run. They default to those that are the same in all results. The values of
        C(sensitive_parameters) are masked wherever they occur in the parameters.
    type: dict
    default: {}
positional: _input, context
"""

EXAMPLES = r"""
- name: Restart databases
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_names: [orders-db]
    service_action_name: Restart
    change_id: CHG-4711
  register: restarts

- name: Show how it ended in words
  ansible.builtin.debug:
    msg: "{{ (restarts.results | selfservice.aws.report({'change_id': restarts.change_id})).summary }}"
"""

RETURN = r"""
_value:
  description:
    - What is known of the run from O(context), with its C(parameters), C(started), C(ended) and C(duration).
    - C(counts) by outcome, and in C(summary) the same in words. C(changed) counts the actions that this run started,
      C(earlier) those that earlier runs of the change started.
    - C(results), a dict for each provisioned product.
    - Times are ISO 8601 in UTC. Durations are in words; those that end in C(_seconds) are numbers.
  type: dict
"""

import getpass
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.selfservice.aws.plugins.plugin_utils._report import report as report_data


def report(results: Iterable[Mapping[str, Any]], context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the data of a report on the results of the bulk module."""
    given = dict(context or {})
    if not (given.get("run_by") or given.get("awx_job_id")):
        given["run_by"] = _local_user()
    return report_data(results, given)


def _local_user() -> str | None:
    """Return the name of the local user, or None in a container whose user has no name."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return None


class FilterModule:
    """The entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"report": report}

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: execute_token
version_added: 1.0.0
short_description: The idempotency token that a bulk task makes for one target
description:
  - Makes the token that M(selfservice.aws.servicecatalog_service_action_bulk) makes for a target of the same seed,
    service action and parameters. A single task with it and a bulk task find the same record, and nothing runs twice.
  - The role P(selfservice.aws.run_service_action#role) does that with its change.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  _input:
    description:
      - The seed, the O(selfservice.aws.servicecatalog_service_action_bulk#module:execute_token) of the bulk task.
    type: str
    required: true
  provisioned_product_id:
    description:
      - The id of the target.
    type: str
    required: true
  service_action_id:
    description:
      - The id of the service action.
    type: str
    required: true
  parameters:
    description:
      - The parameters of the action.
    type: dict
    default: {}
  sensitive_parameters:
    description:
      - The sensitive parameters of the action. Only their names count, since a short secret could be guessed from its
        hash.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Run the action on one target again, as a part of a change
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_id: pp-orders0000001
    service_action_id: act-restart000001
    parameters:
      Mode: graceful
    execute_token: >-
      {{ 'change-4711' | selfservice.aws.execute_token(provisioned_product_id='pp-orders0000001',
         service_action_id='act-restart000001', parameters={'Mode': 'graceful'}) }}
"""

RETURN = r"""
_value:
  description: The token, 64 characters.
  type: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import derive_token
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput


def execute_token(
    seed: str,
    *,
    provisioned_product_id: str,
    service_action_id: str,
    parameters: Mapping[str, Any] | None = None,
    sensitive_parameters: Mapping[str, Any] | None = None,
) -> str:
    """Return the token of a target."""
    try:
        secrets = to_parameters(sensitive_parameters, "sensitive_parameters")
        sent = {**to_parameters(parameters, "parameters"), **secrets}
    except InvalidInput as error:
        raise AnsibleFilterError(str(error)) from error
    ids = (str(provisioned_product_id), str(service_action_id))
    return derive_token(str(seed), *ids, parameters=sent, secret_names=secrets)


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"execute_token": execute_token}

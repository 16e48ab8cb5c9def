#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_service_action_info
version_added: 1.0.0
short_description: List AWS Service Catalog service actions and their parameters
description:
  - Lists the service actions of a provisioned product, with their parameters and the defaults of these, or the service
    actions of a provisioning artifact. End users are allowed to do this.
  - Describes one service action with its definition. Only administrators are allowed to do this.
  - If the product, the artifact or the action is not found, the list is empty, with a warning. For a provisioned
    product, the warning names the visible ones.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_id:
    description:
      - The id of the provisioned product whose actions to list.
      - Exactly one of O(provisioned_product_id), O(provisioned_product_name), O(provisioning_artifact_id) and
        O(service_action_id) is required.
    type: str
  provisioned_product_name:
    description:
      - The name of the provisioned product whose actions to list.
    type: str
  product_id:
    description:
      - The id of the product to which O(provisioning_artifact_id) belongs.
    type: str
  provisioning_artifact_id:
    description:
      - The id of the provisioning artifact whose actions to list, together with O(product_id).
    type: str
  service_action_id:
    description:
      - The id of the service action to describe with its definition.
      - Requires the permission C(servicecatalog:DescribeServiceAction), which the AWS managed policy
        AWSServiceCatalogEndUserFullAccess does not grant.
    type: str
extends_documentation_fragment:
  - selfservice.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - The module only reads.
  diff_mode:
    support: none
notes:
  - Tested against an emulator of the service only, never against AWS.
seealso:
  - module: selfservice.aws.servicecatalog_service_action
"""

EXAMPLES = r"""
- name: List the service actions of a database
  selfservice.aws.servicecatalog_service_action_info:
    provisioned_product_name: orders-db
  register: offered

- name: Show the actions and the names of their parameters
  ansible.builtin.debug:
    msg: "{{ item.name }} takes {{ item.parameters | map(attribute='name') | join(', ') }}"
  loop: "{{ offered.service_actions }}"
  loop_control:
    label: "{{ item.name }}"

- name: List the actions of a version of a product
  selfservice.aws.servicecatalog_service_action_info:
    product_id: prod-database00001
    provisioning_artifact_id: pa-database00001

- name: Look up which document an action runs (for administrators)
  selfservice.aws.servicecatalog_service_action_info:
    service_action_id: act-restart000001
"""

RETURN = r"""
service_actions:
  description: The service actions, in the order of the service. Members that the service did not return are null.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the service action.
      type: str
      sample: act-restart000001
    name:
      description: The name of the service action.
      type: str
      sample: Restart
    description:
      description: The description of the service action.
      type: str
    definition_type:
      description: The type of the definition, which is always V(SSM_AUTOMATION).
      type: str
    parameters:
      description:
        - The parameters that the action takes on the provisioned product. Null without O(provisioned_product_id) or
          O(provisioned_product_name).
      type: list
      elements: dict
      contains:
        name:
          description: The name of the parameter.
          type: str
          sample: TARGET
        type:
          description: The type of the parameter, as the service returns it.
          type: str
        default_values:
          description: The values that take effect if the parameter is omitted.
          type: list
          elements: str
    definition:
      description: What the action runs. Null without O(service_action_id).
      type: dict
      contains:
        name:
          description: The name or ARN of the Systems Manager document.
          type: str
          sample: AWS-RestartEC2Instance
        version:
          description: The version of the document.
          type: str
        assume_role:
          description: The role that runs the document. V(LAUNCH_ROLE) means the launch role of the product.
          type: str
        parameters:
          description: The parameters of the document, as the action sets them.
          type: list
          elements: dict
error:
  description: The error that the service returned. Null if it returned none.
  returned: failure, unless the arguments are invalid
  type: dict
  contains:
    code:
      description: The error code.
      type: str
    message:
      description: The error message.
      type: str
response_metadata:
  description: Identifies the response with the error, for AWS Support. Null if there is none.
  returned: failure, unless the arguments are invalid
  type: dict
  contains:
    http_status_code:
      description: The HTTP status.
      type: int
    request_id:
      description: The id of the request.
      type: str
    retry_attempts:
      description: The number of retries that botocore made.
      type: int
"""

from typing import Callable, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action.lookup import find_provisioned_product
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import NotFound, SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import mask
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors, results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import (
    ExecutionParameter,
    Reference,
)

_TARGETS = ("provisioned_product_id", "provisioned_product_name", "provisioning_artifact_id", "service_action_id")

T = TypeVar("T")


def list_service_actions(task: Task) -> None:
    """List the service actions that match the options."""
    _arguments.check_one_given(task.params, _TARGETS)
    _arguments.check_identifiers(task.params)
    try:
        task.result["service_actions"] = _list(task)
    except NotFound as error:
        task.result["service_actions"] = []
        task.warn(str(error))


def _list(task: Task) -> list[dict]:
    params, service = task.params, task.service
    if action_id := params["service_action_id"]:
        detail = _read(f"service action {action_id}", lambda: service.describe_service_action(action_id))
        return [results.service_action_detail(detail)]
    if artifact_id := params["provisioning_artifact_id"]:
        listed = service.list_service_actions_for_provisioning_artifact(params["product_id"], artifact_id)
        summaries = _read(f"provisioning artifact {artifact_id} of {params['product_id']}", lambda: list(listed))
        return [results.service_action(summary) for summary in summaries]
    target = Reference(params["provisioned_product_id"], params["provisioned_product_name"])
    return _of_product(service, find_provisioned_product(service, target))


def _read(what: str, read: Callable[[], T]) -> T:
    """Call `read` and return its result; raise NotFound if the service does not know `what`."""
    try:
        return read()
    except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
        if not errors.is_not_found(error):
            raise
        raise NotFound(f"There is no {what} that these credentials can see: {errors.describe_error(error)}.") from error


def _of_product(service: ServiceCatalog, product: dict) -> list[dict]:
    artifact = (product["ProductId"], product["ProvisioningArtifactId"])
    return [
        results.service_action(summary, _definitions(service, product["Id"], summary))
        for summary in service.list_service_actions_for_provisioning_artifact(*artifact)
    ]


def _definitions(service: ServiceCatalog, product_id: str, action: dict) -> list[ExecutionParameter]:
    try:
        return service.describe_service_action_execution_parameters(product_id, action["Id"])
    except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
        name = f"{mask(action.get('Name'))} ({action['Id']})"
        text = f"The parameters of the service action {name} can't be read: {errors.describe_error(error)}."
        raise SelfServiceError(text, **errors.error_facts(error)) from error


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={option: {"type": "str"} for option in (*_TARGETS, "product_id")},
        required_one_of=[_TARGETS],
        mutually_exclusive=[_TARGETS],
        required_together=[("product_id", "provisioning_artifact_id")],
        supports_check_mode=True,
    )
    run(module, list_service_actions)


if __name__ == "__main__":
    main()

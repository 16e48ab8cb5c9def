# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A minimal module that starts a service action, built as amazon.aws's modules are, for comparison."""

from __future__ import annotations

import uuid

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.transformation import boto3_resource_to_ansible_dict


def main() -> None:
    """Make the one call and return its record."""
    ids = ("provisioned_product_id", "service_action_id")
    module = AnsibleAWSModule(argument_spec={name: {"type": "str", "required": True} for name in ids})
    client = module.client("servicecatalog", retry_decorator=AWSRetry.jittered_backoff())
    answer = client.execute_provisioned_product_service_action(
        aws_retry=True,
        ProvisionedProductId=module.params["provisioned_product_id"],
        ServiceActionId=module.params["service_action_id"],
        ExecuteToken=str(uuid.uuid4()),
    )
    detail = boto3_resource_to_ansible_dict(answer["RecordDetail"])
    module.exit_json(changed=True, record_detail=detail)


if __name__ == "__main__":
    main()

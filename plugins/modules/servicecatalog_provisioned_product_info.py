#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_provisioned_product_info
version_added: 1.0.0
short_description: List AWS Service Catalog provisioned products
description:
  - Lists provisioned products by id, by name, by a search, by tags, or all that the caller can see, with the API call
    C(SearchProvisionedProducts).
  - The oldest product comes first. The service can't sort by the time of creation, so the module reads all pages, even
    with O(limit).
  - Products that are not found are omitted, so the list may be empty.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_ids:
    description:
      - The ids of the provisioned products. They are returned in this order. Each id costs one API call.
    type: list
    elements: str
    aliases: [provisioned_product_id]
  provisioned_product_names:
    description:
      - The names of the provisioned products. They are returned in this order. Each name costs one API call.
    type: list
    elements: str
    aliases: [provisioned_product_name]
  search_query:
    description:
      - The search terms, in the syntax of the service's C(SearchQuery), such as V(productName:database) or a single
        word.
      - The fields are V(arn), V(createdTime), V(id), V(lastRecordId), V(idempotencyToken), V(name), V(physicalId),
        V(productId), V(productName), V(provisioningArtifactId), V(provisioningArtifactName), V(type), V(status),
        V(tags), V(userArn), V(userArnSession), V(lastProvisioningRecordId) and V(lastSuccessfulProvisioningRecordId).
      - AWS does not document how the service combines several terms.
    type: list
    elements: str
  tags:
    description:
      - List only provisioned products that have all these tags, with exactly these keys and values. Keys and values are
        case-sensitive.
      - A value is a string or an integer. An empty dictionary matches all products.
      - The service's search can't match tags exactly, so the module reads all products that O(search_query) finds, or
        all products without it, and compares the tags itself.
    type: dict
  outputs:
    description:
      - Whether to read the outputs of each product, such as the endpoint of a database, with the API call
        C(GetProvisionedProductOutputs). Each product costs one API call.
      - Requires the permission C(servicecatalog:GetProvisionedProductOutputs), which the AWS managed policy
        AWSServiceCatalogEndUserFullAccess may not grant.
    type: bool
    default: false
  details:
    description:
      - Whether to read the launch role and the CloudWatch dashboards of each product, which a search does not return,
        with the API call C(DescribeProvisionedProduct). Each product costs one API call.
    type: bool
    default: false
extends_documentation_fragment:
  - selfservice.aws.listing
  - selfservice.aws.limit
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
  - module: selfservice.aws.servicecatalog_service_action_info
"""

EXAMPLES = r"""
- name: List the databases of a team
  selfservice.aws.servicecatalog_provisioned_product_info:
    search_query:
      - tags:orders
  register: databases

- name: Show their names and statuses
  ansible.builtin.debug:
    msg: "{{ item.name }} ({{ item.id }}) is {{ item.status }}"
  loop: "{{ databases.provisioned_products }}"
  loop_control:
    label: "{{ item.name }}"

- name: Get one product
  selfservice.aws.servicecatalog_provisioned_product_info:
    provisioned_product_name: orders-db

- name: Find the production databases of a team by their tags, with their outputs
  selfservice.aws.servicecatalog_provisioned_product_info:
    search_query:
      - productName:Database
    tags:
      team: orders
      env: prod
    outputs: true
  register: production

- name: Show where to connect to them
  ansible.builtin.debug:
    msg: "{{ item.name }} is at {{ item.outputs.Endpoint }}:{{ item.outputs.Port }}"
  loop: "{{ production.provisioned_products }}"
  loop_control:
    label: "{{ item.name }}"

- name: List the ten oldest products of the caller
  selfservice.aws.servicecatalog_provisioned_product_info:
    access_level: user
    limit: 10
"""

RETURN = r"""
provisioned_products:
  description:
    - The provisioned products, oldest first, or in the order of the given ids or names. Members that the service did
      not return are null.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the provisioned product.
      type: str
      sample: pp-orders0000001
    name:
      description: The name of the provisioned product.
      type: str
      sample: orders-db
    arn:
      description: The ARN of the provisioned product.
      type: str
    type:
      description: V(CFN_STACK), V(CFN_STACKSET), V(TERRAFORM_OPEN_SOURCE), V(TERRAFORM_CLOUD) or V(EXTERNAL).
      type: str
    status:
      description: V(AVAILABLE), V(UNDER_CHANGE), V(TAINTED), V(ERROR) or V(PLAN_IN_PROGRESS).
      type: str
    status_message:
      description: The message of the service about the status.
      type: str
    created_time:
      description: When the product was provisioned, in UTC.
      type: str
      sample: "2026-11-22T22:39:38.120000+00:00"
    tags:
      description: The tags. The keys keep their case.
      type: dict
    physical_id:
      description: The physical id, such as the ARN of the stack.
      type: str
    product_id:
      description: The id of the product.
      type: str
    product_name:
      description: The name of the product.
      type: str
    provisioning_artifact_id:
      description: The id of the provisioning artifact.
      type: str
    provisioning_artifact_name:
      description: The name of the provisioning artifact.
      type: str
    user_arn:
      description: The ARN of the user who provisioned the product.
      type: str
    user_arn_session:
      description: The ARN of that user's session.
      type: str
    last_record_id:
      description: The id of the last record of the product.
      type: str
    last_provisioning_record_id:
      description: The id of the last record that provisioned or updated the product.
      type: str
    last_successful_provisioning_record_id:
      description: The id of the last such record that succeeded.
      type: str
    idempotency_token:
      description: The token with which the product was provisioned.
      type: str
    launch_role_arn:
      description: The ARN of the role that the product is launched with. Null without O(details).
      type: str
    cloud_watch_dashboards:
      description: The CloudWatch dashboards of the product. Null without O(details).
      type: list
      elements: dict
      contains:
        name:
          description: The name of the dashboard.
          type: str
    outputs:
      description:
        - The outputs of the product's last successful provisioning. The keys keep their case.
        - Null without O(outputs). Null with a warning if the product was never provisioned successfully, or has been
          terminated in the meantime.
      type: dict
      sample: {"Endpoint": "orders.db.example.com", "Port": "5432"}
    output_list:
      description:
        - The same outputs as a list, in the order of the service, with their descriptions. Null if
          RV(provisioned_products[].outputs) is null.
      type: list
      elements: dict
      contains:
        key:
          description: The key of the output. Several outputs may have the same key.
          type: str
          sample: Endpoint
        value:
          description: The value of the output.
          type: str
          sample: orders.db.example.com
        description:
          description: The description of the output.
          type: str
          sample: The address of the database
total_results_count:
  description:
    - The number of products that the search found, as the service returns it. O(tags) and O(limit) are not taken into
      account.
    - Null with ids or names, each of which is a search of its own, and if the service did not return it.
  returned: success
  type: int
  sample: 5
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

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import mask
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors, levels, results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.history import oldest_first
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.tags import check_tags, with_tags
from ansible_collections.selfservice.aws.plugins.module_utils._threads import run_all

# The number of products that a warning names.
_MOST_NAMED = 10
# The number of threads that read outputs and details.
_READERS = 10
# The attributes that a search does not return.
_DETAILS = ("launch_role_arn", "cloud_watch_dashboards")


def list_provisioned_products(task: Task) -> None:
    """List the provisioned products that match the options."""
    _arguments.check_identifiers(task.params)
    _arguments.check_limit(task.params)
    tags, totals = check_tags(task.params["tags"]), [None]
    found = islice(with_tags(_found(task, totals.append), tags), task.params["limit"])
    task.result["provisioned_products"] = [results.provisioned_product_item(attribute) for attribute in found]
    task.levels.warn(levels.SEARCH, task.warn)
    task.result["total_results_count"] = totals[-1]
    if task.params["details"]:
        _add_details(task, task.result["provisioned_products"])
    if task.params["outputs"]:
        _add_outputs(task, task.result["provisioned_products"])


def _found(task: Task, on_total: Callable[[Any], None]) -> Iterator[dict[str, Any]]:
    params = task.params
    ids, names = params["provisioned_product_ids"], params["provisioned_product_names"]
    if ids is None and names is None:
        found = task.service.search_provisioned_products(params["search_query"] or [], on_total=on_total)
        return iter(oldest_first(found))
    field, wanted = ("id", ids) if names is None else ("name", names)
    return chain.from_iterable(_exactly(task, field, value) for value in wanted)


def _exactly(task: Task, field: str, value: str) -> Iterator[dict[str, Any]]:
    # One search for each value, because AWS does not document how several terms are combined. It may match more
    # than the exact value.
    found = task.service.search_provisioned_products([f"{field}:{value}"])
    return (attribute for attribute in found if attribute.get(field.capitalize()) == value)


def _add_details(task: Task, products: list[dict[str, Any]]) -> None:
    """Add the attributes that only DescribeProvisionedProduct returns; skip products deleted in the meantime."""
    service = task.bulk_service(_READERS)

    def read(product: dict[str, Any]) -> None:
        try:
            detail = results.provisioned_product(service.describe_provisioned_product(Id=product["id"]))
            product.update({name: detail.get(name) for name in _DETAILS})
        except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
            if not errors.is_not_found(error):
                raise

    run_all(read, products, _READERS)


def _add_outputs(task: Task, products: list[dict[str, Any]]) -> None:
    """Add the outputs of each product, with one call each; name products without readable outputs in one warning."""
    service, found = task.bulk_service(_READERS), dict[str, str]()

    def read(product: dict[str, Any]) -> None:
        name = f"{mask(product['name'])} ({product['id']})"
        try:
            outputs = list(service.get_provisioned_product_outputs(product["id"]))
            product.update(outputs=results.record_outputs(outputs), output_list=results.output_list(outputs))
        except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
            text = errors.describe_error(error)
            if not (errors.is_not_found(error) or errors.code_of(error) in errors.INVALID):
                facts = errors.error_facts(error)
                raise SelfServiceError(f"The outputs of {name} can't be read: {text}.", **facts) from error
            # The product was deleted, or was never provisioned successfully.
            found[product["id"]] = f"{name}: {text}"

    run_all(read, products, _READERS)
    unread = [found[product["id"]] for product in products if product["id"] in found]
    if unread:
        more = f"; and {len(unread) - _MOST_NAMED} more" if len(unread) > _MOST_NAMED else ""
        task.warn(f"No outputs can be read of {'; '.join(unread[:_MOST_NAMED])}{more}.")


def main() -> None:
    products = ("provisioned_product_ids", "provisioned_product_names")
    module = AnsibleAWSModule(
        argument_spec={
            **{each: {"type": "list", "elements": "str", "aliases": [each[:-1]]} for each in products},
            "search_query": {"type": "list", "elements": "str"},
            "tags": {"type": "dict"},
            "outputs": {"type": "bool", "default": False},
            "details": {"type": "bool", "default": False},
            **_arguments.listing(),
            **_arguments.limit(),
        },
        mutually_exclusive=[(*products, "search_query"), *((each, "tags") for each in products)],
        supports_check_mode=True,
    )
    run(module, list_provisioned_products)


if __name__ == "__main__":
    main()

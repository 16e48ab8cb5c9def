#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_record_info
version_added: 1.0.0
short_description: Look up AWS Service Catalog records
description:
  - Returns records by their ids, with their outputs. Service actions have records, and so has everything else that was
    done to a provisioned product.
  - Without ids, lists the history of records, newest first, optionally of one product, one provisioned product, some
    statuses, or since a time.
  - Records that are not found are omitted, so the list may be empty.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  record_ids:
    description:
      - The ids of the records. They are returned in this order, with their outputs.
    type: list
    elements: str
    aliases: [record_id]
  provisioned_product_id:
    description:
      - List only records of the provisioned product with this id.
    type: str
  provisioned_product_name:
    description:
      - List only records of the provisioned product with this name, which costs one more API call. If the name is not
        found, the list is empty, and a warning names the visible products.
    type: str
  product_id:
    description:
      - List only records of provisioned products of this product.
    type: str
  status:
    description:
      - List only records with one of these statuses. An empty list matches all statuses.
    type: list
    elements: str
    choices: [CREATED, IN_PROGRESS, IN_PROGRESS_IN_ERROR, SUCCEEDED, FAILED]
  since:
    description:
      - List only records created at this time or later. The time is in ISO 8601 format, such as V(2026-11-22) or
        V(2026-11-22T06:00:00Z), and in UTC if it has no offset.
    type: str
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
  - AWS does not document the order of the history. The module stops early only if at least one full page was read and
    all records so far came newest first. Otherwise it reads the whole history.
seealso:
  - module: selfservice.aws.servicecatalog_record_wait
"""

EXAMPLES = r"""
- name: List the records that failed since a day
  selfservice.aws.servicecatalog_record_info:
    status: FAILED
    since: "2026-11-22"
  register: failures

- name: List the records of a database that are still running
  selfservice.aws.servicecatalog_record_info:
    provisioned_product_name: orders-db
    status: [CREATED, IN_PROGRESS, IN_PROGRESS_IN_ERROR]

- name: Get the last record of a database
  selfservice.aws.servicecatalog_record_info:
    provisioned_product_id: pp-orders0000001
    limit: 1
  register: last

- name: Get its outputs
  selfservice.aws.servicecatalog_record_info:
    record_ids: "{{ last.records | map(attribute='record_detail.record_id') }}"
"""

RETURN = r"""
records:
  description: The records, newest first, or in the order of the given ids.
  returned: success
  type: list
  elements: dict
  contains:
    record_detail:
      description:
        - The record as last read, with all members of RecordDetail. Members that the service did not return are null.
      type: dict
      contains:
        record_id:
          description: The id of the record.
          type: str
          sample: rec-abcd1234wxyz5
        status:
          description: V(CREATED), V(IN_PROGRESS), V(IN_PROGRESS_IN_ERROR), V(SUCCEEDED) or V(FAILED).
          type: str
          sample: SUCCEEDED
        created_time:
          description: When the record was created, in UTC.
          type: str
          sample: "2026-11-22T22:39:38.120000+00:00"
        updated_time:
          description: When the record last changed, in UTC.
          type: str
          sample: "2026-11-22T22:39:58.120000+00:00"
        record_type:
          description: The type of the record, as the service returns it.
          type: str
        record_errors:
          description:
            - The errors of the record. A failed record may have none; its outputs then often explain the failure.
          type: list
          elements: dict
          contains:
            code:
              description: The error code.
              type: str
            description:
              description: The error message.
              type: str
        record_tags:
          description: The tags of the record. The keys keep their case.
          type: dict
        provisioned_product_id:
          description: The id of the provisioned product.
          type: str
          sample: pp-orders0000001
        provisioned_product_name:
          description: The name of the provisioned product.
          type: str
          sample: orders-db
        provisioned_product_type:
          description: The type of the provisioned product.
          type: str
          sample: CFN_STACK
        product_id:
          description: The id of the product.
          type: str
        provisioning_artifact_id:
          description: The id of the provisioning artifact.
          type: str
        path_id:
          description: The id of the launch path.
          type: str
        launch_role_arn:
          description: The ARN of the launch role.
          type: str
    record_outputs:
      description: The outputs of the record, with O(record_ids). Empty in a history, which has none.
      type: dict
      sample: {"SnapshotId": "snap-0123456789abcdef0"}
    record_output_list:
      description: The same outputs as a list, in the order of the service. Several outputs may have the same key.
      type: list
      elements: dict
      contains:
        key:
          description: The key of the output.
          type: str
          sample: SnapshotId
        value:
          description: The value of the output. Null if it has none.
          type: str
          sample: snap-0123456789abcdef0
        description:
          description: The description of the output. Null if it has none.
          type: str
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

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action.lookup import find_provisioned_product
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import NotFound
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import levels, results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.errors import SERVICE_ERRORS, is_not_found
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.history import RecordFilter, newest_first
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Record, Reference


def look_up_records(task: Task) -> None:
    """Return the records with the given ids, or those of the history that match the options."""
    _arguments.check_identifiers(task.params)
    _arguments.check_limit(task.params)
    ids = task.params["record_ids"]
    try:
        records = _history(task) if ids is None else [found for each in ids for found in _by_id(task, each)]
    except NotFound as error:
        task.warn(str(error))
        records = []
    task.result["records"] = [results.record(record) for record in records[: task.params["limit"]]]


def _by_id(task: Task, record_id: str) -> list[Record]:
    try:
        detail, outputs = task.service.describe_record(record_id)
        return [Record(detail, list(outputs))]
    except SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
        if not is_not_found(error):
            raise
        return []


def _history(task: Task) -> list[Record]:
    params = task.params
    since = _arguments.parse_time("since", params["since"]) if params["since"] else None
    provisioned_product_id = params["provisioned_product_id"]
    if name := params["provisioned_product_name"]:
        provisioned_product_id = find_provisioned_product(task.service, Reference(name=name))["Id"]
    wanted = RecordFilter(provisioned_product_id, params["product_id"], params["status"] or (), since)
    pages = task.service.list_record_history(search_filter=wanted.search_filter)
    records = [Record(detail) for detail in newest_first(pages, wanted, params["limit"])]
    task.levels.warn(levels.HISTORY, task.warn)
    return records


def main() -> None:
    products = ("provisioned_product_id", "provisioned_product_name")
    statuses = ["CREATED", "IN_PROGRESS", "IN_PROGRESS_IN_ERROR", "SUCCEEDED", "FAILED"]
    history = {
        **{option: {"type": "str"} for option in (*products, "product_id", "since")},
        "status": {"type": "list", "elements": "str", "choices": statuses},
    }
    record_ids = {"type": "list", "elements": "str", "aliases": ["record_id"]}
    module = AnsibleAWSModule(
        argument_spec={"record_ids": record_ids, **history, **_arguments.listing(), **_arguments.limit()},
        mutually_exclusive=[products, *(("record_ids", option) for option in history)],
        supports_check_mode=True,
    )
    run(module, look_up_records)


if __name__ == "__main__":
    main()

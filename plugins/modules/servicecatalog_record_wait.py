#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_record_wait
version_added: 1.0.0
short_description: Wait for AWS Service Catalog records to end
description:
  - Waits until the given records, or the newest record of a provisioned product, have ended, no matter what created
    them. The module only reads.
  - All records are polled together. The module reads pages of the record history where that costs fewer API calls than
    reading each record.
  - If you start an action in one task and wait for it in the next one, the record id is known even if the wait is
    cancelled.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  record_ids:
    description:
      - The ids of the records.
      - Exactly one of O(record_ids), O(provisioned_product_id) and O(provisioned_product_name) is required.
      - In check mode, null and empty ids are ignored, because a start in check mode creates no record.
      - A new record may not be visible at once. An id that the service does not know is therefore retried for 30
        seconds before it counts as a failure.
    type: list
    elements: raw
    aliases: [record_id]
  provisioned_product_id:
    description:
      - Wait for the newest record of the provisioned product with this id, no matter what created it. This is the
        product's last record when the task begins; the module does not wait for later ones.
      - The task fails if the product has no record. In check mode, it succeeds.
    type: str
  provisioned_product_name:
    description:
      - Wait for the newest record of the provisioned product with this name, as with O(provisioned_product_id).
    type: str
  sensitive_parameters:
    description:
      - The secret parameters that the actions were started with. They are not sent. Their values are masked in the
        results, in case the service returns them.
    type: dict
extends_documentation_fragment:
  - selfservice.aws.waiting
  - selfservice.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - The module only reads, so it waits in check mode, too. Null and empty ids are ignored; if no id is left, the
        task succeeds.
  diff_mode:
    support: none
notes:
  - Tested against an emulator of the service only, never against AWS.
seealso:
  - module: selfservice.aws.servicecatalog_service_action
"""

EXAMPLES = r"""
- name: Start an action
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: Backup
  register: backup

- name: Wait for its record
  selfservice.aws.servicecatalog_record_wait:
    record_ids:
      - "{{ backup.record_detail.record_id }}"
    wait_timeout: 3600

- name: Wait for the newest record of a database
  selfservice.aws.servicecatalog_record_wait:
    provisioned_product_name: orders-db
"""

RETURN = r"""
records:
  description: The records in the given order, as last read.
  returned: unless the arguments are invalid
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
      description: The outputs of the record once it has ended.
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
    outcome:
      description:
        - V(succeeded), V(failed), V(timed_out), or V(unknown) if polling failed before the record ended.
      type: str
      sample: succeeded
    msg:
      description: Why the record failed or could not be waited for. Null if it succeeded.
      type: str
    error:
      description: The error that the service returned. Null if it returned none.
      type: dict
      contains:
        code:
          description: The error code.
          type: str
        message:
          description: The error message.
          type: str
ansible_facts:
  description: The same fact that M(selfservice.aws.servicecatalog_service_action) sets.
  returned: success, if exactly one record was waited for
  type: dict
  contains:
    servicecatalog_record_detail:
      description: The record without its outputs, as M(selfservice.aws.servicecatalog_service_action) returns it.
      type: dict
choices:
  description: The names of visible provisioned products, if the given one is unknown. Empty otherwise.
  returned: failure, unless the arguments are invalid
  type: list
  elements: str
hints:
  description: What to check, if the failure is one of those that AWS documents. Empty otherwise.
  returned: failure, unless the arguments are invalid
  type: list
  elements: str
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
  description: Data that identifies the error response, for AWS Support. Null if there is none.
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

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action.lookup import find_provisioned_product
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import NotFound, SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import mask
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Outcome, Record, Reference
from ansible_collections.selfservice.aws.plugins.module_utils._wait.outcome import combined_failure, outcome_of
from ansible_collections.selfservice.aws.plugins.module_utils._wait.poller import RecordPoller
from ansible_collections.selfservice.aws.plugins.module_utils._wait.schedule import WaitOptions
from ansible_collections.selfservice.aws.plugins.module_utils._wait.wait import wait_for_records


def wait_until_ended(task: Task) -> None:
    """Wait until all records have ended."""
    # The values are only masked, never sent.
    task.sensitive_parameters()
    record_ids = _given(task)
    _arguments.check_identifiers({**task.params, "record_ids": record_ids})
    _arguments.check_waiting(task.params)
    unread = (Record({"RecordId": record_id}) for record_id in record_ids)
    task.result["records"] = [_record_result(record, Outcome.UNKNOWN, None) for record in unread]
    task.failure.update(hints=[], choices=[])
    task.limit_calls(task.params["wait_timeout"])
    record_ids = record_ids or _newest(task)
    records = [Record({"RecordId": record_id}) for record_id in record_ids]
    poller = RecordPoller(task.polling_service, records, task.clock)
    task.clock.raise_on_signals()
    failures = {}
    if records:
        more: dict[str, Any] = {"clock": task.clock, "started": task.started, "progress": task.progress}
        failures = wait_for_records(poller, WaitOptions.of(task.params), warn=task.warn, **more)
    task.result["records"] = [
        _record_result(poller.records[each], outcome_of(failures.get(each)), failures.get(each)) for each in record_ids
    ]
    if failures:
        raise combined_failure(failures, len(poller.records))
    if len(poller.records) == 1:
        detail = results.record_detail(poller.records[record_ids[0]].detail)
        task.result["ansible_facts"] = {"servicecatalog_record_detail": detail}


def _record_result(record: Record, outcome: Outcome, failure: SelfServiceError | None) -> dict[str, Any]:
    error, text = (failure.facts.get("error"), str(failure)) if failure else (None, None)
    return {**results.record(record), "outcome": str(outcome), "msg": text, "error": error}


def _given(task: Task) -> list[str]:
    if not task.check_mode:
        _arguments.check_one_given(task.params, ("record_ids", *_arguments.PRODUCT))
    return [str(each or "") for each in task.params["record_ids"] or () if each or not task.check_mode]


def _newest(task: Task) -> list[str]:
    """Return the id of the product's newest record as a list.

    The list is empty if no product is given, or in check mode if the product has no record.
    """
    target = Reference(*(task.params[option] for option in _arguments.PRODUCT))
    if not any(target):
        return []
    product = find_provisioned_product(task.service, target)
    if product.get("LastRecordId"):
        return [product["LastRecordId"]]
    if task.check_mode:
        return []
    raise NotFound(
        f"The provisioned product {mask(product.get('Name'))!r} ({product['Id']}) has no record yet, so there is "
        "nothing to wait for."
    )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "record_ids": {"type": "list", "elements": "raw", "aliases": ["record_id"]},
            **{option: {"type": "str"} for option in _arguments.PRODUCT},
            "sensitive_parameters": {"type": "dict", "no_log": True},
            **_arguments.waiting(),
        },
        required_one_of=[("record_ids", *_arguments.PRODUCT)],
        mutually_exclusive=[("record_ids", *_arguments.PRODUCT)],
        supports_check_mode=True,
    )
    run(module, wait_until_ended)


if __name__ == "__main__":
    main()

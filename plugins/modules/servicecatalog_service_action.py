#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_service_action
version_added: 1.0.0
short_description: Run a self-service action on an AWS Service Catalog provisioned product
description:
  - Runs a service action (restart, back up, rotate, ...) on a provisioned product with the API call
    C(ExecuteProvisionedProductServiceAction).
  - Optionally waits until the record of that run has ended. Returns the record, also as the fact
    C(servicecatalog_record_detail).
  - Every failure after the start, including a timeout, returns the record and says how to continue.
  - If it is given ids and a new change, and uses neither O(wait) nor diff mode, the module makes exactly one API
    call.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_id:
    description:
      - The id of the provisioned product, such as V(pp-abcd1234wxyz5).
      - Exactly one of O(provisioned_product_id) and O(provisioned_product_name) is required.
    type: str
  provisioned_product_name:
    description:
      - The name of the provisioned product.
    type: str
  execute_token:
    description:
      - The idempotency token to send, if you manage tokens yourself. Mutually exclusive with O(change_id).
      - Use a separate token for each provisioned product and action. If the service returns a record of another
        product for the token, the task fails. A record does not name its action, so the module can't detect that a
        token was used for another action.
    type: str
  wait:
    description:
      - Whether to wait until the status of the record is V(SUCCEEDED) or V(FAILED).
    type: bool
    default: false
extends_documentation_fragment:
  - selfservice.aws.execution
  - selfservice.aws.waiting
  - selfservice.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - Starts nothing, but validates the call against the API. It checks that the provisioned product exists, that
        its status allows an action, that the action belongs to its provisioning artifact, that the parameter names
        are known, and that each parameter of the type TARGET is given or can be filled in by the service.
      - If the credentials do not allow one of these reads, the module warns. The module can't read whether the action
        has been started for this change before, so RV(changed) is true if the call is valid.
  diff_mode:
    support: full
    details:
      - The C(before) of the diff is the action's default parameters, and its C(after) is the parameters that take
        effect. It costs one more API call, except in check mode, where it costs no extra call.
notes:
  - Tested against an emulator of the service only, never against AWS.
seealso:
  - module: selfservice.aws.servicecatalog_service_action_info
  - module: selfservice.aws.servicecatalog_record_wait
  - name: ExecuteProvisionedProductServiceAction
    description: The API call behind the module.
    link: https://docs.aws.amazon.com/servicecatalog/latest/dg/API_ExecuteProvisionedProductServiceAction.html
"""

EXAMPLES = r"""
- name: Restart a database without waiting
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_id: pp-orders0000001
    service_action_id: act-restart000001
  register: restart

- name: Back up a database, by names, and wait until the action has ended
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: Backup
    parameters:
      Retention: 30
      Tables:
        - customers
        - invoices
    wait: true
    wait_timeout: 600
  register: backup

- name: Show what the automation returned
  ansible.builtin.debug:
    var: backup.record_outputs

- name: Rotate a password, which is masked everywhere
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: RotatePassword
    sensitive_parameters:
      NewPassword: "{{ new_password }}"
    wait: true

- name: Run an action once for a change, no matter how often the play is run
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: Restart
    change_id: CHG-4711
    wait: true

- name: Wait until a database is no longer being changed, then restart it, within an hour in all
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: Restart
    change_id: CHG-4712
    wait_until_available: true
    wait: true
    wait_timeout: 3600

- name: Check that the call would be accepted, and show the parameters that would take effect
  selfservice.aws.servicecatalog_service_action:
    provisioned_product_name: orders-db
    service_action_name: Restart
    parameters:
      Mode: forced
  check_mode: true
  diff: true
"""

RETURN = r"""
changed:
  description:
    - Whether this run created the record. V(false) if an earlier run of the same change did.
    - The module compares the time of the record with the service's clock, with a tolerance of 2 seconds. If a token
      is sent again within 2 seconds, RV(changed) is therefore V(true).
    - If the response has no date, or one that differs from this machine's clock by more than 15 minutes (a proxy may
      have set it), this machine's clock is used with a tolerance of 15 minutes.
    - Also V(true) if the start got no usable response, since the action may have been started.
  returned: always
  type: bool
record_detail:
  description:
    - The record as last read, with all members of RecordDetail. Members that the service did not return are null.
    - In check mode, what is known about the record that would be created. If the task failed without a record, all
      members are null, and C(record_errors) and C(record_tags) are empty.
  returned: unless the arguments are invalid
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
  description:
    - The outputs of the record, empty until it has ended. The keys keep their case.
  returned: unless the arguments are invalid
  type: dict
  sample: {"SnapshotId": "snap-0123456789abcdef0"}
record_output_list:
  description: The same outputs as a list, in the order of the service. Several outputs may have the same key.
  returned: unless the arguments are invalid
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
change_id:
  description: The id of the change. Run the task again with it to get the same record. Null with O(execute_token).
  returned: unless the arguments are invalid
  type: str
  sample: CHG-4711
attempt:
  description:
    - The number of the attempt that the record belongs to, starting at 1.
    - Null with O(execute_token), in check mode with O(retry_failed), and if a name was not found.
  returned: unless the arguments are invalid
  type: int
  sample: 1
execute_token:
  description:
    - The idempotency token that was sent, or would be. Null in check mode with O(retry_failed), and if a name was not
      found.
  returned: unless the arguments are invalid
  type: str
  sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
request:
  description:
    - What was sent, or would be sent in check mode. Sensitive values are masked. Null if a name was not found.
  returned: unless the arguments are invalid
  type: dict
  contains:
    provisioned_product_id:
      description: The id of the provisioned product.
      type: str
    service_action_id:
      description: The id of the service action.
      type: str
    execute_token:
      description: The idempotency token. Null in check mode with O(retry_failed).
      type: str
    accept_language:
      description: The requested language. Null for the service's default.
      type: str
    parameters:
      description: The parameters as lists of strings. Not sent if empty.
      type: dict
hints:
  description: What to check, if the failure is one of those that AWS documents. Empty otherwise.
  returned: failure, unless the arguments are invalid
  type: list
  elements: str
choices:
  description: The valid names or ids, if a given name, id or parameter is unknown. Empty otherwise.
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
ansible_facts:
  description: The record as a fact. Ansible ignores facts of failed tasks; register the result to handle failures.
  returned: success
  type: dict
  contains:
    servicecatalog_record_detail:
      description: The same as RV(record_detail).
      type: dict
"""

from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action import plan
from ansible_collections.selfservice.aws.plugins.module_utils._action.attempts import how_to_retry, start_attempt
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.start import Execution, start
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import change_of
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import models, results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog

_NAMED = (_arguments.PRODUCT, _arguments.ACTION)


def run_service_action(task: Task) -> None:
    """Run the action and wait for its record if requested; in check mode, validate the start."""
    params = task.params
    secrets = task.sensitive_parameters()
    parameters = {**to_parameters(params["parameters"], "parameters"), **secrets}
    _arguments.check_one_given(params, *_NAMED)
    _arguments.check_identifiers(params)
    _arguments.check_waiting(params)
    if params["wait"] or params["wait_until_available"]:
        task.limit_calls(params["wait_timeout"])
    models.check_parameters(parameters)
    change = change_of(params["change_id"], params["execute_token"], retry_failed=params["retry_failed"])
    _keep(task, models.Record({}), change_id=change.id, attempt=None, execute_token=None, request=None)
    task.failure.update(hints=[], choices=[])
    target, action = (models.Reference(*(params[each] for each in options)) for options in _NAMED)
    more = {"secret_names": secrets, "change": change, "waits_until_available": params["wait_until_available"]}
    planned = plan.plan(task.service, target, action, parameters=parameters, **more)
    _tell(task, planned, 1)
    if task.check_mode:
        _validate(task, planned)
    else:
        _start(task, planned)
    task.result["ansible_facts"] = {"servicecatalog_record_detail": task.result["record_detail"]}


def _tell(task: Task, planned: plan.Plan, attempt: int) -> None:
    request = plan.request_result(planned, task.params["accept_language"])
    attempted = attempt if planned.change.id else None
    task.result.update(attempt=attempted, request=request, execute_token=request["execute_token"])


def _keep(task: Task, record: models.Record, **more: Any) -> None:
    task.result.update(**results.record(record), **more)


def _validate(task: Task, planned: plan.Plan) -> None:
    if task.params["retry_failed"]:
        # The number of the next attempt is known only after the earlier attempts have been sent.
        task.result.update(attempt=None, execute_token=None, request={**task.result["request"], "execute_token": None})
    record, more = plan.preview(task.service, planned, task.warn, with_diff=task.diff_mode)
    _keep(task, record, **more)


def _start(task: Task, planned: plan.Plan) -> None:
    params, again = task.params, planned.change.same_task
    if task.diff_mode:
        task.result["diff"] = plan.read_diff(task.service, planned, task.warn)
    # Create the client before the write, so that only the service can fail after it.
    reader = task.polling_service if params["wait"] or params["wait_until_available"] else task.service
    task.clock.raise_on_signals()
    more: dict[str, Any] = {"send": partial(_send, task, again), "tell": partial(_tell, task), "clock": task.clock}
    execution = start_attempt(task.service, planned, retry_failed=params["retry_failed"], **more)
    _keep(task, execution.record, changed=execution.changed)
    if params["wait"] or not execution.changed or execution.record.outcome is not models.Outcome.RUNNING:
        _wait(task, execution, reader, again)


def _send(task: Task, again: str, planned: plan.Plan) -> Execution:
    send = partial(start, task.service, planned, clock=task.clock, retry_hint=again)
    if not task.params["wait_until_available"]:
        return send()
    # Imported here, which saves runs that don't wait 2 % of their CPU time.
    from ansible_collections.selfservice.aws.plugins.module_utils._wait import availability, schedule

    busy = availability.BusyProduct(planned.request, again, token_is_new=planned.token_is_new)
    options, action = schedule.WaitOptions.of(task.params), task.params["service_action_name"]
    waiting = availability.AvailabilityWait(task.polling_service, busy, options, action=action, **_times(task))
    return waiting.start(send)


def _wait(task: Task, execution: Execution, reader: ServiceCatalog, again: str) -> None:
    from ansible_collections.selfservice.aws.plugins.module_utils._wait import schedule, wait
    from ansible_collections.selfservice.aws.plugins.module_utils._wait.outcome import how_to_wait

    wait.wait_for_record(
        reader,
        execution.record,
        schedule.WaitOptions.of(task.params) if task.params["wait"] else None,
        keep=partial(_keep, task),
        replayed=not execution.changed,
        how_to_continue=f"{how_to_wait(execution.record.record_id)}, or {again} and wait: true.",
        how_to_retry=how_to_retry(again, task.result["attempt"]),
        warn=task.warn,
        **_times(task),
    )


def _times(task: Task) -> dict[str, Any]:
    return {"clock": task.clock, "started": task.started, "progress": task.progress}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            **{option: {"type": "str"} for option in _arguments.PRODUCT},
            "execute_token": {"type": "str", "no_log": False},
            "wait": {"type": "bool", "default": False},
            **_arguments.execution(),
            **_arguments.waiting(),
        },
        required_one_of=_NAMED,
        mutually_exclusive=[*_NAMED, ("change_id", "execute_token")],
        supports_check_mode=True,
    )
    run(module, run_service_action)


if __name__ == "__main__":
    main()

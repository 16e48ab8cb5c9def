#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_probe
version_added: 1.0.0
short_description: Test undocumented behavior of AWS Service Catalog
description:
  - Tests the assumptions of this collection about AWS Service Catalog in a real account, and returns the answers in a
    form that you can publish. The playbook C(selfservice.aws.probe) prints them.
  - Without O(run_action=true), it only reads, with about 20 calls. A call that is denied or rejected is an answer, not
    a failure.
  - In the answers, ids, names, ARNs, accounts, addresses and values are replaced with labels such as V(pp-1). Codes,
    types, statuses, counts, times in seconds, the names of members of the API, and the keys of the outputs of records
    are not replaced. Check these keys before you publish them, since the authors of automations choose them.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_id:
    description:
      - The id of the provisioned product to describe, and to run the action on.
      - By default, the module describes the first provisioned product that the service lists.
    type: str
  provisioned_product_name:
    description:
      - The name of the provisioned product, as an alternative to O(provisioned_product_id).
    type: str
  service_action_id:
    description:
      - The id of the service action to run, with O(run_action=true).
    type: str
  service_action_name:
    description:
      - The name of the service action, as an alternative to O(service_action_id).
    type: str
  parameters:
    description:
      - The parameters of the action, as in M(selfservice.aws.servicecatalog_service_action).
    type: dict
  run_action:
    description:
      - Whether to run the action once and wait until it ends. Choose a harmless action.
      - In check mode, the action is not run, and the answer to C(run) lists the requests that would be sent.
    type: bool
    default: false
  replay:
    description:
      - Whether to send the start request again with the same token, once while the action runs and once after it has
        ended. AWS is expected to return the same record, and not to start the action again.
      - If AWS does not remember the token, the action runs again. The module then sends no further requests.
    type: bool
    default: false
  replay_parameters:
    description:
      - With O(replay=true), finally send the token once more, with these parameters instead of O(parameters). AWS does
        not document the result. In the worst case, the action runs again with these parameters.
    type: dict
  wait_timeout:
    description:
      - The maximum time to wait until the action ends, in seconds, from 0 to 7776000.
    type: int
    default: 600
extends_documentation_fragment:
  - selfservice.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module only reads.
  diff_mode:
    support: none
notes:
  - Tested against an emulator of the service only, never against AWS.
seealso:
  - module: selfservice.aws.servicecatalog_service_action
"""

EXAMPLES = r"""
- name: Test the assumptions that need only read calls
  selfservice.aws.servicecatalog_probe:
  register: probe

- name: Also test the assumptions that need a run, with a harmless action
  selfservice.aws.servicecatalog_probe:
    provisioned_product_name: orders-db
    service_action_name: Restart
    run_action: true
  register: probe
"""

RETURN = r"""
changed:
  description: Whether an action was started, or may have been.
  returned: always
  type: bool
answers:
  description: The questions and their answers, in order. On failure, only those that were answered until then.
  returned: unless the arguments are invalid
  type: list
  elements: dict
  contains:
    question:
      description:
        - The short name of the question. The guide about the assumptions describes the questions.
        - C(access levels), C(sessions), C(invalid requests), C(search terms), C(history), C(outputs),
          C(records of others), C(product), and with O(run_action=true) also C(start), C(new record),
          C(product status), C(run) and C(replay).
      type: str
      sample: search terms
    answer:
      description: The answer. A value is null if the account does not have enough products or records to determine it.
      type: dict
      sample: {"combine": "all", "one_term_finds": 1, "two_terms_find": 0}
record_ids:
  description:
    - The ids of the records that the token created. There is more than one if AWS did not remember the token. Do not
      publish them.
  returned: unless the arguments are invalid
  type: list
  elements: str
  sample: [rec-abcd1234wxyz5]
execute_token:
  description:
    - The token of the run. Null if no action was run. Do not publish it.
    - To find out how long AWS remembers the token, pass it to M(selfservice.aws.servicecatalog_service_action) some
      days later. If that task is C(changed), AWS has forgotten the token, and the action has run again.
  returned: unless the arguments are invalid
  type: str
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
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action.lookup import find_provisioned_product
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.plan import plan
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import change_of
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._probe.interview import Interview
from ansible_collections.selfservice.aws.plugins.module_utils._probe.questions import ask_by_reading
from ansible_collections.selfservice.aws.plugins.module_utils._probe.run import ActionRun, plan_answer
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Reference, check_parameters


def probe(task: Task) -> None:
    """Ask the questions that need only reads, and with `run_action` also those that need a run."""
    _check(task)
    task.result.update(answers=[], record_ids=[], execute_token=None)
    task.failure.update(choices=[])
    interview = Interview(task.service)
    try:
        _ask(task, interview)
    finally:
        task.result["answers"] = interview.answers


def _check(task: Task) -> None:
    params = task.params
    _arguments.check_identifiers(params)
    _arguments.check_waiting(params)
    if params["run_action"]:
        _arguments.check_one_given(params, _arguments.PRODUCT, _arguments.ACTION)
    for option, needed in (("replay", "run_action"), ("replay_parameters", "replay")):
        if params[option] and not params[needed]:
            raise InvalidInput(f"{option} needs {needed}: true.")
    for option in ("parameters", "replay_parameters"):
        check_parameters(to_parameters(params[option], option))


def _ask(task: Task, interview: Interview) -> None:
    params = task.params
    product = Reference(*(params[option] for option in _arguments.PRODUCT))
    if product.name:
        detail = find_provisioned_product(task.service, product)
        interview.anonymizer.learn(detail)
        product = Reference(detail["Id"])
    ask_by_reading(interview, product.id)
    if params["run_action"]:
        _run(task, interview, product)


def _run(task: Task, interview: Interview, product: Reference) -> None:
    params, service = task.params, task.service
    action = Reference(*(params[option] for option in _arguments.ACTION))
    parameters = to_parameters(params["parameters"], "parameters")
    planned = plan(service, product, action, parameters=parameters, secret_names=(), change=change_of(None))
    given = params["replay_parameters"]
    if task.check_mode:
        sent = plan_answer(replay=params["replay"], other_parameters=given is not None)
        interview.note("run", {"would_send": sent})
        return
    task.result["execute_token"] = planned.request.execute_token
    task.clock.raise_on_signals()
    other = None if given is None else to_parameters(given, "replay_parameters")
    started = ActionRun(interview, planned.request, task.clock)
    try:
        started.ask(params["wait_timeout"], replay=params["replay"], other_parameters=other)
    finally:
        changed = started.may_have_started or bool(started.record_ids)
        task.result.update(changed=changed, record_ids=started.record_ids)


def main() -> None:
    texts = (*_arguments.PRODUCT, *_arguments.ACTION)
    module = AnsibleAWSModule(
        argument_spec={
            **{option: {"type": "str"} for option in texts},
            **{option: {"type": "dict"} for option in ("parameters", "replay_parameters")},
            **{option: {"type": "bool", "default": False} for option in ("run_action", "replay")},
            "wait_timeout": {"type": "int", "default": 600},
        },
        mutually_exclusive=[_arguments.PRODUCT, _arguments.ACTION],
        supports_check_mode=True,
    )
    run(module, probe)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_probe
version_added: 1.0.0
short_description: Ask AWS Service Catalog what its documentation leaves open
description:
  - Asks the service of a real account what this collection can only assume, and returns the answers in a form that can
    be published. The playbook C(selfservice.aws.probe) prints them.
  - Unless O(run_action=true), it only reads, about 20 calls. A call that is denied or refused is an answer, and not a
    failure.
  - In the answers, ids, names, ARNs, accounts, addresses and values are replaced by labels such as V(pp-1). What stays
    are codes, types, statuses, counts, seconds, the names of the service's members, and the keys of the outputs of
    records. Look at those keys before you publish them, since the authors of automations choose them.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_id:
    description:
      - The id of the provisioned product to look at, and to run the action on.
      - Without it or O(provisioned_product_name), the probe looks at the first one that is listed.
    type: str
  provisioned_product_name:
    description:
      - Its name, instead of O(provisioned_product_id).
    type: str
  service_action_id:
    description:
      - The id of the service action to run, with O(run_action=true).
    type: str
  service_action_name:
    description:
      - Its name, instead of O(service_action_id).
    type: str
  parameters:
    description:
      - The parameters of the action, as in M(selfservice.aws.servicecatalog_service_action).
    type: dict
  run_action:
    description:
      - Whether to run the action once, and to watch it until it ends. Choose one that does no harm.
      - In check mode nothing is run, and the answer to C(run) says what would be sent.
    type: bool
    default: false
  replay:
    description:
      - Whether to send the start again with the same token, once while the action runs and once after its end. AWS is
        expected to answer with the same record, and to start nothing.
      - If AWS does not remember the token, the action runs again. Nothing more is sent then.
    type: bool
    default: false
  replay_parameters:
    description:
      - With O(replay=true), send the token once more in the end, with these parameters instead of O(parameters). AWS
        does not document what comes of that. In the worst case the action runs again with these parameters.
    type: dict
  wait_timeout:
    description:
      - How many seconds to wait until the action ends, from 0 to 7776000.
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
      - It only reads.
  diff_mode:
    support: none
notes:
  - Tested against an emulator of the service only, never against AWS itself.
seealso:
  - module: selfservice.aws.servicecatalog_service_action
"""

EXAMPLES = r"""
- name: Ask what reads can answer
  selfservice.aws.servicecatalog_probe:
  register: probe

- name: Ask what only a run can answer, with an action that does no harm
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
  description: The questions that were asked, in order. On failure, those that were answered until then.
  returned: unless the arguments are invalid
  type: list
  elements: dict
  contains:
    question:
      description:
        - The short name of the question. The guide about the assumptions says what each is about.
        - C(access levels), C(sessions), C(invalid requests), C(search terms), C(history), C(outputs),
          C(records of others), C(product), and with O(run_action=true) C(start), C(new record), C(product status),
          C(run) and C(replay).
      type: str
      sample: search terms
    answer:
      description: The answer. What the account has too little of to tell is null in it.
      type: dict
      sample: {"combine": "all", "one_term_finds": 1, "two_terms_find": 0}
record_ids:
  description:
    - The ids of the records that the token has created. More than one if AWS has not remembered it. Not for publishing.
  returned: unless the arguments are invalid
  type: list
  elements: str
  sample: [rec-abcd1234wxyz5]
execute_token:
  description:
    - The token of the run. Null without one. Not for publishing.
    - To find out how long AWS remembers it, give it to M(selfservice.aws.servicecatalog_service_action) days later. If
      that task is C(changed), AWS has forgotten it, and the action has run again.
  returned: unless the arguments are invalid
  type: str
choices:
  description: What there is to choose from, when the provisioned product or the action is unknown. Empty otherwise.
  returned: failure, unless the arguments are invalid
  type: list
  elements: str
error:
  description: The service's own error. Null if it refused no call.
  returned: failure, unless the arguments are invalid
  type: dict
  contains:
    code:
      description: The service's code.
      type: str
    message:
      description: The service's text.
      type: str
response_metadata:
  description: What identifies the response for AWS Support. Null if the service refused no call.
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
      description: How often botocore tried again.
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
    """Ask by reading, and then by a run if that is asked for."""
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

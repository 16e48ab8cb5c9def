#!/usr/bin/python
# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: servicecatalog_service_action_bulk
version_added: 1.0.0
short_description: Run a self-service action on many AWS Service Catalog provisioned products
description:
  - Runs the same service action on many provisioned products from one process, and waits until all have ended.
  - About one API call a target. Starts and looks adapt to the service's throttle, apart from each other.
  - Run again with the same O(change_id), after whatever happened, the task resumes where it left off. What has ended is
    not run again, what runs is waited for, and the rest is started.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_ids:
    description:
      - The ids of the provisioned products to run the action on.
      - Exactly one of O(provisioned_product_ids), O(provisioned_product_names), O(targets), and a search by
        O(search_query), O(tags) or both is required. A list or a dictionary without items is a success that changes
        nothing.
    type: list
    elements: str
    aliases: [provisioned_product_id]
  provisioned_product_names:
    description:
      - The names of the provisioned products to run the action on.
    type: list
    elements: str
    aliases: [provisioned_product_name]
  search_query:
    description:
      - Run the action on the provisioned products that this search finds, as the service's C(SearchQuery) takes it.
      - See O(selfservice.aws.servicecatalog_provisioned_product_info#module:search_query) for the fields.
      - O(access_level) says whose products it finds.
      - Do not search by C(status) in a task that may have to be continued. A product whose action runs has another
        status, so that the same search does not find it again, and its record is not waited for. The module warns if
        such a search comes with O(change_id).
    type: list
    elements: str
  tags:
    description:
      - Run the action on the provisioned products that have all these tags, with exactly these keys and values. Case
        counts.
      - A value is a text or a whole number.
      - The module compares the tags itself, since the service's search can't match them exactly. With O(search_query),
        it compares those of the products that the search finds, else those of all products that the caller may see.
    type: dict
  targets:
    description:
      - The provisioned products to run the action on, each with parameters of its own.
    type: list
    elements: dict
    suboptions:
      provisioned_product_id:
        description:
          - The id of the provisioned product.
        type: str
      provisioned_product_name:
        description:
          - The name of the provisioned product.
        type: str
      parameters:
        description:
          - Parameters of this target, merged over O(parameters).
        type: dict
  wait:
    description:
      - Whether to wait until every record is V(SUCCEEDED) or V(FAILED).
      - Without it only refusals, and records that were V(FAILED) as a token used again returned them, count as errors,
        and O(max_concurrency) bounds the calls in flight.
    type: bool
    default: true
  max_concurrency:
    description:
      - On how many targets the action runs at once, a count or a percentage of all targets such as V(10%), rounded down
        but at least 1.
      - A target counts from its start until its end is seen, so that one that timed out still counts, and is polled on
        while others run. If its end is seen then, another target starts in its place.
      - A start that got no usable answer is sent again with the same token until O(wait_timeout), unless a signal or
        too many errors end the starts before. Then the target has failed, but may have started, and still counts.
      - If nothing but such targets keeps others from starting, the run ends, and C(msg) names them. Stop what they run,
        wait for it, or raise O(max_concurrency).
      - A target that waits until its product is available, see O(wait_until_available), does not count, and others run
        meanwhile. Once the product is available, the target starts behind all that have not been looked at.
      - This holds for a run that continues another, too, if it has the same targets in the same order, and if none of
        them was waiting to become available when the other one ended. With O(wait_until_available) it does not hold for
        one that continues another if the service refuses a start that it knows while the product is busy with it.
    type: str
    default: "50"
  max_errors:
    description:
      - How many targets may fail before no more start, a count or a percentage of all targets, rounded down.
      - Refused and timed-out targets, and those that can't be found, are errors too. What runs already is waited for.
      - Records that were V(FAILED) before this run began do not keep others from starting, so that a run can be
        continued after too many errors.
      - The task fails when more targets than these are errors, those of earlier runs included, or when any timed out.
    type: str
    default: "0"
  return_results:
    description:
      - Which targets C(results) has. With V(problems), it has only those that failed, timed out, or may have started
        without a usable answer, and of them the first 10. C(remaining) then has the first 20.
      - A failed task prints its results, and those of a thousand targets are a megabyte.
    type: str
    choices: [all, problems]
    default: all
  return_outputs:
    description:
      - Whose outputs to read. Those of failures cost a call for each failure, those of V(all) one for each target.
      - Without O(wait), no outputs are read.
    type: str
    choices: [failures, all]
    default: failures
extends_documentation_fragment:
  - selfservice.aws.listing
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
      - Sends no write. It checks every target with reads, however many fail. The outcome is V(would_start), or
        V(failed) for what would be refused. RV(changed) is true if any would start, and RV(remaining) is empty.
      - The task fails when more than O(max_errors) targets have failed, so that the run itself would not succeed.
      - What the credentials may not read is a warning. With O(change_id) a product that is busy is a warning, too,
        since it may be busy with this change.
      - With O(retry_failed), the attempt and the token of each target are null, since only a start tells which they
        would be.
  diff_mode:
    support: full
    details:
      - RV(ignore:diff) has an item for each target that would start, or may start, with its name in the headers. It
        has the action's default parameters before, and what takes effect after. It costs one more read for each
        target, and none in check mode.
notes:
  - Tested against an emulator of the service only, never against AWS itself.
  - O(wait_timeout) counts for each target from its own first start, without the time that the target waits for others
    once its product has become available.
  - A target whose product has not become available in time is an error like one that was refused. Those that still wait
    when too many errors or a signal end the starts are V(not_started).
seealso:
  - module: selfservice.aws.servicecatalog_service_action
  - module: selfservice.aws.servicecatalog_provisioned_product_info
"""

EXAMPLES = r"""
- name: Restart all databases of a team that take actions now, twenty at a time, until a tenth of them has failed
  selfservice.aws.servicecatalog_service_action_bulk:
    targets: "{{ databases }}"
    service_action_name: Restart
    max_concurrency: "20"
    max_errors: 10%
    change_id: CHG-4711
  vars:
    databases:
      - provisioned_product_name: orders-db
      - provisioned_product_name: billing-db
        parameters:
          Mode: forced
  register: restarts

- name: Show who did not make it
  ansible.builtin.debug:
    msg: "{{ restarts.results | rejectattr('outcome', 'eq', 'succeeded') | map(attribute='msg') }}"

- name: Restart the production databases of a team, found by their tags
  selfservice.aws.servicecatalog_service_action_bulk:
    search_query:
      - productName:Database
    tags:
      team: orders
      env: prod
    service_action_name: Restart
    change_id: CHG-4713

- name: Show which databases would restart, and with which parameters
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_names:
      - orders-db
      - billing-db
    service_action_name: Restart
    parameters:
      Mode: forced
  check_mode: true
  diff: true

- name: Restart both once nothing else changes them
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_names: [orders-db, billing-db]
    service_action_name: Restart
    wait_until_available: true
    change_id: CHG-4714

- name: Back up by ids, and go on
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_ids:
      - pp-orders0000001
      - pp-billing000001
    service_action_id: act-backup0000001
    wait: false
"""

RETURN = r"""
changed:
  description: Whether this run created at least one record, or may have.
  returned: always
  type: bool
results:
  description:
    - The targets in the order given, each with its one outcome.
    - With O(return_results=problems), the first 10 of those that failed or timed out.
  returned: unless the arguments are wrong
  type: list
  elements: dict
  contains:
    provisioned_product_id:
      description: The id of the provisioned product. Null if its name was not found.
      type: str
    provisioned_product_name:
      description: The name of the provisioned product. Null if it is not known.
      type: str
    outcome:
      description:
        - V(succeeded), V(failed), V(timed_out), V(not_started), or V(started) without O(wait). In check mode,
          V(would_start) or V(failed).
        - A record that could not be followed to its end counts as V(timed_out).
        - A target that timed out stays V(timed_out) even if the same run sees its end later. The record then shows how
          it ended.
        - A start without any usable answer counts as V(failed). C(msg) says that it may have started.
      type: str
    changed:
      description: Whether this run created the record, or may have. In check mode, whether it would.
      type: bool
    execute_token:
      description:
        - The idempotency token of the attempt. Null if no start was planned, since the target was not found or can't be
          sent, and in check mode with O(retry_failed).
      type: str
    attempt:
      description: The number of the attempt, from 1 on. Null where C(execute_token) is.
      type: int
    record_detail:
      description:
        - The record as last seen, with every member of the service's RecordDetail. What the service did not give is
          null.
        - Without a record, all of it is null, and C(record_errors) and C(record_tags) are empty.
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
          description: The type of the record, as the service names it.
          type: str
        record_errors:
          description: What went wrong. It may be empty for a failed record, whose outputs then often explain it.
          type: list
          elements: dict
          contains:
            code:
              description: The service's code.
              type: str
            description:
              description: The service's text.
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
      description: The outputs of the record, if they were read. O(return_outputs) says which are.
      type: dict
      sample: {"SnapshotId": "snap-0123456789abcdef0"}
    record_output_list:
      description: The same outputs as a list, in the order of the service, since two of them may share a key.
      type: list
      elements: dict
      contains:
        key:
          description: The key, as the automation names it.
          type: str
          sample: SnapshotId
        value:
          description: The value. Null if the service gave none.
          type: str
          sample: snap-0123456789abcdef0
        description:
          description: What the output is. Null if the service does not say.
          type: str
    msg:
      description: What went wrong, in a sentence. Null if nothing did.
      type: str
    error:
      description: The service's own error. Null if it refused no call.
      type: dict
      contains:
        code:
          description: The service's code.
          type: str
        message:
          description: The service's text.
          type: str
summary:
  description: How many targets came to each outcome, and what it took.
  returned: unless the arguments are wrong
  type: dict
  contains:
    succeeded:
      description: How many succeeded.
      type: int
    failed:
      description: How many failed, were refused or not found, or may have started without a usable answer.
      type: int
    timed_out:
      description: How many had not ended in time.
      type: int
    not_started:
      description: How many were not started.
      type: int
    started:
      description: How many were started and not waited for.
      type: int
    would_start:
      description: How many would start. Zero but in check mode.
      type: int
    results_omitted:
      description:
        - How many targets that failed or timed out RV(results) leaves out, with O(return_results=problems).
      type: int
    seconds:
      description: How long the run took.
      type: float
    api_calls:
      description: How many HTTP requests were sent, retries included.
      type: int
remaining:
  description:
    - The ids of the targets that were not started, or the names of those whose id is not known. Run the task again with
      the same change to start them. Empty in check mode.
    - With O(return_results=problems), the first 20. RV(summary) has the count.
  returned: unless the arguments are wrong
  type: list
  elements: str
change_id:
  description: The change. Run again with it, the task resumes where it left off.
  returned: unless the arguments are wrong
  type: str
  sample: CHG-4711
error:
  description: The service's own error. Null if it refused no call.
  returned: failure, unless the arguments are wrong
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
  returned: failure, unless the arguments are wrong
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

import math

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import change_of
from ansible_collections.selfservice.aws.plugins.module_utils._bulk import plan, queue, resolve, runner, summary, target
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.starts import WORKERS
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import levels, models
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.tags import check_tags

# What gives the targets: one of these, or a search by the last two.
_SOURCES = ("provisioned_product_ids", "provisioned_product_names", "targets", "search_query", "tags")


def run_on_many(task: Task) -> None:
    """Run the action on every target, or in check mode validate the starts."""
    params, waits = task.params, any(task.params[each] for each in ("wait", "wait_until_available"))
    secrets = task.sensitive_parameters()
    common = to_parameters(params["parameters"], "parameters")
    _arguments.check_one_given(params, _SOURCES, _arguments.ACTION)
    _arguments.check_identifiers(params)
    _arguments.check_search(params, task.warn)
    tags, searches = check_tags(params["tags"]), _arguments.is_search(params)
    _arguments.check_waiting(params)
    change = change_of(params["change_id"], retry_failed=params["retry_failed"])
    targets = target.given_targets(params, common, secrets)
    resolve.check_duplicates(targets)
    models.check_parameters({**common, **secrets} if searches else {})
    queue.budget_of(params, len(targets))
    # Without a wait, only a signal limits them.
    task.limit_calls(params["wait_timeout"] if waits else math.inf, each=True)
    task.result["change_id"] = change.id
    services: list[ServiceCatalog] = []
    try:
        services.append(task.bulk_service(WORKERS))
        if searches:
            queries = params["search_query"] or []
            targets += target.searched_targets(services[0], queries, {**common, **secrets}, tags=tags)
            task.levels.warn(levels.SEARCH, task.warn)
        resolve.resolve(services[0], targets, models.Reference(*(params[each] for each in _arguments.ACTION)))
        target.make_plans(targets, change, secrets, params)
        pending = queue.TargetQueue(targets, queue.budget_of(params, len(targets)), retry_failed=params["retry_failed"])
        _preview(task, services[0], targets)
        services += [task.bulk_polling_service()] if waits else []
        task.progress.how_to_continue = f"To continue, run {change.same_task}."
        interrupted = None if task.check_mode else runner.run(services, pending, params, task.clock, task.progress)
    finally:
        task.result.update(summary.bulk_results(targets, params, is_check=task.check_mode, warn=task.warn))
        task.result["summary"]["seconds"] = round(task.clock.monotonic() - task.started, 1)
        task.result["summary"]["api_calls"] = sum(each.requests for each in services)
    summary.raise_for_failures(
        targets, pending, change=change, interrupted=interrupted, is_check=task.check_mode, warn=task.warn
    )


def _preview(task: Task, service: ServiceCatalog, targets: list[target.Target]) -> None:
    if task.check_mode or task.diff_mode:
        diff = plan.preview(service, targets, task.warn, is_check=task.check_mode)
        task.result.update({"diff": diff} if task.diff_mode else {})


def main() -> None:
    target_options: dict[str, dict] = {each: {"type": "str"} for each in _arguments.PRODUCT}
    target_options["parameters"] = {"type": "dict"}
    module = AnsibleAWSModule(
        argument_spec={
            **{f"{each}s": {"type": "list", "elements": "str", "aliases": [each]} for each in _arguments.PRODUCT},
            "search_query": {"type": "list", "elements": "str"},
            "tags": {"type": "dict"},
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": target_options,
                "required_one_of": [_arguments.PRODUCT],
                "mutually_exclusive": [_arguments.PRODUCT],
            },
            "wait": {"type": "bool", "default": True},
            "max_concurrency": {"type": "str", "default": "50"},
            "max_errors": {"type": "str", "default": "0"},
            "return_results": {"type": "str", "choices": ["all", "problems"], "default": "all"},
            "return_outputs": {"type": "str", "choices": ["failures", "all"], "default": "failures"},
            **_arguments.listing(),
            **_arguments.execution(),
            **_arguments.waiting(),
        },
        required_one_of=[_SOURCES, _arguments.ACTION],
        mutually_exclusive=[_SOURCES[:-1], *((each, "tags") for each in _SOURCES[:3]), _arguments.ACTION],
        supports_check_mode=True,
    )
    run(module, run_on_many)


if __name__ == "__main__":
    main()

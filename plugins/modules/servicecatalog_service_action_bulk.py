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
  - Needs little more than one API call for each target. The rate of starts and the rate of polls adapt separately to
    throttling by the service.
  - If the task is run again with the same O(change_id), it resumes where it left off. Actions that have ended are not
    run again, running actions are waited for, and the rest are started.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  provisioned_product_ids:
    description:
      - The ids of the provisioned products to run the action on.
      - Exactly one way to select the targets is required, which is O(provisioned_product_ids),
        O(provisioned_product_names), O(targets), or a search by O(search_query), O(tags) or both. With an empty list
        or dictionary, the task succeeds and changes nothing.
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
      - Run the action on the provisioned products that this search finds, in the syntax of the service's
        C(SearchQuery).
      - See O(selfservice.aws.servicecatalog_provisioned_product_info#module:search_query) for the fields.
      - O(access_level) restricts whose products it finds.
      - Do not search by C(status) in a task that you may have to run again. While an action runs, the product has
        another status, so the same search does not find it again, and its record is not waited for. The module warns if
        such a search is used with O(change_id).
    type: list
    elements: str
  tags:
    description:
      - Run the action on the provisioned products that have all these tags, with exactly these keys and values. Keys
        and values are case-sensitive.
      - A value is a string or an integer.
      - The service's search can't match tags exactly. The module therefore reads all products that O(search_query)
        finds or, without O(search_query), all that the caller can see, and compares the tags itself.
    type: dict
  targets:
    description:
      - The provisioned products to run the action on, each with its own parameters.
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
      - Whether to wait until the status of every record is V(SUCCEEDED) or V(FAILED).
      - If V(false), O(wait_timeout) still limits how long a call may take.
      - If V(false), only targets that are not found, starts that are rejected or get no usable response, and
        V(FAILED) records of earlier runs count as errors. O(max_concurrency) then limits the number of concurrent API
        calls.
    type: bool
    default: true
  max_concurrency:
    description:
      - The maximum number of targets on which the action runs at the same time, as a count or as a percentage of all
        targets, such as V(10%), which is rounded down but is at least 1.
      - A target counts from its start until the module reads that its record has ended. A target that timed out still
        counts and is still polled while others run. When its record ends, another target starts.
      - With O(wait) or O(wait_until_available), a start that got no usable response is retried with the same token
        until O(wait_timeout), or until no more starts are sent because of a signal or too many errors. Then the
        target is V(failed), but its action may have been started, so it still counts.
      - If nothing else is running, and targets that timed out or got no usable response keep the rest from starting,
        the run ends, and C(msg) names the targets that are in the way. Stop their actions, wait until these have
        ended, or increase O(max_concurrency).
      - A target that waits until its product is available (see O(wait_until_available)) does not count. Once the
        product is available, the target starts after all targets that have not been tried yet.
      - When a run is resumed with the same targets in the same order, the limit holds for both runs together, unless
        a target was waiting for its product when the first run ended. It also does not hold for actions that are
        still running if the service rejects their repeated start, because of throttling or because the product is
        busy. Such a target does not count. It fails or, with a busy product and O(wait_until_available), waits for
        its product.
    type: str
    default: "50"
  max_errors:
    description:
      - The number of targets that may fail, as a count or as a percentage of all targets, which is rounded down. If
        more fail, no further targets are started. Running actions are still waited for.
      - Targets that are rejected, time out, or are not found count as failed.
      - Records that were V(FAILED) before this run began do not prevent further starts, so that a run can be resumed
        after too many errors.
      - The task fails if more than this number of targets have failed, including in earlier runs, or if any timed out.
    type: str
    default: "0"
  return_results:
    description:
      - Which targets to return in RV(results). With V(problems), these are the first 10 targets that failed or timed
        out, and RV(remaining) has only the first 20 targets that were not started.
      - A failed task prints its results. Those of a thousand targets are about a megabyte.
    type: str
    choices: [all, problems]
    default: all
  return_outputs:
    description:
      - Whose outputs to read. V(failures) costs an API call for each failed target, V(all) one for each target.
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
      - Starts nothing, but validates every target against the API, no matter how many fail. The outcome of a target is
        V(would_start), or V(failed) if its start would be rejected. RV(changed) is true if any target would start, and
        RV(remaining) is empty.
      - The task fails if more than O(max_errors) targets have failed, since the run would fail, too.
      - If the credentials do not allow one of the reads, the module warns. With O(change_id), a busy product only
        causes a warning, since it may be busy with this change.
      - With O(retry_failed), the attempt and the token of each target are null, since they are known only after a
        start.
  diff_mode:
    support: full
    details:
      - RV(ignore:diff) has an item for each target, except those that are not found or are rejected before anything
        is started, with the name of the target in the headers. Its C(before) is the action's default parameters, and
        its C(after) is the parameters that take effect. This costs one more API call for each target, except in check
        mode, where it costs no extra call.
notes:
  - Tested against an emulator of the service only, never against AWS.
  - O(wait_timeout) applies to each target separately, beginning with its first start. The time that a target waits for
    others after its product has become available is not counted. If there is only one target, it begins with the task,
    as in M(selfservice.aws.servicecatalog_service_action).
  - A target whose product does not become available in time counts as failed. If no more starts are sent because of
    too many errors or a signal, targets that are still waiting become V(not_started).
seealso:
  - module: selfservice.aws.servicecatalog_service_action
  - module: selfservice.aws.servicecatalog_provisioned_product_info
"""

EXAMPLES = r"""
- name: Restart databases, twenty at a time, and stop if more than a tenth of them fail
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

- name: Show what went wrong
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

- name: Restart each of two databases as soon as it is no longer being changed
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_names: [orders-db, billing-db]
    service_action_name: Restart
    wait_until_available: true
    change_id: CHG-4714

- name: Back up two databases, by ids, without waiting
  selfservice.aws.servicecatalog_service_action_bulk:
    provisioned_product_ids:
      - pp-orders0000001
      - pp-billing000001
    service_action_id: act-backup0000001
    wait: false
"""

RETURN = r"""
changed:
  description: Whether this run created at least one record, or may have created one.
  returned: always
  type: bool
results:
  description:
    - The targets in the given order, each with its outcome.
    - With O(return_results=problems), only the first 10 that failed or timed out.
  returned: unless the arguments are invalid
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
        - V(succeeded), V(failed), V(timed_out) or V(not_started). Without O(wait), also V(started). In check mode,
          V(would_start) or V(failed).
        - If polling a record failed before it ended, the outcome is V(timed_out).
        - A target that timed out stays V(timed_out) even if its record ends later in the same run. The record then
          shows how it ended.
        - If a start got no usable response, the outcome is V(failed), and C(msg) says that the action may have been
          started.
      type: str
    changed:
      description: Whether this run created the record, or may have created it. In check mode, whether it would.
      type: bool
    execute_token:
      description:
        - The idempotency token of the attempt. Null if the target was not found or its parameters are invalid, and in
          check mode with O(retry_failed).
      type: str
    attempt:
      description: The number of the attempt, starting at 1. Null if C(execute_token) is null.
      type: int
    record_detail:
      description:
        - The record as last read, with all members of RecordDetail. Members that the service did not return are null.
        - Without a record, all members are null, and C(record_errors) and C(record_tags) are empty.
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
      description: The outputs of the record, if O(return_outputs) asks for them.
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
    msg:
      description: What went wrong. Null if nothing did.
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
summary:
  description: The number of targets with each outcome, the duration, and the number of API calls.
  returned: unless the arguments are invalid
  type: dict
  contains:
    succeeded:
      description: The number of targets that succeeded.
      type: int
    failed:
      description: The number of targets that failed, were rejected or not found, or may have been started.
      type: int
    timed_out:
      description: The number of targets that did not end in time.
      type: int
    not_started:
      description: The number of targets that were not started.
      type: int
    started:
      description: The number of targets that were started and not waited for.
      type: int
    would_start:
      description: The number of targets that would start. Zero except in check mode.
      type: int
    results_omitted:
      description:
        - The number of targets that failed or timed out but are omitted from RV(results), with
          O(return_results=problems).
      type: int
    seconds:
      description: The duration of the run, in seconds.
      type: float
    api_calls:
      description: The number of HTTP requests that were sent, including retries.
      type: int
remaining:
  description:
    - The ids of the targets that were not started, or their names if the ids are not known. To start them, run the task
      again with the same change. Empty in check mode.
    - With O(return_results=problems), only the first 20. RV(summary) has the total number.
  returned: unless the arguments are invalid
  type: list
  elements: str
change_id:
  description: The id of the change. If the task is run again with it, it resumes where it left off.
  returned: unless the arguments are invalid
  type: str
  sample: CHG-4711
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
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import change_of
from ansible_collections.selfservice.aws.plugins.module_utils._budget import budget_of
from ansible_collections.selfservice.aws.plugins.module_utils._bulk import plan, queue, resolve, runner, summary, target
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.starts import WORKERS
from ansible_collections.selfservice.aws.plugins.module_utils._module import Task, run
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import levels, models
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.tags import check_tags

# The options that select the targets. They exclude each other, except that a search can use the last two together.
_SOURCES = ("provisioned_product_ids", "provisioned_product_names", "targets", "search_query", "tags")


def run_on_many(task: Task) -> None:
    """Run the action on every target; in check mode, validate the starts."""
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
    budget_of(params, len(targets))
    task.limit_calls(params["wait_timeout"], each=len(targets) != 1)
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
        pending = queue.TargetQueue(targets, budget_of(params, len(targets)), retry_failed=params["retry_failed"])
        _preview(task, services[0], targets)
        if len(targets) == 1:
            targets[0].waited = task.clock.monotonic() - task.started
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

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of each host of a batch, the statistics for AWX workflows, and whether the play continues."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._budget import parse_count
from ...module_utils._clock import ENDED_BY_SIGNAL
from ...module_utils._exceptions import THIS_IS_A_BUG
from .batch import BATCH, RUN, WAITED, join, same_run
from .options import PRODUCT

OUTCOMES = ("succeeded", "failed", "timed_out", "not_started", "started", "would_start")
_FAILURES = ("failed", "timed_out", "not_started")
_NO_RECORD: dict[str, Any] = {
    **dict.fromkeys((*PRODUCT, "execute_token", "attempt", "msg", "error")),
    "changed": False,
    "record_detail": {},
    "record_outputs": {},
    "record_output_list": [],
}
_OF_RECORD = ("record_detail", "record_outputs", "record_output_list")
_NOT_STARTED = "Nothing was started"
_SAYS_NOT_STARTED = re.compile("othing was started|started nothing")

Item = dict[str, Any]
_UNKNOWN: Item = {"outcome": "not_started", "msg": None}


def failed(item: Mapping[str, Any]) -> bool:
    """Return whether a host with this result has failed."""
    return item["outcome"] in _FAILURES


@dataclass(frozen=True)
class Registered:
    """The results that the tasks of a batch have registered.

    `positions` has the index of each host among the targets. `refusal` says why the batch was rejected. `run` and
    `waited` are the results of the bulk module and of servicecatalog_record_wait, or empty if they did not run.
    """

    positions: Mapping[str, int]
    refusal: str | None
    run: Mapping[str, Any]
    waited: Mapping[str, Any]

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Registered:
        """Read the registered results from the variables of any host of the batch."""
        checked, run, waited = (variables.get(name, {}) for name in (BATCH, RUN, WAITED))
        # The task is a loop of one item, or of none if the batch was rejected.
        run = next(iter(run.get("results") or ()), run)
        return cls(checked.get("positions", {}), checked.get("refusal"), run, waited)

    def result_of(self, name: str, host: Mapping[str, Any]) -> Item:
        """Return the result of a host, in the shape of an item of the bulk module's results."""
        item = self._item_of(name)
        if len(self.positions) == 1:
            item = _with_record(item, self.waited)
        if item["outcome"] == "started" and host["options"]["wait"]:
            item = _without_end(item, self.waited.get("msg") or self.run.get("msg"))
        return _of_host(host, item)

    def _item_of(self, name: str) -> Item:
        """Return what the bulk module returned for a host."""
        items = [] if self.refusal else self.run.get("results") or []
        item = items[self.positions[name]] if len(items) == len(self.positions) else _UNKNOWN
        if _tells_more(item) or (any(map(_tells_more, items)) and not _is_bug(self.run)):
            return item
        # The batch was rejected, nothing was started, or the module did not return results, for example because it was
        # killed.
        return _without_result(self.run, self.refusal)


def _tells_more(item: Item) -> bool:
    """Return whether the result of a target says more than that it was not started."""
    return bool(item["outcome"] != "not_started" or item["msg"])


def _is_bug(run: Mapping[str, Any]) -> bool:
    return THIS_IS_A_BUG in str(run.get("msg"))


def _without_result(run: Mapping[str, Any], refusal: str | None) -> Item:
    message = str(run.get("msg") or "There is no message.")
    if refusal or (_SAYS_NOT_STARTED.search(message) and not _is_bug(run)):
        return {"outcome": "not_started", "msg": refusal or message}
    text = f"The action may have started, because the task ended without a result: {message}"
    return {"outcome": "timed_out", "msg": text}


def _without_end(item: Item, reason: Any) -> Item:
    """Return the result of a host whose record should have been waited for, and was not seen to end."""
    why = reason or "The start took all of wait_timeout."
    text = f"The end of record {item['record_detail'].get('record_id')} was not seen: {why}"
    return {**item, "outcome": "timed_out", "msg": text}


def _with_record(item: Item, waited: Mapping[str, Any]) -> Item:
    """Return the result of a single host, updated with the record that servicecatalog_record_wait returned."""
    for record in waited.get("records") or []:
        if record["record_detail"]["record_id"] == item.get("record_detail", {}).get("record_id"):
            item = {**item, **{key: record[key] for key in _OF_RECORD}}
            if item["outcome"] == "started":
                # As in the bulk module, a record whose end was not observed counts as timed out.
                outcome = "timed_out" if record["outcome"] == "unknown" else record["outcome"]
                item.update(outcome=outcome, msg=record["msg"], error=record["error"])
    return item


def _of_host(host: Mapping[str, Any], item: Item) -> Item:
    found = {**_NO_RECORD, **item}
    message = found["msg"] or ("Not started." if found["outcome"] == "not_started" else None)
    is_refused = found["outcome"] == "failed" and not (found["changed"] or found["record_detail"].get("record_id"))
    if is_refused and _NOT_STARTED not in str(message):
        message = f"{message} {_NOT_STARTED}."
    target = {name: found[name] or host["target"].get(name) for name in PRODUCT}
    return {**found, **target, "msg": message, "parameters": host["parameters"]}


def explained(item: Item, end: str, change: Any) -> Item:
    """Return the result of a host; if it failed, its message also says why the play ends and how to continue."""
    sentences = (item["msg"], end, how_to_continue(item, change))
    return {**item, "msg": " ".join(filter(None, sentences))} if failed(item) else item


def common_options(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options of the batch, or an empty dictionary if no host has valid options."""
    found: dict[str, Any] = next((host["options"] for host in hosts.values() if host["options"]), {})
    return found


def report_context(options: Mapping[str, Any], change: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts about the whole run for the report."""
    names = ("service_action_id", "service_action_name", "region", "max_errors")
    return {
        "change_id": change,
        "run_by": variables.get("awx_user_name") or variables.get("tower_user_name"),
        "awx_job_id": variables.get("awx_job_id") or variables.get("tower_job_id"),
        "arn": _arn(variables.get("arn")),
        **{name: options.get(name) for name in names},
    }


def _arn(value: Any) -> str:
    """Return the host variable `arn` of the inventory plugin, or an empty string for another variable of that name."""
    return value if isinstance(value, str) and re.match(r"arn:[\w-]+:servicecatalog:[\w-]+:\d+:", value) else ""


def report(results: Mapping[str, Item], context: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of the report tasks.

    If no ARN is known, `product_id` is the id of a product from whose ARN the role can read the account.
    """
    named = [{**item, "host": name} for name, item in results.items()]
    ids = [item["provisioned_product_id"] for item in named if item["provisioned_product_id"]]
    return {
        "context": dict(context),
        "results": named,
        "product_id": ids[0] if ids and not context["arn"] else "",
        "formats": ["html", "json"] if options["report_json"] else ["html"],
    }


def ends_play(results: Mapping[str, Item], run: Mapping[str, Any], max_errors: str) -> bool:
    """Return whether no host continues with the play: more hosts failed than max_errors allows, or not all were run.

    A host that timed out counts as one that failed, although the bulk task fails because of it in any case.
    """
    errors = [item for item in results.values() if failed(item)]
    if not errors or len(results) == 1 or not run.get("results"):
        return bool(errors)
    if _is_cut_short(run, errors) or count_outcomes(results)["not_started"]:
        return True
    return len(errors) > parse_count("max_errors", max_errors, len(results), least=0)


def _is_cut_short(run: Mapping[str, Any], errors: list[Item]) -> bool:
    """Return whether a signal or a bug ended the bulk task. Its message may be shortened, those of hosts are not."""
    return _is_bug(run) or any(ENDED_BY_SIGNAL in str(each.get("msg")) for each in (run, *errors))


def explain_end(results: Mapping[str, Item], max_errors: Any, *, later_hosts: int) -> str:
    """Return why the play ends, or an empty string for a single host, whose own message is enough."""
    sentences = []
    if len(results) > 1:
        counts = count_outcomes(results)
        words = ", ".join(f"{counts[each]} {each.replace('_', ' ')}" for each in _FAILURES if counts[each])
        sentences.append(
            f"The play ends here: of {len(results)} hosts of the batch, {words} (max_errors is {max_errors})."
        )
    if later_hosts:
        sentences.append(f"{later_hosts} hosts of later batches are not started.")
    return " ".join(sentences)


def how_to_continue(item: Item, change: Any) -> str:
    """Return how to continue after a failure, or an empty string if the batch was rejected and has no change id."""
    if change is None:
        return ""
    again = same_run(change)
    if item["outcome"] == "timed_out":
        return f"To continue, {again}."
    if item["outcome"] == "failed" and item["record_detail"].get("record_id"):
        return f"To start it again, fix the cause and {again} and run_service_action_retry_failed: true."
    return f"To continue, fix the cause and {again}."


def statistics(results: Mapping[str, Item], job_id: Any) -> dict[str, Any]:
    """Return the lists and numbers that set_stats aggregates over all batches.

    In AWX, each is also returned under a name with the job id, which job slices do not share.
    """
    found = {
        "record_ids": list(filter(None, (item["record_detail"].get("record_id") for item in results.values()))),
        "remaining": [_name_of(item) for item in results.values() if item["outcome"] == "not_started"],
        "failed_hosts": [name for name, item in results.items() if failed(item)],
        **count_outcomes(results),
    }
    prefixes = ["run_service_action_"] + [f"run_service_action_{job_id}_"] * bool(job_id)
    return {f"{prefix}{name}": value for prefix in prefixes for name, value in found.items()}


def count_outcomes(results: Mapping[str, Item]) -> dict[str, int]:
    """Return the number of hosts for each outcome."""
    counts = Counter(item["outcome"] for item in results.values())
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def describe_failures(results: Mapping[str, Item]) -> str:
    """Return a warning that names the failed hosts, or an empty string if none failed."""
    names = [name for name, item in results.items() if failed(item)]
    return f"{len(names)} of {len(results)} hosts failed, and the play continues: {join(names)}." if names else ""


def _name_of(item: Item) -> str:
    return str(item["provisioned_product_id"] or item["provisioned_product_name"] or "")

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of one call of the role run_service_action, and what they have in common."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import strategy_loader

from .options import PRODUCT, RoleError

# The variables that the role registers.
HOST, BATCH, RUN, WAITED, RESULTS, RESULT = (
    f"run_service_action_{name}" for name in ("host", "batch", "run", "waited", "results", "result")
)
# Ansible loads action plugins, and so this file, before it forks the processes that run them, which share the key.
_KEY = secrets.token_bytes(32)
_MOST_NAMED = 10


def registered(variables: Mapping[str, Any], name: str) -> Any:
    """Return what a task of the role registered before."""
    try:
        return variables[name]
    except KeyError:
        raise AnsibleActionFail(
            "This is a part of the role selfservice.aws.run_service_action. Use the role."
        ) from None


def _calls(task: Any, task_vars: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id of the play, and how often its batch has called the role so far."""
    play = task.get_play()._uuid
    return play, task_vars.get(BATCH, {}).get("calls", {}).get(play, 0)


def calls_with(task: Any, task_vars: Mapping[str, Any]) -> dict[str, int]:
    """Return how often the batch has called the role, this call included, by the id of the play."""
    play, number = _calls(task, task_vars)
    return {play: number + 1}


def call_of(task: Any, task_vars: Mapping[str, Any]) -> str:
    """Return what is the same for all hosts and batches of this call of the role, and different for any other call."""
    places = []
    parent = task._parent
    while parent is not None:
        places.append(parent._uuid)
        parent = getattr(parent, "_parent", None)
    item = task_vars.get(str(task_vars.get("ansible_loop_var")))
    return digest([*_calls(task, task_vars), places, repr(item)])


def digest(value: Any) -> str:
    """Return a hash of a value that tells nothing of it to other runs."""
    return hmac.new(_KEY, json.dumps(value, sort_keys=True, default=str).encode(), hashlib.sha256).hexdigest()


def check_strategy(task: Any) -> None:
    """Refuse a strategy that would run a run_once task on every host; no variable tells the strategy."""
    name = task.get_play().strategy
    strategy = strategy_loader.get(name, class_only=True)
    # By name, since a strategy that is named with its namespace is loaded as another class.
    if not any(base.__module__.endswith(".strategy.linear") for base in strategy.__mro__):
        raise RoleError(
            f"The strategy of the play is {name}, which ignores run_once, so each host would run the tasks that must "
            "run once for the whole batch. Use the strategy linear."
        )


def hosts_of_call(task_vars: Mapping[str, Any], call: str | None) -> dict[str, dict[str, Any]]:
    """Return what the hosts of the batch were prepared with that reached this call of the role.

    In a rescue Ansible counts hosts as removed from the play that it failed for the failure of another host. Of the
    hosts that were removed, those of earlier batches have their results.
    """
    removed = {*task_vars["ansible_play_hosts_all"]} - {*task_vars["ansible_play_hosts"]}
    candidates = removed.union(task_vars["ansible_play_batch"])
    found = {}
    for name in task_vars["ansible_play_hosts_all"] if call else ():
        if name in candidates:
            variables = task_vars["hostvars"].raw_get(name)
            if variables.get(HOST, {}).get("call") == call != variables.get(RESULTS, {}).get("call"):
                found[name] = variables[HOST]
    return found


def earlier_results(task_vars: Mapping[str, Any], call: str | None) -> dict[str, dict[str, Any]]:
    """Return the results of this call in the batches before, by host."""
    hostvars = task_vars["hostvars"]
    found = {name: hostvars.raw_get(name) for name in task_vars["ansible_play_hosts_all"]}
    return {name: each[RESULT] for name, each in found.items() if each.get(RESULTS, {}).get("call") == call}


def count_later_hosts(task: Any, task_vars: Mapping[str, Any]) -> int:
    """Return how many hosts of the play are in batches that have not begun."""
    play, hostvars = task.get_play()._uuid, task_vars["hostvars"]
    begun = [
        play in hostvars.raw_get(name).get(BATCH, {}).get("calls", {}) for name in task_vars["ansible_play_hosts_all"]
    ]
    return begun.count(False)


def check_batch(hosts: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse hosts that one task can't run on."""
    refused = {name: host["refusal"] for name, host in hosts.items() if host["refusal"]}
    if refused:
        name, refusal = next(iter(refused.items()))
        more = f" It is one of {len(refused)} such hosts: {join(refused)}." if len(refused) > 1 else ""
        raise RoleError(f"{name}: {refusal}{more}")
    by_target: dict[str, list[str]] = {}
    for name, host in hosts.items():
        product = [host["target"].get(option) for option in PRODUCT]
        by_target.setdefault(str(product), []).append(name)
    for names in by_target.values():
        if len(names) > 1:
            raise RoleError(
                f"These hosts are the same provisioned product: {join(names)}. Limit the play to one of them."
            )
    _check_options(hosts)


def _check_options(hosts: Mapping[str, Mapping[str, Any]]) -> None:
    first = next(iter(hosts.values()))
    for host in hosts.values():
        for option in sorted({*first["options"], *host["options"], "sensitive_parameters"}):
            if _common(host, option) != _common(first, option):
                values = _describe_values(hosts, option)
                raise RoleError(
                    f"{option} differs between the hosts of the batch{values}. Limit the play to hosts with the same "
                    "value, or run it once for each value."
                )


def _common(host: Mapping[str, Any], option: str) -> Any:
    return host["secrets"] if option == "sensitive_parameters" else host["options"].get(option)


def _describe_values(hosts: Mapping[str, Mapping[str, Any]], option: str) -> str:
    if option == "sensitive_parameters":
        return ""
    return ": " + join(dict.fromkeys(str(host["options"].get(option, "none given")) for host in hosts.values()))


def same_run(change: Any) -> str:
    """Return how to run the role again for a change, in words.

    The change is JSON, since it may be something that YAML reads as a number, a time, or a structure.
    """
    return f"run the same again with run_service_action_change_id: {json.dumps(change, ensure_ascii=False)}"


def join(names: Iterable[str]) -> str:
    """Return the first names as a list in a sentence."""
    names = list(names)
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + rest

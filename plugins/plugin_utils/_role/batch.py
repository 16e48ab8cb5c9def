# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of one call of the role run_service_action, and the values that they share."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.loader import strategy_loader

from .options import PRODUCT, RoleError

# The variables that the role registers.
HOST, BATCH, RUN, WAITED, RESULTS, RESULT = (
    f"run_service_action_{name}" for name in ("host", "batch", "run", "waited", "results", "result")
)
# Ansible loads action plugins, and with them this file, before it forks its workers, so all workers share the key.
_KEY = secrets.token_bytes(32)
_MOST_NAMED = 10


def registered(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable that an earlier task of the role registered."""
    try:
        return variables[name]
    except KeyError:
        raise AnsibleActionFail(
            "This is a part of the role selfservice.aws.run_service_action. Use the role."
        ) from None


def _calls(task: Any, task_vars: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id of the play, and how many times its batch has called the role so far."""
    play = task.get_play()._uuid
    return play, task_vars.get(BATCH, {}).get("calls", {}).get(play, 0)


def calls_with(task: Any, task_vars: Mapping[str, Any]) -> dict[str, int]:
    """Return how many times the batch has called the role, including this call, by the id of the play."""
    play, number = _calls(task, task_vars)
    return {play: number + 1}


def call_of(task: Any, task_vars: Mapping[str, Any]) -> str:
    """Return the id of this call of the role for this batch. It is the same for all of its hosts."""
    return _id_of(task, task_vars, [parent._uuid for parent in _parents(task)])


def series_of(task: Any, task_vars: Mapping[str, Any]) -> str:
    """Return the id of this call of the role in the play. It is the same for all batches."""
    parents = _parents(task)
    includes = [number for number, parent in enumerate(parents) if _is_dynamic(parent)]
    # Ansible creates what is below an include anew for each batch, with other UUIDs but from the same lines.
    lasting = parents[includes[-1] :] if includes else parents
    return _id_of(task, task_vars, [[parent._uuid for parent in lasting], [parent.get_path() for parent in parents]])


def _parents(task: Any) -> list[Any]:
    parents, parent = [], task._parent
    while parent is not None:
        parents.append(parent)
        parent = getattr(parent, "_parent", None)
    return parents


def _is_dynamic(parent: Any) -> bool:
    return isinstance(parent, TaskInclude) and not parent.statically_loaded


def _id_of(task: Any, task_vars: Mapping[str, Any], parents: list[Any]) -> str:
    item = task_vars.get(str(task_vars.get("ansible_loop_var")))
    return digest([*_calls(task, task_vars), parents, repr(item)])


def digest(value: Any) -> str:
    """Return a keyed hash of a value. Other processes don't have the key, so they can't test guesses of the value."""
    return hmac.new(_KEY, json.dumps(value, sort_keys=True, default=str).encode(), hashlib.sha256).hexdigest()


def check_strategy(task: Any) -> None:
    """Reject a strategy that ignores run_once. The strategy is read from the play, because no variable has it."""
    name = task.get_play().strategy
    strategy = strategy_loader.get(name, class_only=True)
    # Compare module names: a strategy given as ansible.builtin.linear is loaded as a different class than linear.
    if not any(base.__module__.endswith(".strategy.linear") for base in strategy.__mro__):
        raise RoleError(
            f"The strategy of the play is {name}, which ignores run_once, so each host would run the tasks that must "
            "run once for the whole batch. Use the strategy linear."
        )


def hosts_of_call(task_vars: Mapping[str, Any], call: str | None) -> dict[str, dict[str, Any]]:
    """Return the prepared data of each host of the batch that reached this call of the role.

    In a rescue section, hosts that Ansible failed because another host failed count as removed from the play, so
    removed hosts are included. Those that belong to earlier batches already have results and are left out.
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


def earlier_results(task_vars: Mapping[str, Any], series: str) -> dict[str, dict[str, Any]]:
    """Return the results that earlier batches published for this call of the role, by host."""
    found = {name: task_vars["hostvars"].raw_get(name) for name in task_vars["ansible_play_hosts_all"]}
    return {name: each[RESULT] for name, each in found.items() if _has_result(each, series)}


def _has_result(variables: Mapping[str, Any], series: str) -> bool:
    # What run_once tasks register is also set on hosts of the batch that did not reach the role.
    collected = variables.get(RESULTS, {})
    return (
        collected.get("series") == series
        and collected["call"] == variables.get(HOST, {}).get("call")
        and "outcome" in variables.get(RESULT, {})
    )


def count_later_hosts(task: Any, task_vars: Mapping[str, Any]) -> int:
    """Return the number of hosts in batches that have not called the role yet."""
    play, hostvars = task.get_play()._uuid, task_vars["hostvars"]
    begun = [
        play in hostvars.raw_get(name).get(BATCH, {}).get("calls", {}) for name in task_vars["ansible_play_hosts_all"]
    ]
    return begun.count(False)


def check_batch(hosts: Mapping[str, Mapping[str, Any]], folder: str) -> None:
    """Reject a batch whose hosts can't be handled by a single task; `folder` is where relative paths begin."""
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
    report = next(iter(hosts.values()))["options"].get("report")
    if report:
        _check_report(Path(folder, report))


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


def _check_report(path: Path) -> None:
    # Not Path.is_dir(), which raises an error for a name that is too long.
    if os.path.isdir(path):  # noqa: PTH112
        raise RoleError(f"run_service_action_report is the directory {path}; give the path of a file.")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise RoleError(f"The directory of run_service_action_report does not exist: {path.parent}. Create it.")
    if not os.access(path.parent, os.W_OK):
        raise RoleError(f"run_service_action_report can't be written, because {path.parent} is not writable.")


def _common(host: Mapping[str, Any], option: str) -> Any:
    return host["secrets"] if option == "sensitive_parameters" else host["options"].get(option)


def _describe_values(hosts: Mapping[str, Mapping[str, Any]], option: str) -> str:
    if option == "sensitive_parameters":
        return ""
    return ": " + join(dict.fromkeys(str(host["options"].get(option, "none given")) for host in hosts.values()))


def same_run(change: Any) -> str:
    """Return a phrase that says how to run the role again for a change.

    The change id is formatted as JSON, because YAML could read it as a number, a time or a structure.
    """
    return f"run the same again with run_service_action_change_id: {json.dumps(change, ensure_ascii=False)}"


def join(names: Iterable[str]) -> str:
    """Join names with commas; after the first _MOST_NAMED, return only how many more there are."""
    names = list(names)
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + rest

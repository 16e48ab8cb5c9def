# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the role run_service_action for one host, and the provisioned product of the host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._exceptions import InvalidInput
from ...module_utils._secrets import masker

PRODUCT = ("provisioned_product_id", "provisioned_product_name")
_SPEC: dict[str, dict[str, Any]] = {
    "service_action_id": {"type": "str"},
    "service_action_name": {"type": "str"},
    "parameters": {"type": "dict", "default": {}},
    "change_id": {"type": "raw"},
    "change_id_adds_date": {"type": "bool", "default": False},
    "retry_failed": {"type": "bool", "default": False},
    "wait_until_available": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    "wait_delay": {"type": "float"},
    "max_concurrency": {"type": "str", "default": "50"},
    "max_errors": {"type": "str", "default": "0"},
    "accept_language": {"type": "str", "choices": ["en", "jp", "zh"]},
    "region": {"type": "str"},
    "report": {"type": "path"},
    "report_json": {"type": "bool", "default": False},
    "ignore_failures": {"type": "bool", "default": False},
}
OPTIONS = tuple(_SPEC)
# Ansible loads this file before it forks, so all batches of a run use the same date, even if it runs past midnight.
_TODAY = datetime.now(timezone.utc).date().isoformat()
_DATED = re.compile(r"@\d{4}-\d\d-\d\d$")


class RoleError(Exception):
    """The role can't start the action."""


def read_options(given: Mapping[str, Any], *, is_relaunch: bool = False) -> dict[str, Any]:
    """Validate the role's options and return those that are set or have a default.

    A survey sends an empty string or null for an unanswered question, so both count as omitted.
    """
    result = ArgumentSpecValidator(_SPEC).validate({name: given[name] for name in OPTIONS if not is_empty(given[name])})
    if result.error_messages:
        raise RoleError(f"Invalid options of the role run_service_action: {' '.join(result.error_messages)}")
    options = {name: value for name, value in result.validated_parameters.items() if value is not None}
    adds_date = options.pop("change_id_adds_date")
    if "change_id" in options:
        options["change_id"] = read_change(options["change_id"], adds_date=adds_date, is_relaunch=is_relaunch)
    if ("service_action_id" in options) == ("service_action_name" in options):
        raise RoleError("Set either run_service_action_service_action_id or run_service_action_service_action_name.")
    # Without a given change id there is no earlier attempt to retry, and check mode doesn't generate an id.
    return {**options, "retry_failed": options["retry_failed"] and "change_id" in options}


def was_relaunched(variables: Mapping[str, Any]) -> bool:
    """Return whether this AWX job repeats an earlier one. A job slice belongs to a workflow job, which does then."""
    return "relaunch" in (variables.get("awx_job_launch_type"), variables.get("awx_workflow_job_launch_type"))


def read_change(given: Any, *, adds_date: bool, is_relaunch: bool = False, today: str = _TODAY) -> Any:
    """Return the change id, without the JSON quotes in which the role prints it, and with the date if `adds_date`.

    An id that already ends in a date is kept, so that a printed id continues the same change on a later day. A relaunch
    can't get the date of the job that it repeats, so it needs such an id.
    """
    change = given
    if isinstance(given, str) and re.fullmatch(r'".+"', given):
        try:
            change = json.loads(given)
        except ValueError:
            change = given
    if not adds_date or _DATED.search(str(change)):
        return change
    if is_relaunch:
        raise RoleError(
            "This job repeats an earlier one, perhaps on another day. With run_service_action_change_id_adds_date, it"
            " would then be a change of its own, and start the action again. To continue the earlier job, launch the"
            f" job template with the change that the earlier job shows: {change}@, followed by its date."
        )
    return f"{change}@{today}"


def is_empty(value: Any) -> bool:
    """Return whether a value counts as omitted."""
    return value is None or value == ""


def check_secrets(*given: Any) -> dict[str, Any]:
    """Merge dictionaries of sensitive parameters, and reject values that a module can't mask.

    The error does not quote the values. They are checked here, before a module receives them, because ansible-core
    2.22 and later mask every no_log value of a module, even a very short one, in all later output.
    """
    secrets: dict[str, Any] = {}
    for each in given:
        if not is_empty(each):
            if not isinstance(each, Mapping) or not all(map(_is_scalar, _flatten(each.values()))):
                raise RoleError(
                    "run_service_action_sensitive_parameters must be a dictionary whose values are scalars or lists of "
                    "scalars."
                )
            secrets.update(each)
    try:
        masker.check_secrets({str(name): map(str, _flatten([value])) for name, value in secrets.items()})
    except InvalidInput as error:
        raise RoleError(f"run_service_action_{error}") from None
    return secrets


def _flatten(values: Iterable[Any]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, (list, tuple)) else [value])]


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def masker_of(secrets: Mapping[str, Any]) -> masker.Masker:
    """Return what masks the values of sensitive parameters."""
    found = masker.Masker()
    found.use(map(str, _flatten(secrets.values())))
    return found


def display(parameters: Mapping[str, Any], secrets: Mapping[str, Any], masks: masker.Masker) -> dict[str, Any]:
    """Return `parameters`, masked and with the sensitive ones, and `has_secrets`: whether a secret was among them."""
    plain = {str(name): value for name, value in parameters.items()}
    masked = {name: _mask_value(value, masks) for name, value in plain.items()}
    shown = masker.mask_keys({**masked, **dict.fromkeys(secrets, masker.MASK)}, masks.mask)
    return {"parameters": shown, "has_secrets": masker.mask_keys(masked, masks.mask) != plain}


def _mask_value(value: Any, masks: masker.Masker) -> Any:
    if isinstance(value, (list, tuple)):
        return [_mask_value(each, masks) for each in value]
    text = masks.mask(str(value))
    return value if text == str(value) else text


def choose_target(
    given: Mapping[str, Any], *, extra: Mapping[str, Any], own: Mapping[str, Any], play_hosts: Sequence[str]
) -> dict[str, Any]:
    """Return the id or the name of the host's provisioned product, as an option of the modules.

    `given` has the values of the two variables for this call, `extra` the extra variables, and `own` the values from
    the inventory. A value that was set for the call takes precedence over one from the inventory.
    """
    found = {name: given[name] for name in PRODUCT if not is_empty(given[name])}
    if not found:
        raise RoleError(
            "The host has neither the variable provisioned_product_id nor provisioned_product_name, which name the "
            "product to run the action on. Set one of them, or limit the play to hosts that have it."
        )
    from_extra = [name for name in found if not is_empty(extra.get(name))]
    if from_extra and len(play_hosts) > 1:
        raise RoleError(
            f"The extra variable {from_extra[0]} names one product, but the play has {len(play_hosts)} hosts, and each "
            "is a product. Omit it and limit the play to the hosts to run on, or use a play on localhost."
        )
    return _closest(found, own, from_extra)


def _closest(found: Mapping[str, Any], own: Mapping[str, Any], from_extra: list[str]) -> dict[str, Any]:
    closer = from_extra or [name for name, value in found.items() if value != own.get(name)]
    if len(closer) > 1:
        raise RoleError("Set either provisioned_product_id or provisioned_product_name.")
    name = [*closer, *found][0]
    return {name: str(found[name])}

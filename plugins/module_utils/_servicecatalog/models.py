# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's shapes as this collection uses them, and the service's limits on input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from enum import Enum
from typing import Any, NamedTuple

from .._exceptions import InvalidInput
from .._secrets.masker import mask

# The Parameters of ExecuteProvisionedProductServiceAction: names mapped to lists of values.
Parameters = dict[str, list[str]]


_ID = (r"[a-zA-Z0-9_\-]+", 100, "letters, digits, '_' and '-'")
_NAME = "letters, digits, '.', '_' and '-'"
# What the service accepts for each option: a pattern, the maximum length, and the pattern in words. Botocore itself
# checks only lengths.
LIMITS = {
    "provisioned_product_id": _ID,
    "service_action_id": _ID,
    "record_id": _ID,
    "product_id": _ID,
    "provisioning_artifact_id": _ID,
    "provisioned_product_name": (r"[a-zA-Z0-9][a-zA-Z0-9._\-]*", 128, f"{_NAME}, and start with a letter or a digit"),
    "service_action_name": (r"[a-zA-Z0-9_\-.]+", 256, _NAME),
    "execute_token": (r"[a-zA-Z0-9][a-zA-Z0-9_\-]*", 128, f"{_ID[2]}, and start with a letter or a digit"),
}
_MOST_PARAMETERS, _LONGEST_NAME, _MOST_VALUES, _LONGEST_VALUE = 200, 50, 25, 512


def check_identifier(option: str, value: str, label: str = "") -> None:
    """Reject an id, name or token that the service would not accept; `label` replaces the option's name in messages."""
    pattern, longest, words = LIMITS[option]
    if not 1 <= len(value) <= longest:
        raise InvalidInput(f"{label or option} must have 1 to {longest} characters, not {len(value)}.")
    if not re.fullmatch(pattern, value):
        raise InvalidInput(f"{label or option} must have only {words}, not {mask(value)!r}.")


def check_parameters(parameters: Parameters) -> None:
    """Reject parameters that exceed the service's limits; no value is quoted, because any may be a secret."""
    if len(parameters) > _MOST_PARAMETERS:
        raise InvalidInput(f"There are {len(parameters)} parameters; the service accepts at most {_MOST_PARAMETERS}.")
    for name, values in parameters.items():
        longest = max(map(len, values), default=0)
        if not 1 <= len(name) <= _LONGEST_NAME:
            problem = f"name {mask(name)!r} has {len(name)} characters; a name must have 1 to {_LONGEST_NAME}"
        elif len(values) > _MOST_VALUES:
            problem = f"{mask(name)!r} has {len(values)} values; the service accepts at most {_MOST_VALUES}"
        elif longest > _LONGEST_VALUE:
            problem = (
                f"{mask(name)!r} has a value of {longest} characters; the service accepts at most {_LONGEST_VALUE}"
            )
        else:
            continue
        raise InvalidInput(f"The parameter {problem}.")


class Request:
    """The input of ExecuteProvisionedProductServiceAction, validated on creation; do not modify it.

    This is a plain class because creating a frozen dataclass takes five times as long, in every run of a module.
    """

    __slots__ = ("execute_token", "parameters", "provisioned_product_id", "service_action_id")

    def __init__(
        self, provisioned_product_id: str, service_action_id: str, execute_token: str, parameters: Parameters
    ) -> None:
        self.provisioned_product_id = provisioned_product_id
        self.service_action_id = service_action_id
        self.execute_token = execute_token
        self.parameters = parameters
        for option in ("provisioned_product_id", "service_action_id", "execute_token"):
            check_identifier(option, getattr(self, option))
        check_parameters(parameters)

    def to_members(self) -> dict[str, Any]:
        """Return the members of the API call, leaving out empty ones."""
        members = {
            "ProvisionedProductId": self.provisioned_product_id,
            "ServiceActionId": self.service_action_id,
            "ExecuteToken": self.execute_token,
            "Parameters": self.parameters,
        }
        return {name: value for name, value in members.items() if value}


class Reference(NamedTuple):
    """A provisioned product or a service action, given by id or by name: exactly one of the two is set."""

    id: str | None = None
    name: str | None = None

    @property
    def lookup_key(self) -> tuple[str, str]:
        """The member that identifies it in the service's shapes, `Id` or `Name`, and its value."""
        return ("Id", self.id) if self.id else ("Name", self.name or "")


class ExecutionParameter(NamedTuple):
    """A parameter that a service action accepts for one provisioned product."""

    name: str
    type: str | None
    default_values: tuple[str, ...]


def in_utc(time: Any) -> datetime | None:
    """Return a time of a response in UTC, or None if it is not a time or has no offset; botocore checks neither."""
    try:
        return time.astimezone(timezone.utc) if isinstance(time, datetime) and time.tzinfo else None
    except (OverflowError, ValueError):
        return None


class StartResponse(NamedTuple):
    """The response to a start request: the RecordDetail, and the Date header (None if missing or invalid)."""

    record_detail: Mapping[str, Any]
    date: datetime | None


class Outcome(str, Enum):
    """The state or result of a record or a target, as returned in `outcome`."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    NOT_STARTED = "not_started"
    STARTED = "started"
    WOULD_START = "would_start"
    UNKNOWN = "unknown"

    # Enum's own methods would print Outcome.FAILED, in format strings since Python 3.11.
    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self, format_spec)


# IN_PROGRESS_IN_ERROR is not final: the operation failed, and its remediation is in progress.
STATUSES: dict[str | None, Outcome] = {
    "CREATED": Outcome.RUNNING,
    "IN_PROGRESS": Outcome.RUNNING,
    "IN_PROGRESS_IN_ERROR": Outcome.RUNNING,
    "SUCCEEDED": Outcome.SUCCEEDED,
    "FAILED": Outcome.FAILED,
}


class Record(NamedTuple):
    """A record as last read: its RecordDetail, and its RecordOutputs or None if they were not read."""

    detail: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]] | None = None

    @property
    def record_id(self) -> str:
        return str(self.detail.get("RecordId"))

    @property
    def status(self) -> str | None:
        return self.detail.get("Status")

    @property
    def outcome(self) -> Outcome:
        """RUNNING, SUCCEEDED or FAILED by status, or UNKNOWN for a status that this version does not know."""
        return STATUSES.get(self.status, Outcome.UNKNOWN) if isinstance(self.status, str) else Outcome.UNKNOWN

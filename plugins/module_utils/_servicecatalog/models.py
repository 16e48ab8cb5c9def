# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's shapes as this collection uses them, and the service's limits on what it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InvalidInput
from .._secrets.masker import mask

if TYPE_CHECKING:
    from datetime import datetime

# ExecuteProvisionedProductServiceAction's Parameters: name to values.
Parameters = dict[str, list[str]]


_ID = (r"[a-zA-Z0-9_\-]+", 100, "letters, digits, '_' and '-'")
_NAME = "letters, digits, '.', '_' and '-'"
# What the service takes, by option: a pattern, the most characters, and the pattern in words. Botocore checks lengths
# only.
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
    """Reject an id, a name or a token that the service would not take; `label` is what the message calls it."""
    pattern, longest, words = LIMITS[option]
    if not 1 <= len(value) <= longest:
        raise InvalidInput(f"{label or option} must have 1 to {longest} characters, not {len(value)}.")
    if not re.fullmatch(pattern, value):
        raise InvalidInput(f"{label or option} must have only {words}, not {mask(value)!r}.")


def check_parameters(parameters: Parameters) -> None:
    """Reject parameters beyond the service's limits; no value is quoted, since any may be a secret."""
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
    """One ExecuteProvisionedProductServiceAction: checked when it is made, and not to be changed.

    A plain class, since every run of a module makes the type anew, and a frozen dataclass costs five times as much.
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
        """Return the members of the call; those without a value are left out."""
        members = {
            "ProvisionedProductId": self.provisioned_product_id,
            "ServiceActionId": self.service_action_id,
            "ExecuteToken": self.execute_token,
            "Parameters": self.parameters,
        }
        return {name: value for name, value in members.items() if value}


class Reference(NamedTuple):
    """A provisioned product or a service action, by its id or by its name: exactly one of the two is set."""

    id: str | None = None
    name: str | None = None

    @property
    def lookup_key(self) -> tuple[str, str]:
        """The member that identifies it in the service's shapes, and its value."""
        return ("Id", self.id) if self.id else ("Name", self.name or "")


class ExecutionParameter(NamedTuple):
    """A parameter that a service action takes on one provisioned product."""

    name: str
    type: str | None
    default_values: tuple[str, ...]


class StartResponse(NamedTuple):
    """The response to a start: the RecordDetail, and the time by the service's own clock."""

    record_detail: Mapping[str, Any]
    date: datetime | None


class Outcome(str, Enum):
    """How a record, or a target, stands or ended; a word of the results."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    NOT_STARTED = "not_started"
    STARTED = "started"
    WOULD_START = "would_start"
    UNKNOWN = "unknown"

    # Enum's own would print Outcome.FAILED on Python 3.11.
    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self, format_spec)


# IN_PROGRESS_IN_ERROR is not an end: something failed and is being remedied.
STATUSES: dict[str | None, Outcome] = {
    "CREATED": Outcome.RUNNING,
    "IN_PROGRESS": Outcome.RUNNING,
    "IN_PROGRESS_IN_ERROR": Outcome.RUNNING,
    "SUCCEEDED": Outcome.SUCCEEDED,
    "FAILED": Outcome.FAILED,
}


class Record(NamedTuple):
    """A record as last seen, as the service gave it: RecordDetail, and RecordOutputs once they were read."""

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
        """RUNNING, SUCCEEDED or FAILED by its status, UNKNOWN by one that this version does not know."""
        return STATUSES.get(self.status, Outcome.UNKNOWN) if isinstance(self.status, str) else Outcome.UNKNOWN

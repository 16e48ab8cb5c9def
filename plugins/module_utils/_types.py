# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels between the units: frozen, and in the service's own words.

Named tuples: every run of a module makes these types anew, and a frozen dataclass costs five times as much to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

# ExecuteProvisionedProductServiceAction's Parameters: name to values.
Parameters = dict[str, list[str]]


class Reference(NamedTuple):
    """A provisioned product or a service action, by its id or by its name: exactly one of the two is set."""

    id: str | None = None
    name: str | None = None

    @property
    def member(self) -> tuple[str, str]:
        """The member that identifies it in the service's shapes, and its value."""
        return ("Id", self.id) if self.id else ("Name", self.name or "")


class Request(NamedTuple):
    """One ExecuteProvisionedProductServiceAction, checked and with its ids known."""

    provisioned_product_id: str
    service_action_id: str
    execute_token: str
    accept_language: str | None
    parameters: Parameters


class ExecutionParameter(NamedTuple):
    """A parameter that a service action takes on one provisioned product."""

    name: str
    type: str | None
    default_values: tuple[str, ...]


class Answer(NamedTuple):
    """What the service said to a start: the record, and when by its own clock."""

    record_detail: Mapping[str, Any]
    date: datetime | None


class Record(NamedTuple):
    """A record as last seen: RecordDetail as the service gave it, and its outputs once it has ended."""

    detail: Mapping[str, Any]
    outputs: Mapping[str, str] | None = None

    @property
    def record_id(self) -> str:
        return str(self.detail.get("RecordId"))

    @property
    def status(self) -> str | None:
        return self.detail.get("Status")


class Waiting(NamedTuple):
    """How long to wait for a record, and how often to look: seconds."""

    timeout: float
    delay: float | None = None

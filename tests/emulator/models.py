# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that a world consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class RunError:
    """An error of a record."""

    code: str
    description: str


@dataclass(frozen=True)
class Output:
    """An output of a record or of a provisioned product. Keys need not be unique."""

    key: str
    value: str
    description: str = ""


@dataclass(frozen=True)
class Run:
    """The course of a service action's execution. All times are in seconds after its start."""

    seconds: float = 2.0
    ends: str = "SUCCEEDED"
    created_for: float = 1.0
    in_error_from: float | None = None
    errors: tuple[RunError, ...] = ()
    outputs: tuple[Output, ...] = ()

    def at_speed(self, speed: float) -> Run:
        """Return the run with all times divided by `speed`."""
        in_error_from = None if self.in_error_from is None else self.in_error_from / speed
        return replace(
            self, seconds=self.seconds / speed, created_for=self.created_for / speed, in_error_from=in_error_from
        )


@dataclass(frozen=True)
class ActionParameter:
    """A parameter of a service action. Service Catalog itself sets the default of parameters of type TARGET."""

    name: str
    type: str = "TEXT_VALUE"
    default_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """The Systems Manager document that a service action runs. `parameters` is a JSON string."""

    name: str
    version: str = "1"
    assume_role: str = "LAUNCH_ROLE"
    parameters: str = ""


@dataclass(frozen=True)
class ServiceAction:
    """A service action, and the course of its executions."""

    id: str
    name: str
    definition: Definition
    description: str = ""
    parameters: tuple[ActionParameter, ...] = ()
    run: Run = field(default_factory=Run)


@dataclass(frozen=True)
class Artifact:
    """A version of a product, with the ids of its service actions in listing order."""

    id: str
    name: str
    service_actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """A product and its artifacts by id."""

    id: str
    name: str
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A change of a provisioned product by another user, such as an update.

    The product has `status` for `seconds`, and then the status `ends`. They count from `began`, in POSIX seconds, or
    from when the world was loaded.
    """

    seconds: float
    status: str = "UNDER_CHANGE"
    message: str = ""
    ends: str = "AVAILABLE"
    began: float | None = None


@dataclass(frozen=True)
class ProvisionedProduct:
    """A provisioned product.

    `created_time` is in POSIX seconds. `dashboards` are the names of CloudWatch dashboards. `outputs` are those of the
    last successful provisioning. The members of `run` override those of an action's run. Without a `region`, the
    product exists in every region.
    """

    id: str
    name: str
    product: str
    artifact: str
    user_arn: str
    created_time: float
    launch_role_arn: str
    type: str = "CFN_STACK"
    status: str = "AVAILABLE"
    status_message: str = ""
    resources: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    dashboards: tuple[str, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    last_record_id: str = ""
    change: Change | None = None

    @property
    def provisioning_record_id(self) -> str:
        """The id of the record that provisioned the product. No operation returns that record."""
        return f"rec-{self.id.removeprefix('pp-')}"


@dataclass(frozen=True)
class Caller:
    """The caller with an access key, or with any other key if it is `*`.

    Without a `policy`, everything is allowed. `user_arn` defaults to the world's user.
    """

    access_key: str = "*"
    user_arn: str = ""
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class World:
    """The initial state. Mappings have ids as keys, except `callers` (access keys) and `switches` (names)."""

    account: str = "123456789012"
    region: str = "us-east-1"
    user_arn: str = "arn:aws:sts::123456789012:assumed-role/SelfService/demo"
    service_actions: Mapping[str, ServiceAction] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    provisioned_products: Mapping[str, ProvisionedProduct] = field(default_factory=dict)
    callers: Mapping[str, Caller] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policies: AWS's managed policies for Service Catalog, and the level at which a policy allows an action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

# Widest first. A policy that grants a level also grants the levels after it.
LEVELS = ("Account", "Role", "User")
_CONDITION = re.compile("servicecatalog:(account|role|user)Level")

_LAUNCH_READS = ("DescribeProduct", "DescribeProductView", "DescribeProvisioningParameters", "ListLaunchPaths")
_READS = (
    "DescribeProvisionedProduct",
    "DescribeProvisionedProductPlan",
    "DescribeRecord",
    "DescribeServiceActionExecutionParameters",
    "ListProvisionedProductPlans",
    "ListRecordHistory",
    "ListServiceActionsForProvisioningArtifact",
    "ListStackInstancesForProvisionedProduct",
    "ScanProvisionedProducts",
    "SearchProvisionedProducts",
)
_WRITES = (
    "CreateProvisionedProductPlan",
    "DeleteProvisionedProductPlan",
    "ExecuteProvisionedProductPlan",
    "ExecuteProvisionedProductServiceAction",
    "TerminateProvisionedProduct",
    "UpdateProvisionedProduct",
)
_SSM_READS = ["ssm:DescribeDocument", "ssm:GetAutomationExecution"]


def _policy(unconditional: Sequence[str], own: Sequence[str] = ()) -> dict[str, Any]:
    """Return a policy that allows some actions unconditionally, and the actions `own` only at the user's level."""
    condition = {"StringEquals": {"servicecatalog:userLevel": "self"}}
    actions = [f"servicecatalog:{action}" for action in own]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(unconditional), "Resource": "*"},
            *([{"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition}] if own else []),
        ],
    }


def _servicecatalog(*actions: str) -> list[str]:
    return [f"servicecatalog:{action}" for action in actions]


# Only the actions of Service Catalog and Systems Manager, from the AWS managed policy reference. The end user's policy
# is version 7, the latest available text, which does not include GetProvisionedProductOutputs.
MANAGED_POLICIES: dict[str, dict[str, Any]] = {
    "AWSServiceCatalogEndUserFullAccess": _policy(
        [*_servicecatalog(*_LAUNCH_READS, "ProvisionProduct", "SearchProducts"), *_SSM_READS], (*_READS, *_WRITES)
    ),
    "AWSServiceCatalogEndUserReadOnlyAccess": _policy(
        [*_servicecatalog(*_LAUNCH_READS, "SearchProducts"), *_SSM_READS], _READS
    ),
    "AWSServiceCatalogAdminFullAccess": _policy(
        ["servicecatalog:*", *_SSM_READS, "ssm:ListDocuments", "ssm:ListDocumentVersions"]
    ),
}


def read_policy(given: str | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the managed policy with a name, or the given policy; raise ValueError if it can't be evaluated."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in MANAGED_POLICIES:
            raise ValueError(f"unknown policy {given!r}; the managed policies are {', '.join(MANAGED_POLICIES)}")
        return MANAGED_POLICIES[given]
    for statement in given["Statement"]:
        if statement.get("Effect") != "Allow" or not statement.get("Action"):
            raise ValueError("a statement must have the Effect Allow and an Action")
        _level_of_statement(statement)
    return given


def allowed_level(policy: Mapping[str, Any], action: str) -> str | None:
    """Return the widest level at which a policy allows an action, or None if it doesn't."""
    levels = [
        _level_of_statement(statement)
        for statement in policy["Statement"]
        if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _as_list(statement["Action"]))
    ]
    return min(levels, key=LEVELS.index, default=None)


def _level_of_statement(statement: Mapping[str, Any]) -> str:
    condition = statement.get("Condition")
    if not condition:
        return LEVELS[0]
    ((operator, keys),) = condition.items()
    ((key, value),) = keys.items()
    match = _CONDITION.fullmatch(key)
    if operator != "StringEquals" or not match or _as_list(value) != ["self"]:
        raise ValueError(f"a condition must be StringEquals of an access level and self, not {condition}")
    return match[1].capitalize()


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record's status means, and what a failed one tells."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._errors import RecordFailed, WaitInterrupted
from ._types import Record

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"

# IN_PROGRESS_IN_ERROR is no end: something failed and is being remedied.
VERDICTS: dict[str | None, str] = {
    "CREATED": RUNNING,
    "IN_PROGRESS": RUNNING,
    "IN_PROGRESS_IN_ERROR": RUNNING,
    "SUCCEEDED": SUCCEEDED,
    "FAILED": FAILED,
}

# The causes of failure that AWS documents, by what the service's text says, and what to look at.
_HINTS = (
    (
        r"assum\w* (the )?(provided |execution |launch )?role|role\b.*\bassum|not able to assume",
        (
            "The role in the action's definition (AssumeRole), or the launch role, can't be assumed: look at its trust "
            "policy, which must allow ssm.amazonaws.com, or servicecatalog.amazonaws.com for a launch role."
        ),
    ),
    (
        r"not authorized.*ssm:|ssm:StartAutomationExecution",
        (
            "The role that runs the action lacks a permission: it needs ssm:StartAutomationExecution on the document, "
            "and whatever the document's steps call."
        ),
    ),
    (
        r"throttl|rate exceeded",
        "Systems Manager limits how many automations start at once: run fewer at a time, or run it again later.",
    ),
    (
        r"document.*(not exist|not found|invalid|missing)|InvalidDocument|AutomationDefinitionNotFound",
        "The Systems Manager document, or its version, is not there or not shared with this account and region.",
    ),
    (
        r"\bTARGET\b|not a resource|no resources? of (the )?type|TargetType",
        (
            "TARGET must be a resource of the provisioned product, of the document's TargetType: compare with the "
            "resources of its stack."
        ),
    ),
    (
        r"allowed ?(values|pattern)|not (an )?allowed",
        "A parameter has a value that the document does not allow: look at its AllowedValues and AllowedPattern.",
    ),
    (
        r"(wrong|invalid|unexpected) type|type mismatch|must be of type",
        "A parameter has the wrong type for the document: a String takes one value, a StringList a list.",
    ),
    (
        r"(unknown|undefined|unexpected) parameter|not (defined )?in the (definition|document)",
        "A parameter is not in the action's definition, or not in the document.",
    ),
    (
        r"step .*fail|fail.* step|execution.*fail",
        (
            "A step of the automation failed: open the execution in Systems Manager, Automation; its id is often among "
            "record_outputs."
        ),
    ),
)


def verdict(record: Record) -> str:
    """Return whether the record runs, has succeeded or has failed; an unknown status raises WaitInterrupted."""
    try:
        return VERDICTS[record.status]
    except KeyError:
        raise WaitInterrupted(
            f"Record {record.record_id} has the status {record.status!r}, which is none of "
            f"{', '.join(map(str, VERDICTS))}: whether that is an end is not known. Look at it in Service Catalog."
        ) from None


def failure(record: Record) -> RecordFailed:
    """Return the failure of a record that has ended as FAILED, with hints for the causes that AWS documents."""
    errors = [f"{error.get('Code')}: {error.get('Description')}" for error in record.detail.get("RecordErrors") or []]
    said = "; ".join(errors) or "the service gives no error; look at record_outputs"
    return RecordFailed(
        f"Record {record.record_id} FAILED on {record.detail.get('ProvisionedProductName')!r} "
        f"({record.detail.get('ProvisionedProductId')}): {said}.",
        hints=hints("; ".join(errors), record.outputs or {}),
    )


def hints(text: str, outputs: Mapping[str, str | None]) -> list[str]:
    """Return what to look at, for the causes that AWS documents, as the service's own words give them away."""
    said = " ".join([text, *(str(value) for value in outputs.values())])
    return [hint for pattern, hint in _HINTS if re.search(pattern, said, re.IGNORECASE)]

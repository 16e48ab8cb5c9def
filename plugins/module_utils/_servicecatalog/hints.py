# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented causes of failure, as data: a pattern for the service's text, and a hint on what to check."""

from __future__ import annotations

import re

_HINTS = (
    (
        r"(?i)(can(no|')t|could not|unable|not able|fail|not authorized)\b.{0,120}\bassum|\bassum.{0,60}(denied|fail)",
        (
            "The role in the action's definition (AssumeRole), or the launch role, can't be assumed: check its trust "
            "policy, which must allow ssm.amazonaws.com, or servicecatalog.amazonaws.com for a launch role."
        ),
    ),
    (
        r"(?i)not authorized.{0,120}ssm:|ssm:StartAutomationExecution",
        (
            "The role that runs the action lacks a permission: it needs ssm:StartAutomationExecution on the document, "
            "and whatever the document's steps call."
        ),
    ),
    (
        r"(?i)throttl|rate exceeded",
        "Systems Manager limits how many automations start at once: run fewer at a time, or run it again later.",
    ),
    (
        r"(?i)document.{0,80}(not exist|not found|invalid|missing)|InvalidDocument|AutomationDefinitionNotFound",
        "The Systems Manager document, or its version, does not exist, or is not shared with this account and region.",
    ),
    (
        r"\bTARGET\b|\bTargetType\b|(?i:not a resource|no resources? of (the )?type)",
        (
            "TARGET must be a resource of the provisioned product, of the document's TargetType: compare with the "
            "resources of its stack."
        ),
    ),
    (
        r"(?i)allowed ?(values|pattern)|not (an )?allowed",
        "A parameter has a value that the document does not allow: check its AllowedValues and AllowedPattern.",
    ),
    (
        r"(?i)(wrong|invalid|unexpected) type|type mismatch|must be of type",
        "A parameter has the wrong type for the document: a String takes one value, a StringList takes a list.",
    ),
    (
        r"(?i)(unknown|undefined|unexpected) parameter|not (defined )?in the (definition|document)",
        "A parameter is not in the action's definition, or not in the document.",
    ),
    (
        r"(?i)\bstep\b.{0,80}\bfail(ed|s|ure)?\b|\bfail(ed|s|ure)?\b.{0,40}\bstep\b",
        (
            "A step of the automation failed: open the execution in Systems Manager, Automation; its id is often among "
            "record_outputs."
        ),
    ),
)


def find_hints(*texts: str | None) -> list[str]:
    """Return the hints that match the texts of errors or of record outputs."""
    said = " ".join(map(str, texts))
    return [hint for pattern, hint in _HINTS if re.search(pattern, said)]

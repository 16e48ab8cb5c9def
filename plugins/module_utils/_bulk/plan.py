# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bulk run would start, and with which parameters: by reads alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Optional

from .._action.plan import parameters_diff, read_diff, validate
from .._exceptions import SelfServiceError
from .._secrets.masker import mask
from .._servicecatalog.errors import SERVICE_ERRORS
from .._servicecatalog.models import Outcome
from .._threads import run_all
from .starts import WORKERS

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog
    from .target import Target

Warn = Callable[[str], None]
# What reads the diff of a target, and passes what can't be read to a function.
_Read = Callable[["Target", Warn], Optional[dict[str, Any]]]

# A busy product has a warning of its own, and there may be thousands.
_MOST_WARNINGS = 10


def preview(service: ServiceCatalog, targets: Sequence[Target], warn: Warn, *, is_check: bool) -> list[dict[str, Any]]:
    """Return Ansible's diffs of the targets that may start, what takes effect on each: one call for each.

    In check mode, also check by reads that each start would be accepted, or reject it.
    """

    def check(target: Target, warn: Warn) -> dict[str, Any] | None:
        try:
            found = validate(service, target.plan, warn)
        except (SelfServiceError, *SERVICE_ERRORS) as error:
            target.reject(error)
            return None
        target.product, target.outcome, target.changed = found.product, Outcome.WOULD_START, True
        return parameters_diff(found.definitions, target.plan)

    def read(target: Target, warn: Warn) -> dict[str, Any] | None:
        return read_diff(service, target.plan, warn)

    return _read_each(check if is_check else read, targets, warn)


def _read_each(read: _Read, targets: Sequence[Target], warn: Warn) -> list[dict[str, Any]]:
    """Read the diffs of the targets that have no outcome, and return them in their order; warn of each thing once."""
    warnings: set[str] = set()
    diffs: dict[Target, dict[str, Any] | None] = {}

    def read_one(target: Target) -> None:
        diffs[target] = read(target, warnings.add)

    run_all(read_one, [target for target in targets if target.outcome is None], WORKERS)
    for warning in sorted(warnings)[:_MOST_WARNINGS]:
        warn(warning)
    if len(warnings) > _MOST_WARNINGS:
        warn(f"There are {len(warnings) - _MOST_WARNINGS} more warnings like these.")
    return [_name_target(diff, target) for target in targets if (diff := diffs.get(target))]


def _name_target(diff: dict[str, Any], target: Target) -> dict[str, Any]:
    name = mask(target.product_name) if target.product_name else str(target.product_id)
    return {**diff, **{header: f"{name}: {diff[header]}" for header in ("before_header", "after_header")}}

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preview a bulk run with reads only: what it would start, and with which parameters."""

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
# Reads the diff of a target, and warns about what can't be read.
_Read = Callable[["Target", Warn], Optional[dict[str, Any]]]

# Limited, because each busy product causes its own warning, and there may be thousands.
_MOST_WARNINGS = 10


def preview(service: ServiceCatalog, targets: Sequence[Target], warn: Warn, *, is_check: bool) -> list[dict[str, Any]]:
    """Return the effective parameters of the targets that may start as Ansible diffs; one call for each target.

    In check mode, also validate each start with reads, and reject the targets whose start would be refused.
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
    """Return the diffs of the targets without an outcome, in their order; give each warning once."""
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

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status, errors and outputs of a record, computed from its age whenever it is read."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .models import Output, ProvisionedProduct, Run, RunError

FINAL_STATUSES = ("SUCCEEDED", "FAILED")
STATUSES = ("CREATED", "IN_PROGRESS", "IN_PROGRESS_IN_ERROR", *FINAL_STATUSES)
_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\[([^\]]+)\])?\}")


@dataclass(frozen=True)
class Record:
    """An execution: its request, its provisioned product, and its course after `created` (POSIX seconds)."""

    record_id: str
    execute_token: str
    service_action_id: str
    parameters: Mapping[str, Sequence[str]]
    product: ProvisionedProduct
    created: float
    run: Run


@dataclass(frozen=True)
class Snapshot:
    """The state of a record at a point in time. `updated` is in POSIX seconds."""

    status: str
    updated: float
    errors: tuple[RunError, ...] = ()
    outputs: tuple[Output, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL_STATUSES


def snapshot_at(record: Record, time: float) -> Snapshot:
    """Return the state of a record at a time in POSIX seconds; before its start, return the initial state."""
    age = max(0.0, time - record.created)
    after, status = [change for change in status_changes(record.run) if change[0] <= age][-1]
    return Snapshot(
        status=status,
        updated=record.created + after,
        errors=record.run.errors if status in ("IN_PROGRESS_IN_ERROR", "FAILED") else (),
        outputs=record.run.outputs if status in FINAL_STATUSES else (),
    )


def status_changes(run: Run) -> list[tuple[float, str]]:
    """Return pairs of the seconds after the start and the status, in chronological order."""
    changes = [(0.0, "CREATED"), (run.created_for, "IN_PROGRESS")]
    if run.in_error_from is not None:
        changes.append((run.in_error_from, "IN_PROGRESS_IN_ERROR"))
    changes = [change for change in changes if change[0] < run.seconds or change[1] == "CREATED"]
    return [*changes, (run.seconds, run.ends)]


def end_record(
    record: Record, time: float, *, status: str, errors: tuple[RunError, ...], outputs: tuple[Output, ...]
) -> Record:
    """Return the record with its end at a time. A status that is not final remains forever."""
    run = dataclasses.replace(record.run, seconds=time - record.created, ends=status, errors=errors, outputs=outputs)
    return dataclasses.replace(record, run=run)


def render_run(run: Run, parameters: Mapping[str, Sequence[str]], *, record_id: str, created: float) -> Run:
    """Replace {parameters[Name]}, {record_id}, {execution_id} and {ended_at} in outputs and error descriptions."""
    ended = created + run.seconds if run.seconds < float("inf") else created
    values = {
        "record_id": record_id,
        "execution_id": str(uuid.uuid4()),
        "ended_at": datetime.datetime.fromtimestamp(ended, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

    def substitute(match: re.Match[str]) -> str:
        name, key = match.groups()
        if name == "parameters" and key:
            return ", ".join(parameters.get(key, ()))
        value: str | None = values.get(name)
        return match.group() if value is None else value

    return dataclasses.replace(
        run,
        errors=tuple(RunError(error.code, _PLACEHOLDER.sub(substitute, error.description)) for error in run.errors),
        outputs=tuple(
            dataclasses.replace(each, value=_PLACEHOLDER.sub(substitute, each.value)) for each in run.outputs
        ),
    )


def new_record_id() -> str:
    """Return a new id in the service's format."""
    return "rec-" + "".join(secrets.choice(_ID_CHARACTERS) for _number in range(13))

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record's life, computed from the clock: nothing ticks, every answer looks at the time."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .models import ProvisionedProduct, Run, RunError

ENDS = ("SUCCEEDED", "FAILED")
STATUSES = ("CREATED", "IN_PROGRESS", "IN_PROGRESS_IN_ERROR", *ENDS)
_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\[([^\]]+)\])?\}")


@dataclass(frozen=True)
class Record:
    """One execution: as asked for, on what, and how it goes from `created` (POSIX seconds) on."""

    record_id: str
    execute_token: str
    service_action_id: str
    parameters: Mapping[str, Sequence[str]]
    product: ProvisionedProduct
    created: float
    run: Run


@dataclass(frozen=True)
class View:
    """What can be seen of a record at one moment."""

    status: str
    updated: float
    errors: tuple[RunError, ...] = ()
    outputs: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the status is one of the two that records end with."""
        return self.status in ENDS


def look(record: Record, now: float) -> View:
    """Return the record as it is at a time; before its start it looks as at its start."""
    age = max(0.0, now - record.created)
    after, status = [phase for phase in phases(record.run) if phase[0] <= age][-1]
    return View(
        status=status,
        updated=record.created + after,
        errors=record.run.errors if status in ("IN_PROGRESS_IN_ERROR", "FAILED") else (),
        outputs=record.run.outputs if status in ENDS else {},
    )


def phases(run: Run) -> list[tuple[float, str]]:
    """Return (seconds after the start, status) in order of time."""
    found = [(0.0, "CREATED"), (run.created_for, "IN_PROGRESS")]
    if run.in_error_from is not None:
        found.append((run.in_error_from, "IN_PROGRESS_IN_ERROR"))
    return [phase for phase in found if phase[0] < run.seconds or phase[1] == "CREATED"] + [(run.seconds, run.ends)]


def end_now(
    record: Record, now: float, *, status: str, errors: tuple[RunError, ...], outputs: Mapping[str, str]
) -> Record:
    """Return the record with its end, or any other status for good, at the given time."""
    run = dataclasses.replace(record.run, seconds=now - record.created, ends=status, errors=errors, outputs=outputs)
    return dataclasses.replace(record, run=run)


def render_run(run: Run, parameters: Mapping[str, Sequence[str]], *, record_id: str, created: float) -> Run:
    """Fill in {parameters[Name]}, {record_id}, {execution_id} and {ended_at}, in outputs and errors."""
    ended = created + run.seconds if run.seconds < float("inf") else created
    facts = {
        "record_id": record_id,
        "execution_id": str(uuid.uuid4()),
        "ended_at": datetime.datetime.fromtimestamp(ended, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

    def value_of(match: re.Match[str]) -> str:
        name, key = match.groups()
        if name == "parameters" and key:
            return ", ".join(parameters.get(key, ()))
        found: str | None = facts.get(name)
        return match.group() if found is None else found

    return dataclasses.replace(
        run,
        errors=tuple(RunError(error.code, _PLACEHOLDER.sub(value_of, error.description)) for error in run.errors),
        outputs={key: _PLACEHOLDER.sub(value_of, text) for key, text in run.outputs.items()},
    )


def new_record_id() -> str:
    """Return an id of the form the service gives."""
    return "rec-" + "".join(secrets.choice(_ID_CHARACTERS) for _number in range(13))

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the role's report: the action, who ran it, and the outcome for each provisioned product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ..module_utils._secrets.masker import MASK, Masker, mask_keys

# The order of the rows in the report: outcomes that need attention come first.
_OUTCOMES = ("failed", "timed_out", "unknown", "not_started", "started", "would_start", "succeeded")
_ENDED = ("SUCCEEDED", "FAILED")
# Facts about the run that the caller passes in the context. All are optional.
_FACTS = (
    "change_id",
    "service_action_id",
    "service_action_name",
    "region",
    "account",
    "run_by",
    "awx_job_id",
    "awx_job_url",
    "max_errors",
    "msg",
)
_Parameters = dict[str, list[str]]


def report(results: Iterable[Mapping[str, Any]], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of the report.

    `results` have the shape of the bulk module's results, and may also have `host` and `parameters`. `context` has any
    of `_FACTS`, `arn`, `check_mode`, `started`, `ended`, `parameters` and `sensitive_parameters`. This function masks
    the sensitive parameters; the modules have already masked the strings in the results.
    """
    given = list(results)
    common, own = _parameters(given, context)
    rows = [{**_row(each), "parameters": its} for each, its in zip(given, own)]
    first = min(_times(rows, "created_time"), default=None)
    last = max(_times(rows, "updated_time"), default=None)
    for each in rows:
        each["offset_seconds"] = _seconds(first, _time(each["created_time"]))
    started, ended = _time(context.get("started")) or first, _time(context.get("ended")) or last
    counts = _count(rows)
    return {
        **_facts(context),
        "check_mode": bool(context.get("check_mode")),
        "started": _iso(started),
        "ended": _iso(ended),
        "duration": _words(_seconds(started, ended)),
        "records_seconds": _seconds(first, last),
        "parameters": common,
        "summary": _summary(counts),
        "counts": counts,
        "results": sorted(rows, key=_rank),
    }


def _facts(context: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the facts. The region and the account default to those of `arn`, the ARN of a provisioned product."""
    facts = {name: _text(context.get(name)) for name in _FACTS}
    parts = str(context.get("arn") or "").split(":")
    if len(parts) >= 6:
        facts["region"], facts["account"] = facts["region"] or parts[3], facts["account"] or parts[4]
    return facts


class _Masked:
    """Parameters in the form that is sent to the service, with all secrets masked."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        self._names = set(secrets)
        self._masker = Masker()
        self._masker.use(text for value in secrets.values() for text in _texts(value))

    def values(self, given: Mapping[str, Any]) -> _Parameters:
        """Return the values of each parameter, as strings, by its unmasked name."""
        mask = self._masker.mask
        return {
            str(name): [MASK if name in self._names else mask(text) for text in _texts(value)]
            for name, value in given.items()
        }

    def names(self, parameters: _Parameters) -> _Parameters:
        """Return the parameters by their masked names."""
        return mask_keys(parameters, self._masker.mask)


def _parameters(results: list[Mapping[str, Any]], context: Mapping[str, Any]) -> tuple[_Parameters, list[_Parameters]]:
    """Return the parameters of the whole run, and for each result only those that differ from them."""
    secrets = context.get("sensitive_parameters") or {}
    masked = _Masked(secrets)
    sent = [masked.values(each.get("parameters") or {}) for each in results]
    given = context.get("parameters")
    common = {**(_shared(sent) if given is None else masked.values(given)), **masked.values(secrets)}
    own = [{name: value for name, value in each.items() if common.get(name) != value} for each in sent]
    return masked.names(common), [masked.names(each) for each in own]


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _shared(parameters: list[_Parameters]) -> _Parameters:
    """Return the parameters that have the same value in every result."""
    first = parameters[0] if parameters else {}
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in parameters)}


def _row(result: Mapping[str, Any]) -> dict[str, Any]:
    record = result.get("record_detail") or {}
    created, updated = _time(record.get("created_time")), _time(record.get("updated_time"))
    # The duration is unknown unless the record's last known status is final.
    seconds = _seconds(created, updated) if record.get("status") in _ENDED else None
    return {
        "host": _text(result.get("host")),
        **{
            name: _text(result.get(name)) or _text(record.get(name))
            for name in ("provisioned_product_id", "provisioned_product_name")
        },
        "outcome": result["outcome"] if result.get("outcome") in _OUTCOMES else "unknown",
        "changed": bool(result.get("changed")),
        "attempt": int(result.get("attempt") or 0) or None,
        "record_id": _text(record.get("record_id")),
        "record_status": _text(record.get("status")),
        "created_time": _iso(created),
        "updated_time": _iso(updated),
        "duration_seconds": seconds,
        "duration": _words(seconds),
        "msg": _text(result.get("msg")),
        "error": result.get("error"),
        "record_errors": record.get("record_errors") or [],
        "record_outputs": result.get("record_outputs") or {},
    }


def _rank(row: Mapping[str, Any]) -> tuple[int, list[Any]]:
    """Return the sort key of a row: by outcome, then by name in natural order, so that web-9 precedes web-10."""
    name = row["provisioned_product_name"] or row["provisioned_product_id"] or row["host"] or ""
    parts = re.split(r"([0-9]{1,18})", name.casefold())
    return _OUTCOMES.index(row["outcome"]), [int(part) if at % 2 else part for at, part in enumerate(parts)]


def _count(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return the number of rows for each outcome.

    `changed` counts the actions that this run started, `earlier` those that earlier runs started.
    """
    found = Counter(each["outcome"] for each in rows)
    return {
        "total": len(rows),
        **{outcome: found[outcome] for outcome in _OUTCOMES},
        "changed": sum(each["changed"] and each["outcome"] != "would_start" for each in rows),
        "earlier": sum(bool(each["record_id"]) and not each["changed"] for each in rows),
    }


def _summary(counts: Mapping[str, int]) -> str:
    words = [f"{counts[each]} {each.replace('_', ' ')}" for each in _OUTCOMES if counts[each]]
    total = f"{counts['total']} provisioned product{'' if counts['total'] == 1 else 's'}"
    return f"{total}: {', '.join(words)}" if words else total


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def _times(rows: Iterable[Mapping[str, Any]], name: str) -> list[datetime]:
    return [time for row in rows if (time := _time(row[name]))]


def _time(value: Any) -> datetime | None:
    """Parse an ISO 8601 time, assuming UTC if it has no offset; return None if the value is not a time."""
    try:
        time = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else None


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return round((end - start).total_seconds()) if start and end and end >= start else None


def _words(seconds: int | None) -> str | None:
    """Format a duration for people, for example `4 min 10 s`."""
    if seconds is None:
        return None
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(hours or minutes) + [f"{rest} s"]
    return " ".join(parts)

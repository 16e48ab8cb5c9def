# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task gives, checked before any call and brought into the shape that the service takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, quote_plus

from ._errors import InvalidInput
from ._results import printable
from ._types import ExecutionParameter, Parameters

# The service's limits. Botocore checks lengths only, so both stand here: option to (pattern, longest, in words).
_ID = (r"[a-zA-Z0-9_\-]+", 100, "letters, digits, '_' and '-'")
_LIMITS: dict[str, tuple[str, int, str]] = {
    "provisioned_product_id": _ID,
    "service_action_id": _ID,
    "record_id": _ID,
    "product_id": _ID,
    "provisioning_artifact_id": _ID,
    "provisioned_product_name": (
        r"[a-zA-Z0-9][a-zA-Z0-9._\-]*",
        128,
        "letters, digits, '.', '_' and '-', the first a letter or a digit",
    ),
    "service_action_name": (r"[a-zA-Z0-9_\-.]+", 256, "letters, digits, '.', '_' and '-'"),
    "execute_token": (
        r"[a-zA-Z0-9][a-zA-Z0-9_\-]*",
        128,
        "letters, digits, '_' and '-', the first a letter or a digit",
    ),
}
_MOST_PARAMETERS, _LONGEST_NAME, _MOST_VALUES, _LONGEST_VALUE = 200, 50, 25, 512
SHORTEST_SECRET = 4
# Ninety days, more than any automation may take.
_LONGEST_WAIT = 90 * 24 * 3600


def check_limits(params: Mapping[str, Any]) -> None:
    """Refuse ids, names and tokens that the service would not take, alone or in a list (`record_ids`)."""
    for option, limit in _LIMITS.items():
        if params.get(option) is not None:
            _check_limit(option, params[option], limit)
        for number, value in enumerate(params.get(f"{option}s") or []):
            _check_limit(f"{option}s[{number}]", value, limit)


def check_count(params: Mapping[str, Any]) -> None:
    """Refuse a `limit` that is none."""
    if params["limit"] is not None and params["limit"] < 1:
        raise InvalidInput(f"limit is {params['limit']}; it takes a number of results, 1 or more.")


def check_search(params: Mapping[str, Any]) -> None:
    """Refuse a term of `search_query` that is empty, as a variable may be: it would find everything there is."""
    if any(not term.strip() for term in params["search_query"] or []):
        raise InvalidInput("search_query has a term that is empty; it takes terms such as productName:Database.")


def check_waiting(params: Mapping[str, Any]) -> None:
    """Refuse times that can't be waited."""
    if not 0 <= params["wait_timeout"] <= _LONGEST_WAIT:
        raise InvalidInput(f"wait_timeout is {params['wait_timeout']}; it takes seconds, 0 to {_LONGEST_WAIT}.")
    delay = params.get("wait_delay")
    if delay is not None and not 0 < delay <= _LONGEST_WAIT:
        raise InvalidInput(
            f"wait_delay is {delay}; it takes seconds, more than 0 and at most {_LONGEST_WAIT}. Leave it out for "
            "adaptive polling."
        )


def as_time(option: str, text: str) -> datetime:
    """Return a time given in ISO 8601; without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise InvalidInput(
            f"{option} is {text!r}; it takes a time in ISO 8601, such as 2026-11-22 or 2026-11-22T06:00:00Z."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def as_sent(given: Mapping[str, Any] | None, option: str) -> Parameters:
    """Return an option's parameters as the service takes them: name to list of strings."""
    return {name: _values(name, value, option) for name, value in (given or {}).items()}


def check_parameters(parameters: Parameters) -> None:
    """Refuse parameters beyond the service's limits; no value is quoted, since any may be a secret."""
    if len(parameters) > _MOST_PARAMETERS:
        raise InvalidInput(f"There are {len(parameters)} parameters; the service takes at most {_MOST_PARAMETERS}.")
    for name, values in parameters.items():
        if not 1 <= len(name) <= _LONGEST_NAME:
            raise InvalidInput(
                f"The parameter name {name!r} has {len(name)} characters; a name takes 1 to {_LONGEST_NAME}."
            )
        if len(values) > _MOST_VALUES:
            raise InvalidInput(
                f"The parameter {name!r} has {len(values)} values; the service takes at most {_MOST_VALUES}."
            )
        longest = max(map(len, values), default=0)
        if longest > _LONGEST_VALUE:
            raise InvalidInput(
                f"The parameter {name!r} has a value of {longest} characters; the service takes at most "
                f"{_LONGEST_VALUE}."
            )


def check_secrets(secrets: Parameters) -> None:
    """Refuse secrets so short or so common that masking them would blank out ids and messages."""
    for name, values in secrets.items():
        if any(len(value) < SHORTEST_SECRET or value in ("true", "false") for value in values):
            raise InvalidInput(
                f"sensitive_parameters has a boolean, or a value under {SHORTEST_SECRET} characters for {name!r}. "
                "Masking it would blank out ids as well; give a longer one, or use parameters if it is no secret."
            )


def forms_of(secrets: Parameters) -> set[str]:
    """Return the secrets as the service may echo them: as they are, trimmed, and escaped in JSON, by repr, in a URL."""
    forms: set[str] = set()
    for secret in (value for values in secrets.values() for value in values):
        escaped = (
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            printable(secret),
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
        )
        forms.update(form for form in (secret, secret.strip(), *escaped) if len(form) >= SHORTEST_SECRET)
    return forms


def check_known(definitions: Iterable[ExecutionParameter], given: Parameters) -> None:
    """Refuse parameters that the action does not take, and a TARGET, by type or by name, that nothing fills.

    Source: DescribeServiceActionExecutionParameters, which is asked for one provisioned product.
    """
    known = {definition.name: definition for definition in definitions}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(
            f"The action takes no parameter {', '.join(map(repr, unknown))}. It takes: "
            f"{', '.join(sorted(known)) or 'none'}.",
            choices=sorted(known),
        )
    for name, definition in known.items():
        if "TARGET" in (name, definition.type) and not given.get(name, definition.default_values):
            raise InvalidInput(
                f"The action needs a TARGET, and the provisioned product has no resource to fill the parameter "
                f"{name!r} with. Give parameters.{name}, or look at the product's resources."
            )


def _check_limit(option: str, value: str, limit: tuple[str, int, str]) -> None:
    pattern, longest, words = limit
    if not 1 <= len(value) <= longest:
        raise InvalidInput(f"{option} has {len(value)} characters; it takes 1 to {longest}.")
    if not re.fullmatch(pattern, value):
        raise InvalidInput(f"{option} is {value!r}; it takes only {words}.")


def _values(name: str, value: Any, option: str) -> list[str]:
    return list(_scalars(name, value if isinstance(value, (list, tuple)) else [value], option))


def _scalars(name: str, values: Iterable[Any], option: str) -> Iterator[str]:
    for value in values:
        if value is None:
            raise InvalidInput(f"{option} has null for {name!r}; give a value, or leave the name out.")
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            yield str(value)
        else:
            raise InvalidInput(
                f"{option} has a {type(value).__name__} for {name!r}; it takes a scalar or a list of scalars."
            )

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert the parameters of a service action to the API's format, and check them against its definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._exceptions import InvalidInput, NotFound, Refused
from .._secrets.masker import mask
from .._servicecatalog.models import ExecutionParameter, Parameters
from .suggestions import suggest


def to_parameters(given: Mapping[str, Any] | None, option: str) -> Parameters:
    """Return an option's parameters in the API's format: names mapped to lists of strings."""
    return {name: _values(name, value, option) for name, value in (given or {}).items()}


def check_known(definitions: Iterable[ExecutionParameter], given: Parameters, action_id: str) -> None:
    """Reject parameters that the action does not accept, and a TARGET (by type or by name) without a value.

    Source: DescribeServiceActionExecutionParameters for the provisioned product.
    """
    known = {definition.name: definition for definition in definitions}
    unknown = sorted(set(given) - set(known))
    if unknown:
        suggestions = suggest(unknown[0], known, heading="It takes")
        raise NotFound(
            f"The service action {action_id} takes no parameter {mask(', '.join(map(repr, unknown)))}. "
            f"{suggestions.text}",
            choices=suggestions.choices,
        )
    for name, definition in known.items():
        if "TARGET" in (name, definition.type) and not given.get(name, definition.default_values):
            raise Refused(
                f"The service action {action_id} needs a TARGET, and the provisioned product has no resource to fill "
                f"the parameter {mask(name)!r} with. Set parameters.{mask(name)}, or check the product's resources."
            )


def _values(name: str, value: Any, option: str) -> list[str]:
    return list(_scalars(name, value if isinstance(value, (list, tuple)) else [value], option))


def _scalars(name: str, values: Iterable[Any], option: str) -> Iterator[str]:
    for value in values:
        if value is None:
            raise InvalidInput(f"{option} has null for {mask(name)!r}; set a value, or omit the name.")
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            yield str(value)
        else:
            raise InvalidInput(
                f"{option} has a {type(value).__name__} for {mask(name)!r}; it must be a scalar or a list of scalars."
            )

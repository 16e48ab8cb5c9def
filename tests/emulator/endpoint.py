# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request in, one answer out: everything between HTTP and the operations."""

from __future__ import annotations

import logging
import threading
from typing import Any

from botocore.credentials import Credentials

from .catalog import Catalog
from .clock import Clock
from .exceptions import InternalFailure, ServiceError, UnknownOperation, ValidationFailed
from .faults import BREAKS, LOSSES, REFUSALS, SPOILERS, Fault, Faults, broken, refusal
from .models import World
from .operations import OPERATIONS
from .protocol import Answer, Request, Wire, wire_of
from .shapes import operation_model, violations
from .signature import check_signature

LOG = logging.getLogger("emulator")


class Endpoint:
    """A Service Catalog, and an STS, of one account."""

    def __init__(self, world: World, clock: Clock, *, keys: Credentials | None = None) -> None:
        self.seed = world
        self.clock = clock
        self.lock = threading.RLock()
        self._keys = keys
        self.reset(world)

    def reset(self, world: World) -> None:
        """Begin again with a world: no records, no calls, no faults."""
        with self.lock:
            self.catalog = Catalog(world, self.clock)
            self.faults = Faults(self.clock)
            self.calls: list[dict[str, Any]] = []
            self.output_violations: list[str] = []

    def answer(self, request: Request, request_id: str) -> Answer:
        """Carry out a call and return the answer, faults included."""
        wire = wire_of(request)
        call: dict[str, Any] = {
            "operation": None,
            "region": None,
            "parameters": None,
            "status": None,
            "error_code": None,
            "fault": None,
            "time": self.clock.now(),
        }
        with self.lock:
            self.calls.append(call)
        try:
            operation = _operation(wire, request, call)
            call["region"] = check_signature(request, wire.service, self._keys)
            call["parameters"] = wire.parameters(request)
            with self.lock:
                fault = self.faults.strike(operation, call["region"])
            call["fault"] = fault.kind if fault else None
            answer = self._faulty(wire, operation, call, request_id=request_id, fault=fault)
        except ServiceError as error:
            answer = _failure(wire, error, call, request_id=request_id)
        call["status"] = None if answer.cut else answer.status
        return answer

    def _faulty(
        self, wire: Wire, operation: str, call: dict[str, Any], *, request_id: str, fault: Fault | None
    ) -> Answer:
        kind = fault.kind if fault else ""
        user, action = self.catalog.world.user_arn, f"{wire.service}:{operation}"
        if kind in REFUSALS:
            raise refusal(kind, user=user, action=action)
        if fault and kind in BREAKS:
            return broken(fault)
        answer = self._plain(wire, operation, call, request_id=request_id)
        if kind in LOSSES:
            raise refusal(kind, user=user, action=action)
        return SPOILERS[kind](answer, fault.options) if fault and kind in SPOILERS else answer

    def _plain(self, wire: Wire, operation: str, call: dict[str, Any], *, request_id: str) -> Answer:
        try:
            with self.lock:
                self.catalog.region = call["region"]
                result = self._result(wire, operation, call["parameters"])
            return wire.success(operation, self._checked(wire, operation, result), request_id)
        except ServiceError as error:
            return _failure(wire, error, call, request_id=request_id)

    def _result(self, wire: Wire, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        found = violations(parameters, operation_model(wire.service, operation).input_shape)
        if parameters.get("AcceptLanguage") not in (None, "en", "jp", "zh"):
            found.append(f"Value '{parameters['AcceptLanguage']}' at 'acceptLanguage' must be one of en, jp, zh")
        if found:
            errors = "error" if len(found) == 1 else "errors"
            raise ValidationFailed(f"{len(found)} validation {errors} detected: {'; '.join(found)}")
        return OPERATIONS[wire.service][operation](self.catalog, parameters)

    def _checked(self, wire: Wire, operation: str, result: dict[str, Any]) -> dict[str, Any]:
        found = violations(result, operation_model(wire.service, operation).output_shape)
        if found:
            self.output_violations.extend(f"{operation}: {text}" for text in found)
            LOG.error("The answer of %s does not fit botocore's model: %s", operation, "; ".join(found))
            raise InternalFailure("The emulator's own answer does not fit the service's model")
        return result


def _operation(wire: Wire, request: Request, call: dict[str, Any]) -> str:
    operation = call["operation"] = wire.operation(request)
    if operation not in OPERATIONS[wire.service]:
        raise UnknownOperation(f"{operation} is unknown to the emulator")
    return operation


def _failure(wire: Wire, error: ServiceError, call: dict[str, Any], *, request_id: str) -> Answer:
    call["error_code"] = error.code
    return wire.failure(error, request_id)

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request handling between HTTP and the operations: protocol, signature, faults, validation."""

from __future__ import annotations

import logging
import threading
from typing import Any

from botocore.credentials import Credentials

from .catalog import Catalog
from .clock import Clock
from .exceptions import InternalFailure, ServiceError, UnknownOperation, ValidationFailed
from .faults import (
    CANNED_RESPONSES,
    ERRORS,
    ERRORS_AFTER_EXECUTION,
    RESPONSE_MODIFIERS,
    Fault,
    FaultInjector,
    canned_response,
    injected_error,
)
from .models import World
from .operations import OPERATIONS
from .permissions import access_key_of, check_allowed
from .protocol import Request, Response, WireProtocol, detect_protocol
from .shapes import find_violations, operation_model, without_nulls
from .signature import verify_signature

LOG = logging.getLogger("emulator")


class Endpoint:
    """The Service Catalog and STS endpoint of one account."""

    def __init__(
        self, world: World, clock: Clock, *, credentials: Credentials | None = None, speed: float = 1.0
    ) -> None:
        self.initial_world = world
        self.clock = clock
        self.lock = threading.RLock()
        self._credentials = credentials
        self._speed = speed
        self.reset(world)

    def reset(self, world: World) -> None:
        """Load a world, set the clock to the real time, and discard all records, calls and faults."""
        with self.lock:
            self.clock.reset()
            self.catalog = Catalog(world, self.clock, self._speed)
            self.faults = FaultInjector(self.clock)
            self.calls: list[dict[str, Any]] = []
            self.output_violations: list[str] = []

    def handle(self, request: Request, request_id: str) -> Response:
        """Log and execute a call, apply any matching fault, and return the response."""
        protocol = detect_protocol(request)
        call: dict[str, Any] = {
            "operation": None,
            "region": None,
            "access_key": access_key_of(request.headers.get("Authorization", "")),
            "parameters": None,
            "status": None,
            "error_code": None,
            "fault": None,
            "time": self.clock.now(),
        }
        with self.lock:
            self.calls.append(call)
        try:
            operation = _identify_operation(protocol, request, call)
            with self.lock:
                switches = self.catalog.switches
            call["region"] = verify_signature(request, protocol.service, self._credentials, switches=switches)
            call["parameters"] = protocol.parse_parameters(request)
            with self.lock:
                product = self.catalog.product_of(call["parameters"], call["region"])
                fault = self.faults.trigger(operation, call["region"], product)
            call["fault"] = fault.kind if fault else None
            response = self._execute_with_fault(protocol, operation, call, request_id=request_id, fault=fault)
        except ServiceError as error:
            response = _error_response(protocol, error, call, request_id=request_id)
        call["status"] = None if response.reset else response.status
        return response

    def _execute_with_fault(
        self, protocol: WireProtocol, operation: str, call: dict[str, Any], *, request_id: str, fault: Fault | None
    ) -> Response:
        kind = fault.kind if fault else ""
        user, action = self.catalog.world.user_arn, f"{protocol.service}:{operation}"
        if kind in ERRORS:
            raise injected_error(kind, user=user, action=action)
        if fault and kind in CANNED_RESPONSES:
            return canned_response(fault)
        response = self._execute(protocol, operation, call, request_id=request_id)
        if kind in ERRORS_AFTER_EXECUTION:
            raise injected_error(kind, user=user, action=action)
        return RESPONSE_MODIFIERS[kind](response, fault.options) if fault and kind in RESPONSE_MODIFIERS else response

    def _execute(self, protocol: WireProtocol, operation: str, call: dict[str, Any], *, request_id: str) -> Response:
        try:
            with self.lock:
                self.catalog.region = call["region"]
                self.catalog.caller = self.catalog.caller_of(call["access_key"])
                result = self._run_operation(protocol, operation, call["parameters"])
            self._validate_output(protocol, operation, result)
            return protocol.serialize_result(operation, result, request_id)
        except ServiceError as error:
            return _error_response(protocol, error, call, request_id=request_id)

    def _run_operation(self, protocol: WireProtocol, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        shape = operation_model(protocol.service, operation).input_shape
        parameters = without_nulls(parameters, shape)
        violations = find_violations(parameters, shape)
        if parameters.get("AcceptLanguage") not in (None, "en", "jp", "zh"):
            violations.append(f"Value '{parameters['AcceptLanguage']}' at 'acceptLanguage' must be one of en, jp, zh")
        if violations:
            errors = "error" if len(violations) == 1 else "errors"
            raise ValidationFailed(f"{len(violations)} validation {errors} detected: {'; '.join(violations)}")
        check_allowed(self.catalog, protocol.service, operation, parameters)
        return OPERATIONS[protocol.service][operation](self.catalog, parameters)

    def _validate_output(self, protocol: WireProtocol, operation: str, result: dict[str, Any]) -> None:
        violations = find_violations(result, operation_model(protocol.service, operation).output_shape)
        if violations:
            self.output_violations.extend(f"{operation}: {text}" for text in violations)
            LOG.error("The response of %s violates botocore's model: %s", operation, "; ".join(violations))
            raise InternalFailure("The emulator's response violates the service's model")


def _identify_operation(protocol: WireProtocol, request: Request, call: dict[str, Any]) -> str:
    operation = call["operation"] = protocol.parse_operation(request)
    if operation not in OPERATIONS[protocol.service]:
        raise UnknownOperation(f"The emulator does not support the operation {operation}")
    return operation


def _error_response(protocol: WireProtocol, error: ServiceError, call: dict[str, Any], *, request_id: str) -> Response:
    call["error_code"] = error.code
    return protocol.serialize_error(error, request_id)

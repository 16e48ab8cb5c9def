# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's errors, each with its code, message and HTTP status."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that is returned to the caller as the response."""

    code = "InternalFailure"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidParameters(ServiceError):
    code = "InvalidParametersException"


class InvalidState(ServiceError):
    code = "InvalidStateException"


class ResourceNotFound(ServiceError):
    code = "ResourceNotFoundException"


class ValidationFailed(ServiceError):
    code = "ValidationException"


class SerializationFailed(ServiceError):
    code = "SerializationException"


class UnknownOperation(ServiceError):
    code = "UnknownOperationException"


class MissingAuthenticationToken(ServiceError):
    code = "MissingAuthenticationTokenException"


class InvalidSignature(ServiceError):
    code = "InvalidSignatureException"


class UnrecognizedClient(ServiceError):
    code = "UnrecognizedClientException"


class Throttled(ServiceError):
    code = "ThrottlingException"


class AccessDenied(ServiceError):
    code = "AccessDeniedException"


class ExpiredToken(ServiceError):
    code = "ExpiredTokenException"


# Errors for which STS returns the status 403.
FORBIDDEN = (AccessDenied, ExpiredToken, InvalidSignature, MissingAuthenticationToken, UnrecognizedClient)


class InternalFailure(ServiceError):
    code = "InternalFailure"
    status = 500


class ServiceUnavailable(ServiceError):
    code = "ServiceUnavailableException"
    status = 503

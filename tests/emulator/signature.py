# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures (SigV4): required always, recomputed when keys are configured."""

from __future__ import annotations

import hmac
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .exceptions import InvalidSignature, MissingAuthenticationToken, UnrecognizedClient
from .protocol import Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def check_signature(request: Request, service: str, keys: Credentials | None) -> str:
    """Return the region that the request is signed for.

    Raise unless it is signed for the service, and by the keys if there are any; its age does not count.
    """
    header = request.headers.get("Authorization")
    if not header:
        raise MissingAuthenticationToken("Missing Authentication Token")
    found = _AUTHORIZATION.fullmatch(header)
    if not found:
        raise InvalidSignature("Authorization header is not in the form of AWS Signature Version 4")
    if found["service"] != service:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{service}'.")
    date = request.headers.get("X-Amz-Date", "")
    signed = found["headers"].split(";")
    if not date.startswith(found["date"]) or "host" not in signed or "x-amz-date" not in signed:
        raise InvalidSignature("The host and an X-Amz-Date of the credential's day must be signed")
    if keys is None:
        return found["region"]
    if found["key"] != keys.access_key:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    expected = _signature(request, signed, signer=SigV4Auth(keys, service, found["region"]))
    if not hmac.compare_digest(expected, found["signature"]):
        raise InvalidSignature(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
        )
    return found["region"]


def _signature(request: Request, signed: list[str], *, signer: SigV4Auth) -> str:
    headers = {name: request.headers.get(name, "") for name in signed}
    url = f"http://{request.headers.get('Host')}{request.path}"
    again = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    again.context["timestamp"] = headers["x-amz-date"]
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))

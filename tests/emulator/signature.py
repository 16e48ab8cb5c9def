# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures (SigV4): always required, and verified if credentials are configured."""

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


def verify_signature(request: Request, service: str, credentials: Credentials | None) -> str:
    """Return the region that the request is signed for.

    Raise unless it is signed for the service, and with the credentials if they are given. Its age is not checked.
    """
    header = request.headers.get("Authorization")
    if not header:
        raise MissingAuthenticationToken("Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(header)
    if not match:
        raise InvalidSignature("Authorization header is not in the form of AWS Signature Version 4")
    if match["service"] != service:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{service}'.")
    date = request.headers.get("X-Amz-Date", "")
    signed_headers = match["headers"].split(";")
    if not date.startswith(match["date"]) or "host" not in signed_headers or "x-amz-date" not in signed_headers:
        raise InvalidSignature("The host and an X-Amz-Date of the credential's day must be signed")
    if credentials is None:
        return match["region"]
    if match["key"] != credentials.access_key:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    expected = _compute_signature(request, signed_headers, signer=SigV4Auth(credentials, service, match["region"]))
    if not hmac.compare_digest(expected, match["signature"]):
        raise InvalidSignature(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
        )
    return match["region"]


def _compute_signature(request: Request, signed_headers: list[str], *, signer: SigV4Auth) -> str:
    headers = {name: request.headers.get(name, "") for name in signed_headers}
    url = f"http://{request.headers.get('Host')}{request.path}"
    aws_request = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    aws_request.context["timestamp"] = headers["x-amz-date"]
    return str(signer.signature(signer.string_to_sign(aws_request, signer.canonical_request(aws_request)), aws_request))

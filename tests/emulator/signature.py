# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures (SigV4), which are always required, and verified if credentials are configured."""

from __future__ import annotations

import calendar
import hmac
import re
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .exceptions import InvalidSignature, MissingAuthenticationToken, UnrecognizedClient
from .protocol import Request
from .switches import Switches

_DATE = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


# The form of a region's name in all partitions that botocore knows.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d+")


def verify_signature(request: Request, service: str, credentials: Credentials | None, *, switches: Switches) -> str:
    """Return the region for which the request is signed.

    Raise if the service, the region or the date is wrong, or if the signature does not match the given credentials.
    """
    header = request.headers.get("Authorization")
    if not header:
        raise MissingAuthenticationToken("Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(header)
    if not match:
        raise InvalidSignature("Authorization header is not in the form of AWS Signature Version 4")
    if match["service"] != service:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{service}'.")
    if not _REGION.fullmatch(match["region"]) or match["region"] not in (switches.regions or [match["region"]]):
        raise InvalidSignature("Credential should be scoped to a valid region.")
    signed_headers = match["headers"].split(";")
    _check_signed_headers(request, signed_headers)
    _check_date(request.headers.get("X-Amz-Date", ""), match["date"], switches.signature_seconds)
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


def _check_signed_headers(request: Request, signed: list[str]) -> None:
    for name in ("host", "x-amz-date", *map(str.lower, request.headers)):
        if name not in signed and (name == "host" or name.startswith("x-amz-")):
            raise InvalidSignature(f"'{name.title()}' must be a 'SignedHeader' in the AWS Authorization.")


def _check_date(date: str, scope: str, most: float | None) -> None:
    """Check the date of a signature with the machine's clock, because clients sign with that."""
    if not date.startswith(scope):
        raise InvalidSignature(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {date}"
        )
    try:
        signed = calendar.timegm(time.strptime(date, _DATE))
    except ValueError:
        raise InvalidSignature(f"Date must be in ISO-8601 'basic format'. Got '{date}'.") from None
    now = time.time()
    if most is not None and abs(now - signed) > most:
        problem = "Signature expired" if signed < now else "Signature not yet current"
        raise InvalidSignature(
            f"{problem}: {date} is more than {most:.0f} s off {time.strftime(_DATE, time.gmtime(now))}"
        )


def _compute_signature(request: Request, signed_headers: list[str], *, signer: SigV4Auth) -> str:
    headers = {name: request.headers.get(name, "") for name in signed_headers}
    url = f"http://{request.headers.get('Host')}{request.path}"
    aws_request = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    aws_request.context["timestamp"] = headers["x-amz-date"]
    return str(signer.signature(signer.string_to_sign(aws_request, signer.canonical_request(aws_request)), aws_request))

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection of replays by the clocks, and classification of errors."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from http.client import RemoteDisconnected

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._action.start import is_replay, not_started
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import (
    Refused,
    StartAbandoned,
    StartUnconfirmed,
)
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Request, StartResponse
from botocore import exceptions
from dateutil.tz import tzoffset
from urllib3.connection import HTTPConnection
from urllib3.exceptions import LocationParseError, NewConnectionError, ProxyError, SSLError

NOW = RESPONDED = datetime(2026, 11, 22, 22, 0, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize("skew", [-840, 0, 840])
@pytest.mark.parametrize(
    ("age", "elapsed", "replay"),
    [
        (0, 0.1, False),
        (2, 0.1, False),
        (2.2, 0.1, True),
        (3600, 0.1, True),
        (30, 29, False),
        (32, 29, True),
        (-5, 0, False),
    ],
)
def test_a_record_older_than_the_first_attempt_is_a_replay(
    age: float, elapsed: float, replay: bool, skew: float
) -> None:
    response = StartResponse({"RecordId": "rec-1", "CreatedTime": RESPONDED - timedelta(seconds=age)}, RESPONDED)
    assert is_replay(response, elapsed, RESPONDED + timedelta(seconds=skew)) is replay


@pytest.mark.parametrize(
    "date", [None, NOW - timedelta(hours=3), NOW + timedelta(hours=3), datetime.min.replace(tzinfo=timezone.utc)]
)
@pytest.mark.parametrize(
    ("age", "elapsed", "replay"),
    [(0, 0.1, False), (-3600, 0.1, False), (899, 0.1, False), (901, 0.1, True), (901, 2, False), (7200, 60, True)],
)
def test_without_a_plausible_date_the_local_clock_and_a_tolerance_decide_whether_a_record_is_a_replay(
    age: float, elapsed: float, replay: bool, date: datetime | None
) -> None:
    response = StartResponse({"RecordId": "rec-1", "CreatedTime": NOW - timedelta(seconds=age)}, date)
    assert is_replay(response, elapsed, NOW) is replay


@pytest.mark.parametrize("date", [None, NOW, NOW - timedelta(hours=3)])
@pytest.mark.parametrize(
    "created",
    [
        None,
        NOW.replace(tzinfo=None) - timedelta(days=1),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
        NOW.replace(tzinfo=tzoffset(None, 400_000)),
    ],
)
def test_a_record_whose_age_is_unknown_counts_as_new(created: datetime | None, date: datetime | None) -> None:
    assert not is_replay(StartResponse({"RecordId": "rec-1", "CreatedTime": created}, date), 0.1, NOW)


def _proxy_error(cause: Exception) -> Exception:
    return exceptions.ProxyConnectionError(proxy_url="u", error=ProxyError("no connection", cause))


@pytest.mark.parametrize(
    ("error", "never_sent", "transient"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="u"), True, True),
        (exceptions.ConnectTimeoutError(endpoint_url="u"), True, True),
        (_proxy_error(NewConnectionError(None, "refused")), True, True),
        # TLS with the proxy failed; before version 2, urllib3 does not tell this from TLS through the proxy.
        (_proxy_error(SSLError("wrong version number")), hasattr(HTTPConnection, "has_connected_to_proxy"), True),
        (_proxy_error(OSError("Tunnel connection failed: 502 Bad Gateway")), True, True),
        # The proxy may have forwarded the request before it closed the connection.
        (_proxy_error(ConnectionResetError()), False, True),
        (_proxy_error(RemoteDisconnected()), False, True),
        (exceptions.SSLError(endpoint_url="u", error="CERTIFICATE_VERIFY_FAILED"), True, True),
        (exceptions.SSLError(endpoint_url="u", error="bad record mac"), False, True),
        (exceptions.ReadTimeoutError(endpoint_url="u"), False, True),
        (exceptions.ConnectionClosedError(endpoint_url="u"), False, True),
        (exceptions.NoCredentialsError(), False, False),
        (exceptions.HTTPClientError(error=LocationParseError("http://[::bad")), True, True),
        (exceptions.HTTPClientError(error=OSError("gone")), False, True),
    ],
)
def test_connection_errors_are_classified(error: Exception, never_sent: bool, transient: bool) -> None:
    assert errors.was_never_sent(error) is never_sent
    assert errors.is_transient(error) is transient


@pytest.mark.parametrize(
    ("operation", "permission", "is_ours"),
    [
        ("DescribeRecord", "servicecatalog:DescribeRecord", True),
        ("AssumeRoleWithSAML", "sts:AssumeRoleWithSAML", False),
        ("GetRoleCredentials", "sso:GetRoleCredentials", False),
    ],
)
def test_a_denied_call_names_the_missing_permission(operation: str, permission: str, is_ours: bool) -> None:
    denied = exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, operation)
    assert errors.describe_error(denied) == f"AccessDenied: No (the permission needed is {permission})"
    assert errors.is_access_denied(denied) is is_ours


@pytest.mark.parametrize(
    ("error", "may_have_acted", "expected"),
    [
        (errors.StartStopped("stopped"), False, StartAbandoned),
        # A start that could not be sent in time has failed, because nothing requested that it be skipped.
        (errors.CallAbandoned("too late"), False, Refused),
        (errors.CallAbandoned("too late"), True, StartUnconfirmed),
    ],
)
def test_only_a_stopped_start_counts_as_not_started(
    error: Exception, may_have_acted: bool, expected: type[Exception]
) -> None:
    request = Request("pp-orders0000001", "act-restart000001", "token", {})
    raised = not_started(error, may_have_acted, request, retry_hint="it again")
    assert raised.__class__ is expected

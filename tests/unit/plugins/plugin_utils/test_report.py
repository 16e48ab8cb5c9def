# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the role's report, for complete, partial and missing results."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.filter import report as report_filter
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.results import record_detail
from ansible_collections.selfservice.aws.plugins.plugin_utils._report import report

ROLE = Path(__file__).parents[4] / "roles" / "run_service_action"


def result(name: str, outcome: str = "succeeded", *, record: dict[str, Any] | None = None, **more: Any) -> dict:
    """Return a result in the bulk module's shape; `record` has the members of its record, if any."""
    return {
        "provisioned_product_id": f"pp-{name}",
        "provisioned_product_name": name,
        "outcome": outcome,
        "changed": record is not None,
        "execute_token": "token",
        "attempt": 1,
        "record_detail": {**record_detail({}), **(record or {})},
        "record_outputs": {},
        "msg": None,
        "error": None,
        **more,
    }


def record(created: str | None = "07:00:00", updated: str | None = "07:00:10", status: str = "SUCCEEDED") -> dict:
    times = {"created_time": created, "updated_time": updated}
    return {
        "record_id": "rec-1",
        "status": status,
        **{name: time and f"2026-11-26T{time}.500000+00:00" for name, time in times.items()},
    }


def only_row(given: dict[str, Any], **context: Any) -> dict[str, Any]:
    (row,) = report([given], context)["results"]
    found: dict[str, Any] = row
    return found


def test_counts_add_up_to_the_total_and_are_summarized_in_words() -> None:
    outcomes = ("succeeded", "failed", "timed_out", "succeeded", "not_started", "running", "")
    data = report([result(str(number), each) for number, each in enumerate(outcomes)], {})
    assert data["counts"] == {
        "total": 7,
        "failed": 1,
        "timed_out": 1,
        "unknown": 2,
        "not_started": 1,
        "started": 0,
        "would_start": 0,
        "succeeded": 2,
        "changed": 0,
        "earlier": 0,
    }
    expected = "7 provisioned products: 1 failed, 1 timed out, 2 unknown, 1 not started, 2 succeeded"
    assert data["summary"] == expected


@pytest.mark.parametrize(
    ("results", "summary"),
    [([], "0 provisioned products"), ([result("web", "would_start")], "1 provisioned product: 1 would start")],
)
def test_the_summary_is_correct_for_no_results_and_for_one(results: list[Any], summary: str) -> None:
    assert report(results, {"check_mode": True})["summary"] == summary


def test_actions_of_this_run_and_of_earlier_runs_are_counted_separately() -> None:
    earlier = result("web-2", record=record(), changed=False)
    unconfirmed = result("web-3", "failed", changed=True)
    others = [result("web-4", "failed"), result("web-5", "would_start", changed=True)]
    counts = report([result("web-1", record=record()), earlier, unconfirmed, *others], {})["counts"]
    assert (counts["changed"], counts["earlier"]) == (2, 1)


def test_results_that_need_attention_are_first_and_names_are_in_natural_order() -> None:
    given = [
        result("Web-10"),
        result("web-9"),
        result("b", "not_started"),
        result("a", "timed_out"),
        result("z", "failed"),
        result("", "failed", provisioned_product_id=None, provisioned_product_name=None),
    ]
    names = [each["provisioned_product_name"] for each in report(given, {})["results"]]
    assert names == [None, "z", "a", "b", "web-9", "Web-10"]


@pytest.mark.parametrize(
    ("created", "updated", "status", "seconds", "words"),
    [
        ("07:00:00", "07:00:00", "SUCCEEDED", 0, "0 s"),
        ("07:00:00", "07:04:10", "FAILED", 250, "4 min 10 s"),
        ("07:00:00", "08:00:05", "SUCCEEDED", 3605, "1 h 0 min 5 s"),
        ("07:00:00", "07:04:10", "IN_PROGRESS", None, None),
        ("07:00:00", "07:04:10", "SOMETHING_NEW", None, None),
        ("07:00:00", None, "SUCCEEDED", None, None),
        (None, "07:04:10", "SUCCEEDED", None, None),
        ("07:04:10", "07:00:00", "SUCCEEDED", None, None),
    ],
)
def test_only_ended_records_have_a_duration(
    created: str | None, updated: str | None, status: str, seconds: int | None, words: str | None
) -> None:
    row = only_row(result("web", record=record(created, updated, status)))
    assert (row["duration_seconds"], row["duration"]) == (seconds, words)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-26T07:00:00.123456+00:00", "2026-11-26T07:00:00Z"),
        ("2026-11-26T09:00:00+02:00", "2026-11-26T07:00:00Z"),
        ("2026-11-26T07:00:00Z", "2026-11-26T07:00:00Z"),
        ("2026-11-26T07:00:00", "2026-11-26T07:00:00Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_in_utc(given: str | None, shown: str | None) -> None:
    assert only_row(result("web", record={"created_time": given}))["created_time"] == shown
    assert report([], {"started": given})["started"] == shown


def test_the_times_of_a_run_default_to_those_of_its_first_and_last_record() -> None:
    given = [
        result("a", record=record("07:00:05", "07:01:00")),
        result("b", record=record("07:00:00", "07:00:10")),
        result("c", "failed"),
    ]
    data = report(given, {})
    times = ("2026-11-26T07:00:00Z", "2026-11-26T07:01:00Z", "1 min 0 s")
    assert (data["started"], data["ended"], data["duration"]) == times
    assert data["records_seconds"] == 60
    assert [row["offset_seconds"] for row in data["results"]] == [None, 5, 0]
    own = report(given, {"started": "2026-11-26T06:59:00+00:00", "ended": "2026-11-26T07:02:00+00:00"})
    assert (own["duration"], own["records_seconds"]) == ("3 min 0 s", 60)


def test_missing_and_empty_facts_are_null() -> None:
    data = report([], {"change_id": "", "run_by": None, "max_errors": 0})
    facts = ("change_id", "service_action_id", "service_action_name", "region", "account", "run_by", "awx_job_id")
    assert {data[name] for name in (*facts, "awx_job_url", "msg", "started", "ended", "duration")} == {None}
    assert data["max_errors"] == "0"
    assert data["parameters"] == {}
    assert data["results"] == []


@pytest.mark.parametrize(
    ("context", "region", "account"),
    [
        ({}, "eu-west-1", "123456789012"),
        ({"region": "us-east-1", "account": "1"}, "us-east-1", "1"),
        ({"arn": "no arn"}, None, None),
        ({"arn": None}, None, None),
    ],
)
def test_region_and_account_come_from_an_arn(context: dict, region: str | None, account: str | None) -> None:
    arn = "arn:aws:servicecatalog:eu-west-1:123456789012:stack/web/pp-1"
    data = report([], {"arn": arn, **context})
    assert (data["region"], data["account"]) == (region, account)


def test_an_empty_result_becomes_a_row_of_nulls() -> None:
    for given in ({}, {"record_detail": None, "record_outputs": None, "parameters": None, "attempt": None}):
        row = only_row(given)
        assert row.pop("outcome") == "unknown"
        assert {name: value for name, value in row.items() if value} == {}
        assert set(row) == set(only_row(result("web", record=record()))) - {"outcome"}


def test_ids_are_taken_from_the_record_if_the_result_has_none() -> None:
    names = {"provisioned_product_id": "pp-1", "provisioned_product_name": "web"}
    given = result("", record={**record(), **names}, provisioned_product_id=None, provisioned_product_name="")
    row = only_row(given)
    assert {name: row[name] for name in names} == names


def test_common_parameters_are_returned_once_and_others_with_their_product() -> None:
    given = [
        result("a", parameters={"Mode": "soft", "Force": True, "Tables": ["x", 1]}),
        result("b", parameters={"Mode": "hard", "Force": True, "Tables": ["x", 1]}),
    ]
    data = report(given, {})
    assert data["parameters"] == {"Force": ["true"], "Tables": ["x", "1"]}
    assert [row["parameters"] for row in data["results"]] == [{"Mode": ["soft"]}, {"Mode": ["hard"]}]
    data = report(given, {"parameters": {"Mode": "soft"}})
    assert data["parameters"] == {"Mode": ["soft"]}
    assert data["results"][1]["parameters"] == {"Mode": ["hard"], "Force": ["true"], "Tables": ["x", "1"]}


@pytest.mark.parametrize("parameters", [None, {}, {"Old": "a s3cr3t b", "Pin": "s3cr3t", "Mode": "soft"}])
def test_secrets_are_masked_among_all_parameters(parameters: dict[str, Any] | None) -> None:
    context = {"parameters": parameters, "sensitive_parameters": {"Pin": "s3cr3t", "Keys": ["k3y-1", "k3y-2"]}}
    own = {"Pin": "an0ther", "Keys": ["k3y-1"], "Note": "czNjcjN0", "Mode": "k3y-2"}
    data = report([result("a", parameters=own), result("b")], context)
    assert data["parameters"]["Pin"] == ["********"]
    assert data["parameters"]["Keys"] == ["********"] * 2
    assert not re.search("s3cr3t|an0ther|k3y|czNjcjN0", json.dumps(data))
    if parameters:
        assert data["parameters"]["Old"] == ["a ******** b"]
        assert data["parameters"]["Mode"] == ["soft"]


def test_names_that_are_equal_when_masked_get_a_number() -> None:
    secrets = {"Pin of s3cr3t": "s3cr3t", "Key": "k3y-1"}
    own = {"s3cr3t": "a", "k3y-1": "b"}
    context = {"parameters": {"Pin of k3y-1": "c"}, "sensitive_parameters": secrets}
    data = report([result("a", parameters=own)], context)
    assert data["parameters"] == {"Pin of ********": ["c"], "Pin of ******** (2)": ["********"], "Key": ["********"]}
    assert data["results"][0]["parameters"] == {"********": ["a"], "******** (2)": ["b"]}


def test_the_filter_names_the_local_user_unless_awx_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "bob")
    assert report_filter.report([])["run_by"] == "bob"
    assert report_filter.report([], {"run_by": ""})["run_by"] == "bob"
    assert report_filter.report([], {"run_by": "alice"})["run_by"] == "alice"
    assert report_filter.report([], {"run_by": "", "awx_job_id": "7"})["run_by"] is None


def test_a_thousand_products_are_all_returned_as_json() -> None:
    given = [result(f"web-{number}", record=record()) for number in range(1000)]
    data = json.loads(json.dumps(report(given, {"change_id": "CHG-1"})))
    assert data["counts"]["succeeded"] == data["counts"]["total"] == 1000
    assert [row["provisioned_product_name"] for row in data["results"]] == [f"web-{number}" for number in range(1000)]


def test_the_content_security_policy_allows_only_the_reports_own_script() -> None:
    # The text between the script tags: the file lookup strips trailing whitespace.
    script = "\n" + (ROLE / "files" / "report.js").read_text().rstrip() + "\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (ROLE / "templates" / "report.html.j2").read_text()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}';" in page
    loaded = re.findall(r"url\(|@import|\bsrc=|<link", page + (ROLE / "files" / "report.css").read_text())
    assert loaded == []

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next node of a workflow gets the lists and numbers of all slices, in whichever order these end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.filter.join_slices import join_slices
from ansible_collections.selfservice.aws.plugins.plugin_utils._role.results import statistics

PREFIX = "run_service_action_"


def result(outcome: str, number: int) -> dict[str, Any]:
    """Return the result of a host, with a record unless the action was not started."""
    record = {} if outcome == "not_started" else {"record_id": f"rec-{number}"}
    product = {"provisioned_product_id": f"pp-{number}", "provisioned_product_name": None}
    return {"outcome": outcome, "record_detail": record, **product}


def published(job_id: int | None, **outcomes: str) -> dict[str, Any]:
    """Return the statistics that a job publishes for hosts with these outcomes."""
    return statistics({name: result(outcomes[name], number) for number, name in enumerate(outcomes)}, job_id)


def test_lists_are_joined_in_the_order_of_the_job_ids_and_numbers_are_added() -> None:
    # The ids must be compared as numbers: as strings, 9 would follow 10.
    variables = {
        **published(10, a="succeeded", b="not_started"),
        **published(9, c="failed", d="succeeded"),
        "run_service_action_hosts": "all",
    }
    joined = join_slices(variables)
    assert joined == {
        f"{PREFIX}job_ids": [9, 10],
        f"{PREFIX}record_ids": ["rec-0", "rec-1", "rec-0"],
        f"{PREFIX}remaining": ["pp-1"],
        f"{PREFIX}failed_hosts": ["c", "b"],
        f"{PREFIX}succeeded": 2,
        f"{PREFIX}failed": 1,
        f"{PREFIX}timed_out": 0,
        f"{PREFIX}not_started": 1,
        f"{PREFIX}started": 0,
        f"{PREFIX}would_start": 0,
    }
    # Except for the job ids, the names are those that a single job publishes.
    assert joined.keys() - {f"{PREFIX}job_ids"} == published(None).keys()


def test_the_variables_are_not_changed() -> None:
    variables = {**published(1, a="failed"), **published(2, b="failed")}
    before = repr(variables)
    assert join_slices(variables) == join_slices(variables)
    assert repr(variables) == before


def test_a_job_that_was_not_sliced_is_returned_as_it_is() -> None:
    alone = published(None, a="failed")
    assert join_slices(alone) == {**alone, f"{PREFIX}job_ids": []}
    assert join_slices(published(7, a="failed")) == {**alone, f"{PREFIX}job_ids": [7]}


def test_a_check_ignores_the_jobs_that_earlier_checks_have_read() -> None:
    variables: dict[str, Any] = {}
    # AWX passes the artifacts of all earlier nodes on, and a later value replaces an earlier one of the same name.
    for job_id, outcome in ((1, "failed"), (3, "succeeded"), (5, "timed_out")):
        variables |= published(job_id, web=outcome)
        joined = join_slices({**variables, "awx_job_id": job_id + 1})
        assert joined[f"{PREFIX}job_ids"] == joined[f"{PREFIX}{job_id + 1}_job_ids"] == [job_id]
        assert joined[f"{PREFIX}failed_hosts"] == ["web"] * (outcome != "succeeded")
        variables |= joined
    # A job that runs beside a check, and ends after it, may have a lower id.
    variables = {**variables, **published(2, orders="failed"), "awx_job_id": 8}
    assert join_slices(variables)[f"{PREFIX}8_job_ids"] == [2]


NO_JOB: dict[str, Any] = {"awx_job_id": 9, "run_service_action_hosts": "all"}
CHECKED = published(7, a="succeeded")


@pytest.mark.parametrize(
    "variables",
    [NO_JOB, {**CHECKED, **join_slices({**CHECKED, "awx_job_id": 8}), **NO_JOB}],
    ids=["no job", "no job since the last check"],
)
def test_variables_without_any_job_are_an_error(variables: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="No earlier job of the workflow has artifacts"):
        join_slices(variables)

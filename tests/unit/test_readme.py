# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's claims by the file of the test that backs each, and the sections that readers look for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

CLAIMS = {
    "tests/integration/test_guides.py": {
        "runs those actions from tasks, ad-hoc commands": "test_the_tasks_of_a_page_run",
        "each task and command on it runs in the tests": "test_a_command_runs",
        "Operators who choose with `--limit`, batches, AWX' job slices": (
            "test_the_commands_of_a_guide_run_with_its_files"
        ),
    },
    "tests/integration/test_inventory.py": {
        "the inventory plugin: provisioned products as hosts, for plays and AWX' job slices": (
            "test_from_the_inventory_to_records"
        ),
    },
    "tests/integration/test_awx_job_templates.py": {
        "makes an AWX job template for each service action, with its survey": (
            "test_from_nothing_to_a_form_to_a_record"
        ),
    },
    "tests/integration/test_runner.py": {
        "artifacts for AWX workflows": "test_a_job_hands_over_its_record_as_result_fact_and_artifact",
        "so that a cancelled job has shown the record's id": (
            "test_a_job_cancelled_while_it_waits_has_shown_its_record_and_is_taken_up_when_launched_again"
        ),
    },
    "tests/integration/test_progress.py": {
        "tells how far a task is, in one line on a terminal": (
            "test_on_a_terminal_one_line_tells_all_and_leaves_no_trace"
        ),
        "and in plain lines in AWX, CI": "test_awx_gets_events_with_lines",
        "CI and files": "test_a_log_gets_lines",
    },
    "tests/integration/test_report.py": {"and an HTML report": "test_it_shows_every_target_with_its_outcome"},
    "tests/integration/test_role.py": {
        "ad-hoc commands and AWX job templates": "test_answers_come_as_text",
        "runs an action on one product, on many, or on the play's hosts": (
            "test_the_hosts_of_each_batch_are_one_bulk_task"
        ),
        "re-runs are safe by a change id": "test_a_change_runs_once_and_a_new_change_anew",
    },
    "tests/unit/plugins/modules/test_servicecatalog_service_action.py": {
        "waits until they have ended if you want that": "test_the_end_is_seen_soon_and_with_few_polls",
        "and tells you how they ended": "test_a_failed_record_fails_with_all_there_is",
        "No record is ever lost": "test_what_will_not_get_better_ends_the_wait_with_the_record",
        "nothing runs twice by accident": "test_an_answer_lost_once_or_twice_is_one_record",
        "check mode proves instead of guessing": "test_check_mode_refuses_what_the_service_would",
        "it proves with reads that the service would accept the call": "test_check_mode_reads_only_and_predicts",
        "shows the action's default parameters beside those that would take effect": (
            "test_diff_shows_defaults_and_what_overrides_them"
        ),
        "runs an action on a provisioned product, and waits if asked": "test_ids_without_wait_are_one_call",
        "Every failure after the start hands back the record and how to go on": (
            "test_a_timeout_hands_back_the_record_and_the_way_on"
        ),
        "| the service refused the start | false |": "test_a_refusal_changes_nothing",
        "`msg` with the service's code and the choices": "test_an_unknown_action_lists_the_choices",
        "| the record FAILED | true, for an older record false |": (
            "test_a_replayed_failed_record_fails_without_wait_too"
        ),
        "`record_detail` as last seen, and how to go on waiting": "test_a_timeout_hands_back_the_record_and_the_way_on",
        "| polling can't go on (expired credentials, access denied) | true |": (
            "test_what_will_not_get_better_ends_the_wait_with_the_record"
        ),
        "| no usable answer to the start came back | true |": "test_an_answer_lost_for_good_may_have_started",
        "The same `execute_token` never starts an action twice": (
            "test_a_replayed_token_changes_nothing_and_shows_how_it_stands"
        ),
        "What check mode may not read is a warning": "test_what_check_mode_may_not_read_is_a_warning",
    },
    "tests/integration/test_running_service_actions.py": {
        "and no secret shows": "test_a_secret_shows_nowhere",
        "With `--check --diff` the same task starts nothing": "test_check_mode_and_diff_of_a_playbook",
        "or this task again with wait: true and execute_token": "test_a_timeout_is_taken_up_again_by_its_token",
        "`record_detail` with its errors, `record_outputs`, `hints`": "test_a_failed_record_reads_well_ad_hoc",
        "once for all with `module_defaults: {group/selfservice.aws.aws: {…}}`": (
            "test_module_defaults_of_the_group_apply"
        ),
        "The first is all that a start by ids needs": "test_ids_without_wait_are_one_call_of_the_whole_process",
    },
    "tests/integration/test_playbooks.py": {
        "`make demo` ends with what a failed action looks like": "test_the_demo_shows_what_it_says",
        "the playbook that prints what can be done with a product": (
            "test_the_actions_of_a_product_are_a_readable_table"
        ),
    },
    "tests/unit/plugins/modules/test_servicecatalog_service_action_bulk.py": {
        "within `max_concurrency` and `max_errors`": "test_never_more_run_than_allowed",
        "from one task, within `max_concurrency`": "test_an_error_too_many_stops_new_starts",
        "what runs is waited for, and what did not start starts": "test_the_same_seed_takes_up_where_it_was",
    },
    "tests/unit/plugins/modules/test_servicecatalog_record_wait.py": {
        "waits for one record or many, whatever started them": "test_the_same_id_twice_is_read_once_and_returned_twice",
    },
    "tests/unit/plugins/modules/test_info_modules.py": {
        "finds provisioned products by id, name or search": "test_products_are_found_by_tag",
        "lists the actions of a product, with their parameters and defaults": (
            "test_the_actions_of_a_product_cost_two_calls_and_one_for_each"
        ),
        "looks up records with their outputs": "test_records_by_id_come_with_outputs_and_in_order",
        "or lists their history": "test_the_history_is_newest_first_whatever_the_service_does",
    },
    "tests/integration/test_bulk_kills.py": {
        "Run again with the same `execute_token` after anything, a kill included, it takes up where it was": (
            "test_two_hundred_targets_killed_at_random_moments_are_two_hundred_records"
        ),
    },
    "tests/unit/test_benchmarks.py": {
        "which `make bench` measures and writes": "test_the_page_shows_every_figure_and_plot",
    },
    "tests/unit/plugins/module_utils/test_execution.py": {
        "(or still `true` within two seconds, since the service's clock tells whole seconds only)": (
            "test_a_record_older_than_the_first_attempt_is_a_replay"
        ),
    },
    ".ci/test_matrix.py": {
        "It needs ansible-core 2.17 or newer": "test_each_core_runs_on_its_oldest_python_and_the_newest_on_the_newest",
        "modules run on Python 3.9 or newer": "test_the_modules_run_on_every_python_that_was_found",
    },
    "tests/integration/test_tarball.py": {
        "$ ansible-galaxy collection install git+file://$PWD": "test_the_checkout_installs_as_the_readme_says",
    },
    "tests/unit/test_collection.py": {
        '"servicecatalog:ExecuteProvisionedProductServiceAction", "servicecatalog:DescribeRecord",': (
            "test_the_permissions_are_those_of_the_calls_that_are_made"
        ),
    },
    "tests/unit/emulator/test_emulator_refusals.py": {
        "which refuses what AWS would refuse by botocore's own model of the service": (
            "test_input_that_does_not_fit_the_model"
        ),
    },
    "tests/unit/test_readme.py": {
        "Each claim on this page is listed beside the test that backs it": (
            "test_the_claims_are_on_the_page_and_have_their_tests"
        ),
    },
}
# Those of Galaxy's and Automation Hub's template.
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use cases",
    "Testing",
    "Support",
    "Release notes",
    "License",
]


@pytest.mark.parametrize("file", CLAIMS)
def test_the_claims_are_on_the_page_and_have_their_tests(file: str) -> None:
    tests = re.findall(r"^def (test_\w+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert [claim for claim in CLAIMS[file] if claim not in README] == []
    assert set(CLAIMS[file].values()) <= set(tests)


def test_the_figures_are_those_of_the_last_benchmarks() -> None:
    page = " ".join((ROOT / "docs/docsite/rst/guide_benchmarks.rst").read_text(encoding="utf-8").split())
    faster = re.search(r"a loop's time over the bulk task's - ([\d,]+) times", page)
    calls = re.search(r"The same run: calls - ([\d.]+) a target", page)
    assert faster
    assert calls
    assert "starting 1,000 targets that way took less than a hundredth of the time of a loop" in README
    assert int(faster[1].replace(",", "")) >= 100
    assert f"takes about {float(calls[1]):.1f} API calls a target" in README


def test_the_page_has_the_usual_sections() -> None:
    assert [section for section in SECTIONS if f" ## {section} " not in README] == []


def test_what_the_page_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []

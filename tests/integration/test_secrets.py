# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and credentials are not written anywhere, even with all of Ansible's verbose output enabled."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote

import pytest
from emulator import Emulator

SECRET = 'S3cr3t "Pa/ss&wörd\\1234'
VARIANTS = (
    SECRET,
    repr(SECRET)[1:-1],
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
    json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
    quote(SECRET),
    quote(SECRET, ""),
    html.escape(SECRET),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    SECRET.encode().hex(),
)
OUTPUT = {"OutputKey": f"Log of {SECRET}", "OutputValue": " ".join(VARIANTS)}
CREDENTIALS = ("not-a-real-secret-key", "s3ssion-t0ken-value", "0ther-secret-key")
MASK = "********"
MODULE = "selfservice.aws.servicecatalog_service_action"
EXECUTE = "ExecuteProvisionedProductServiceAction"
# Modules log their arguments to syslog; here they log to a file.
SYSLOG = """\
import os, syslog
def write(*words):
    with open(os.environ["SYSLOG_FILE"], "a", encoding="utf-8") as file:
        file.write(f"{words[-1]}\\n")
syslog.syslog = write
"""
# Writes the results that callbacks get, like callbacks that print JSON.
CALLBACK = """\
import json, os
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_TYPE, CALLBACK_NAME, CALLBACK_VERSION = "aggregate", "events", 2.0
    def write(self, result, *words, **options):
        given = result.result if hasattr(type(result), "result") else result._result
        with open(os.environ["EVENTS_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(given, default=str) + "\\n")
    v2_runner_on_ok = v2_runner_on_failed = v2_runner_item_on_ok = v2_runner_item_on_failed = write
"""
TASKS = f"""
- module_defaults:
    group/selfservice.aws.aws: {{debug_botocore_endpoint_logs: true}}
  block:
    - {MODULE}:
        provisioned_product_name: orders-db
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'NewPassword': secret}} }}}}"
        secret_key: "{{{{ lookup('ansible.builtin.env', 'OTHER_KEY') }}}}"
        access_key: AKIDOTHER
        session_token: "{{{{ lookup('ansible.builtin.env', 'AWS_SESSION_TOKEN') }}}}"
        wait: true
      register: first
    - {MODULE}:
        provisioned_product_name: "{{{{ item }}}}"
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'TARGET': secret}} | to_json }}}}"
      register: second
      loop: [orders-db, billing-db, no-such-product]
      ignore_errors: true
    - {MODULE}_bulk:
        provisioned_product_names: [orders-db, billing-db]
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'TARGET': secret}} }}}}"
      register: third
      ignore_errors: true
    - ansible.builtin.import_role: {{name: selfservice.aws.run_service_action}}
      vars:
        provisioned_product_name: orders-db
        run_service_action_service_action_name: RotatePassword
        run_service_action_sensitive_parameters: "{{{{ {{'NewPassword': secret}} }}}}"
        run_service_action_change_id: CHG-1
        run_service_action_report: report.html
    - {MODULE}:
        provisioned_product_name: orders-db
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'NewPassword': secret}} }}}}"
        wait: true
      async: 60
      poll: 0
      register: job
    - ansible.builtin.async_status: {{jid: "{{{{ job.ansible_job_id }}}}"}}
      register: fourth
      until: fourth is finished
      delay: 1
      retries: 60
    - ansible.builtin.set_fact:
        cacheable: true
        result: "{{{{ [first, second, third, fourth, run_service_action_result] }}}}"
    - ansible.builtin.set_stats: {{data: {{first: "{{{{ first }}}}"}}}}
    - ansible.builtin.copy:
        content: "{{{{ result | to_nice_json }}}}"
        dest: "{{{{ playbook_dir }}}}/registered.json"
    - ansible.builtin.debug: {{var: result}}
  vars:
    secret: "{{{{ lookup('ansible.builtin.env', 'THE_SECRET') }}}}"
"""


def test_no_secret_is_written_anywhere(play: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SYSLOG)
    (tmp_path / "events.py").write_text(CALLBACK)
    emulator.fault("DescribeRecord", "replaced", members={"RecordOutputs": [OUTPUT]})
    done = play(
        TASKS,
        "-vvvv",
        "--diff",
        THE_SECRET=SECRET,
        OTHER_KEY="0ther-secret-key",
        PYTHONPATH=str(tmp_path / "site"),
        SYSLOG_FILE=str(tmp_path / "syslog"),
        EVENTS_FILE=str(tmp_path / "events.json"),
        AWS_SESSION_TOKEN="s3ssion-t0ken-value",
        ANSIBLE_INJECT_INVOCATION="1",
        ANSIBLE_LOG_PATH=str(tmp_path / "ansible.log"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(tmp_path / "facts"),
        ANSIBLE_CALLBACK_PLUGINS=str(tmp_path),
        ANSIBLE_CALLBACKS_ENABLED="amazon.aws.aws_resource_actions,ansible.builtin.junit,events",
        ANSIBLE_SHOW_CUSTOM_STATS="1",
        JUNIT_OUTPUT_DIR=str(tmp_path / "junit"),
    )
    assert done.code == 0, done.output[-5000:]
    assert [record["Parameters"] for record in emulator.records()] == [{"NewPassword": [SECRET]}] * 3
    # The endpoint logs are enabled, but amazon.aws finds no service names in them, since the emulator's URL has none.
    assert '"resource_actions"' in done.output
    written = {path.relative_to(tmp_path): path.read_text("utf-8", "replace") for path in files_in(tmp_path)}
    places = ["ansible.log", "async/*", "events.json", "facts/*", "junit/*", "registered.json", "report.html", "syslog"]
    assert [each for each in places if not any(path.match(each) and text for path, text in written.items())] == []
    assert MASK in done.output
    for place, text in {"the output": done.output, "the result": json.dumps(done.result), **written}.items():
        checked = text
        if str(place).startswith("async/"):
            # Since 2.22, Ansible itself writes the values that the controller has to mask there.
            checked = re.sub(r'"_ansible_new_secrets": \[.*?"\](?=[,}])', "", text)
        assert [variant for variant in (*VARIANTS, *CREDENTIALS) if variant in checked] == [], place
    for record in emulator.records():
        assert record["RecordId"] in written[Path("registered.json")]


def files_in(folder: Path) -> list[Path]:
    """Return all files below a folder but this test's own, and modules that Ansible has not removed yet."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "site"]
    return [path for path in found if not path.name.startswith("AnsiballZ_")]


REFUSED = f"""
- block:
    - {MODULE}: {{provisioned_product_name: orders-db, sensitive_parameters: "Password={{{{ secret }}}}"}}
    - {MODULE}_bulk:
        provisioned_product_names: [orders-db]
        service_action_name: RotatePassword
        sensitive_parameters: "Password={{{{ secret }}}} Pin={{{{ pin }}}}"
    - selfservice.aws.servicecatalog_record_wait:
        record_ids: [rec-1]
        sensitive_parameters: {{Password: "{{{{ secret }}}}", Pin: "{{{{ pin }}}}", Other: {{a: "{{{{ secret }}}}"}}}}
  ignore_errors: true
  vars:
    secret: "{{{{ lookup('ansible.builtin.env', 'THE_SECRET') }}}}"
    pin: "{{{{ lookup('ansible.builtin.env', 'THE_PIN') }}}}"
"""


def test_a_rejected_task_does_not_show_its_secrets(play: Callable[..., Any]) -> None:
    done = play(REFUSED, "-vvv", ANSIBLE_INJECT_INVOCATION="1", THE_SECRET="hunter2hunter2", THE_PIN="Z#7")
    assert "ignored=3" in done.output
    shown = [json.loads(each) for each in re.findall(r'"sensitive_parameters": ({[^}]*})', done.output)]
    assert [set(each.values()) for each in shown] == [{MASK}] * 3
    assert [secret for secret in ("hunter2", "Z#7") if secret in done.output] == []


ROLE = """
- ansible.builtin.import_role: {name: selfservice.aws.run_service_action}
  vars:
    provisioned_product_name: orders-db
    run_service_action_service_action_name: RotatePassword
    run_service_action_sensitive_parameters: "{{ given }}"
"""


@pytest.mark.parametrize("verbosity", ["-v", "-vvvv"])
@pytest.mark.parametrize(
    "given",
    ["Mode=hunter2horse", '{"Mode": "hunter2horse', ["hunter2horse"], {"Mode": {"a": "hunter2horse"}}, {"Pin": "Z#7"}],
    ids=str,
)
def test_the_role_quotes_no_secret_that_it_refuses(
    play: Callable[..., Any], emulator: Emulator, tmp_path: Path, given: Any, verbosity: str
) -> None:
    (tmp_path / "given.json").write_text(json.dumps({"given": given}))
    done = play(ROLE, verbosity, "--diff", "-e", "@given.json", ANSIBLE_INJECT_INVOCATION="1")
    assert done.code != 0
    assert "Nothing is started" in done.output
    assert [secret for secret in ("hunter2", "Z#7") if secret in done.output] == []
    assert emulator.calls() == []


OVERLAP = """
- ansible.builtin.import_role: {name: selfservice.aws.run_service_action}
  vars:
    provisioned_product_name: orders-db
    run_service_action_service_action_name: Backup
    run_service_action_parameters: {Retention: "db://app:{{ secret }}@db", Tables: [plain, "{{ secret | upper }}"]}
    run_service_action_sensitive_parameters: {TARGET: "{{ secret }}"}
    run_service_action_report: report.html
    run_service_action_report_json: true
    run_service_action_ignore_failures: true
    secret: "{{ lookup('ansible.builtin.env', 'THE_SECRET') }}"
- ansible.builtin.set_fact: {cacheable: true, result: "{{ run_service_action_result }}"}
"""


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_a_secret_that_is_a_part_of_another_parameter_is_masked_there_too(
    play: Callable[..., Any], emulator: Emulator, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "events.py").write_text(CALLBACK)
    secret = "hunter2hunter2"
    done = play(
        OVERLAP,
        "-vvvv",
        "--diff",
        *options,
        THE_SECRET=secret,
        ANSIBLE_INJECT_INVOCATION="1",
        ANSIBLE_CALLBACK_PLUGINS=str(tmp_path),
        ANSIBLE_CALLBACKS_ENABLED="events",
        EVENTS_FILE=str(tmp_path / "events.json"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(tmp_path / "facts"),
    )
    assert done.code == 0, done.output
    shown = {"Retention": f"db://app:{MASK}@db", "Tables": ["plain", MASK], "TARGET": MASK}
    assert done.result["parameters"] == shown
    written = {path.name: path.read_text("utf-8", "replace") for path in files_in(tmp_path)}
    assert "events.json" in written
    for place, text in {"the output": done.output, **written}.items():
        assert secret not in text.lower(), place
    if options:
        return
    assert json.loads(written["report.json"])["parameters"]["Retention"] == [shown["Retention"]]
    sent = {"Retention": [f"db://app:{secret}@db"], "Tables": ["plain", secret.upper()], "TARGET": [secret]}
    assert [call["parameters"]["Parameters"] for call in emulator.calls(EXECUTE)] == [sent]


def test_an_id_that_has_a_secret_as_a_part_is_kept_and_warned_of_where_ansible_masks_it(
    play: Callable[..., Any], emulator: Emulator
) -> None:
    done = play(f"""
    - {MODULE}:
        provisioned_product_name: orders-db
        service_action_name: RotatePassword
        sensitive_parameters: {{NewPassword: orders0000}}
        wait: true
      register: result
    """)
    detail = done.result["record_detail"]
    assert detail["provisioned_product_id"] == "pp-orders0000001"
    assert detail["record_id"] == emulator.records()[0]["RecordId"]
    is_masked_by_ansible = find_spec("ansible.module_utils.secrets") is not None
    assert ("which Ansible masks in its output" in re.sub(r"\s+", " ", done.output)) is is_masked_by_ansible
    assert "orders0000\n" not in done.output


def test_the_role_waits_and_reports_with_a_secret_that_is_a_part_of_times_and_ids(
    play: Callable[..., Any], emulator: Emulator, tmp_path: Path
) -> None:
    year = str(datetime.now(timezone.utc).year)
    done = play(f"""
    - ansible.builtin.import_role: {{name: selfservice.aws.run_service_action}}
      vars:
        provisioned_product_name: orders-db
        run_service_action_service_action_name: RotatePassword
        run_service_action_sensitive_parameters: {{NewPassword: "{year}"}}
        run_service_action_report: report.html
    - ansible.builtin.set_fact: {{result: "{{{{ run_service_action_result }}}}"}}
    """)
    assert done.code == 0, done.output
    detail = done.result["record_detail"]
    assert (detail["record_id"], detail["status"]) == (emulator.records()[0]["RecordId"], "SUCCEEDED")
    assert detail["created_time"][:4] == year
    assert detail["created_time"][:10] in (tmp_path / "report.html").read_text()

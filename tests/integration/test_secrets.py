# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and credentials are not written anywhere, even with all of Ansible's verbose output enabled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote

from emulator import Emulator

SECRET = 'S3cr3t "Pa/ss&wörd\\1234'
VARIANTS = (
    SECRET,
    repr(SECRET)[1:-1],
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
    quote(SECRET),
    quote(SECRET, ""),
)
CREDENTIALS = ("not-a-real-secret-key", "s3ssion-t0ken-value", "0ther-secret-key")
MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
MODULE = "selfservice.aws.servicecatalog_service_action"
# Modules log their arguments to syslog; here they log to a file.
SYSLOG = """\
import os, syslog
def write(*words):
    with open(os.environ["SYSLOG_FILE"], "a", encoding="utf-8") as file:
        file.write(f"{words[-1]}\\n")
syslog.syslog = write
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
        provisioned_product_name: orders-db
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'TARGET': secret}} | to_json }}}}"
      register: second
      ignore_errors: true
    - {MODULE}_bulk:
        provisioned_product_names: [orders-db, billing-db]
        service_action_name: RotatePassword
        sensitive_parameters: "{{{{ {{'TARGET': secret}} }}}}"
      register: third
      ignore_errors: true
    - ansible.builtin.import_role: {{name: selfservice.aws.run_service_action}}
      vars:
        run_service_action_provisioned_product_name: orders-db
        run_service_action_service_action_name: RotatePassword
        run_service_action_sensitive_parameters: "{{{{ {{'NewPassword': secret}} }}}}"
        run_service_action_change_id: CHG-1
        run_service_action_report: report.html
    - ansible.builtin.set_fact:
        cacheable: true
        result: "{{{{ [first, second, third, run_service_action_result] }}}}"
    - ansible.builtin.debug: {{var: result}}
  vars:
    secret: "{{{{ lookup('ansible.builtin.env', 'THE_SECRET') }}}}"
"""


def test_no_secret_is_written_anywhere(play: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SYSLOG)
    emulator.fault("DescribeRecord", "replaced", members={"RecordOutputs": [outputs(SECRET)]})
    done = play(
        TASKS,
        "-vvvvv",
        "--diff",
        THE_SECRET=SECRET,
        OTHER_KEY="0ther-secret-key",
        PYTHONPATH=str(tmp_path / "site"),
        SYSLOG_FILE=str(tmp_path / "syslog"),
        AWS_SESSION_TOKEN="s3ssion-t0ken-value",
        ANSIBLE_LOG_PATH=str(tmp_path / "ansible.log"),
        ANSIBLE_DEBUG="1",
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(tmp_path / "facts"),
        ANSIBLE_CALLBACKS_ENABLED="amazon.aws.aws_resource_actions",
        ANSIBLE_SHOW_CUSTOM_STATS="1",
    )
    assert done.code == 0, done.output[-5000:]
    assert [record["Parameters"] for record in emulator.records()] == [{"NewPassword": [SECRET]}] * 2
    written = {str(path): path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert "Invoked with" in written[str(tmp_path / "syslog")]
    # The endpoint logs are enabled, but amazon.aws finds no service names in them, since the emulator's URL has none.
    assert '"resource_actions"' in done.output
    assert list((tmp_path / "facts").iterdir())
    assert done.result
    for name in ("ansible.log", "report.html"):
        assert written[str(tmp_path / name)]
    for place, text in {"the output": done.output, "the result": json.dumps(done.result), **written}.items():
        # With ANSIBLE_DEBUG, Ansible itself logs every module's arguments despite no_log, as its documentation says.
        checked = "".join(line for line in text.splitlines(keepends=True) if "done with _execute_module (" not in line)
        assert [variant for variant in (*VARIANTS, *CREDENTIALS) if variant in checked] == [], place


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


def outputs(secret: str) -> dict[str, str]:
    """Return an output that has the secret in every encoding that a step may print."""
    text = f"password={secret} {json.dumps({'password': secret})} https://host/?password={quote(secret, safe='')}"
    return {"OutputKey": "Log", "OutputValue": text}

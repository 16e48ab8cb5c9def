# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and outputs that contain Jinja are returned unchanged and never templated."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from emulator import Emulator

HOSTILE = "{{ lookup('pipe', 'touch templated') }}<script>"
PREFIX = "selfservice.aws.servicecatalog_"
RESTART = "provisioned_product_id: pp-orders0000001, service_action_id: act-restart000001"
TASKS = f"""
- {PREFIX}provisioned_product_info: {{search_query: [orders-db]}}
  register: products
- {PREFIX}service_action_info: {{provisioned_product_id: pp-orders0000001}}
  register: actions
- {PREFIX}service_action: {{{RESTART}, wait: true}}
  register: one
- {PREFIX}service_action_bulk: {{provisioned_product_ids: [pp-orders0000001], service_action_id: act-restart000001}}
  register: many
- {PREFIX}record_info: {{provisioned_product_id: pp-orders0000001}}
  register: records
- ansible.builtin.import_role: {{name: selfservice.aws.run_service_action}}
  vars:
    provisioned_product_id: pp-orders0000001
    run_service_action_service_action_id: act-restart000001
    run_service_action_report: report.html
- ansible.builtin.set_fact:
    seen: "{{{{ products.provisioned_products + actions.service_actions + records.records + many.results }}}}"
- ansible.builtin.debug: {{var: seen}}
- ansible.builtin.debug: {{msg: "{{{{ one.record_detail.provisioned_product_name }}}}"}}
- ansible.builtin.set_fact:
    result:
      seen: "{{{{ seen }}}}"
      one: "{{{{ one }}}}"
      role: "{{{{ run_service_action_result }}}}"
"""


def test_names_and_outputs_are_never_templated(play: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    detail = {"ProvisionedProductName": HOSTILE, "RecordTags": [{"Key": HOSTILE, "Value": HOSTILE}]}
    product = {"Id": "pp-orders0000001", "Name": HOSTILE, "Tags": [{"Key": HOSTILE, "Value": HOSTILE}]}
    for operation, members in {
        "SearchProvisionedProducts": {"ProvisionedProducts": [product]},
        "DescribeProvisionedProduct": {"ProvisionedProductDetail": {"Name": HOSTILE, "StatusMessage": HOSTILE}},
        "ListServiceActionsForProvisioningArtifact": {
            "ServiceActionSummaries": [{"Id": "act-restart000001", "Name": HOSTILE, "Description": HOSTILE}]
        },
        "ExecuteProvisionedProductServiceAction": {"RecordDetail": detail},
        "DescribeRecord": {
            "RecordDetail": detail,
            "RecordOutputs": [{"OutputKey": HOSTILE, "OutputValue": HOSTILE}],
        },
        "ListRecordHistory": {
            "RecordDetails": [{"RecordId": "rec-1", "ProvisionedProductId": "pp-orders0000001", **detail}]
        },
    }.items():
        emulator.fault(operation, "replaced", members=members)
    done = play(TASKS, "-v")
    assert done.code == 0, done.output
    assert not list(tmp_path.rglob("templated"))
    seen = [item.get("record_detail", item) for item in done.result["seen"]]
    names = [item.get("provisioned_product_name") or item.get("name") for item in seen]
    assert names == [HOSTILE] * 4
    for record in (done.result["one"], done.result["role"]):
        assert record["record_detail"]["provisioned_product_name"] == HOSTILE
        assert record["record_outputs"] == {HOSTILE: HOSTILE}
    report = (tmp_path / "report.html").read_text()
    assert "<script>" not in report.split("<tbody>")[1].split("</tbody>")[0]
    assert "touch templated" in report

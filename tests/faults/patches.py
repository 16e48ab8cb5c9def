# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses whose members have the wrong type, are missing, or belong to something else."""

from __future__ import annotations

from typing import Any

from .scenarios import ACTION, ACTIONS, EXECUTE, HISTORY, IDS, NAMES, OUTPUTS, PARAMETERS, PRODUCT, RECORD, SEARCH

_ODD_DETAIL = {"CreatedTime": "yesterday", "RecordTags": "team", "RecordErrors": [["broken"]]}
_OTHER_RECORD = {"RecordId": "rec-another", "ProvisionedProductId": "pp-another", "ProvisionedProductName": "another"}
_OTHER_PRODUCT = {"Id": IDS[1], "Name": NAMES[1]}

# By operation and name: the members that replace those of the response. None removes a member.
PATCHES: dict[str, dict[str, dict[str, Any]]] = {
    EXECUTE: {
        "odd": {"RecordDetail": _ODD_DETAIL},
        "status": {"RecordDetail": {"Status": "PAUSED"}},
        "missing": {"RecordDetail": None},
        "without_id": {"RecordDetail": {"RecordId": None}},
    },
    RECORD: {
        "odd": {"RecordDetail": _ODD_DETAIL, "RecordOutputs": {"First": "1"}},
        "missing": {"RecordDetail": None, "RecordOutputs": None},
        "without_status": {"RecordDetail": {"Status": None}},
        "another": {"RecordDetail": _OTHER_RECORD},
    },
    HISTORY: {
        "odd": {"RecordDetails": [_ODD_DETAIL, None]},
        "text": {"RecordDetails": "none"},
        "another": {"RecordDetails": [_OTHER_RECORD]},
    },
    PRODUCT: {
        "odd": {"ProvisionedProductDetail": ["web"]},
        "missing": {"ProvisionedProductDetail": {"ProductId": None}},
        "another": {"ProvisionedProductDetail": _OTHER_PRODUCT},
    },
    SEARCH: {"odd": {"ProvisionedProducts": "none"}, "missing": {"ProvisionedProducts": [{"Id": None}]}},
    ACTIONS: {"odd": {"ServiceActionSummaries": "none"}, "missing": {"ServiceActionSummaries": [{"Id": None}]}},
    PARAMETERS: {"odd": {"ServiceActionParameters": "none"}, "missing": {"ServiceActionParameters": [{"Name": None}]}},
    OUTPUTS: {"odd": {"Outputs": "none"}, "missing": {"Outputs": [{"OutputKey": None}]}},
    ACTION: {"odd": {"ServiceActionDetail": "none"}, "missing": {"ServiceActionDetail": None}},
}

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initial objects of an organization of the stand-in."""

from __future__ import annotations

from typing import Any

AWS = {"username": "AWS_ACCESS_KEY_ID", "password": "AWS_SECRET_ACCESS_KEY"}
CONTROLLER = {"host": "CONTROLLER_HOST", "oauth_token": "CONTROLLER_OAUTH_TOKEN"}
SECRETS = ("password", "oauth_token")
PROJECT: dict[str, Any] = {
    "scm_type": "git",
    "playbooks": ["awx_job_templates.yml", "run_service_action.yml", "bulk_service_action.yml"],
    "inventory_files": ["fleet.servicecatalog.yml"],
}

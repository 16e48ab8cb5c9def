# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initial objects of an organization of the stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AWS = {"username": "AWS_ACCESS_KEY_ID", "password": "AWS_SECRET_ACCESS_KEY"}
CONTROLLER = {"host": "CONTROLLER_HOST", "oauth_token": "CONTROLLER_OAUTH_TOKEN"}
# The namespaces of AWX's own credential types.
NAMESPACES = {"Amazon Web Services": "aws", "Red Hat Ansible Automation Platform": "controller"}
SECRETS = ("password", "oauth_token")
PROJECT: dict[str, Any] = {
    "scm_type": "git",
    "playbooks": ["awx_job_templates.yml", "run_service_action.yml", "bulk_service_action.yml"],
    "inventory_files": ["fleet.servicecatalog.yml"],
}


def managed_type(name: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return a credential type that injects each of its fields as an environment variable."""
    fields = [{"id": field, "label": field, "secret": field in SECRETS} for field in variables]
    env = {variable: f"{{{{ {field} }}}}" for field, variable in variables.items()}
    kind = {"name": name, "kind": "cloud", "managed": True, "namespace": NAMESPACES[name]}
    return {**kind, "inputs": {"fields": fields}, "injectors": {"env": env}}

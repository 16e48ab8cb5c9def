# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resource types of the API, and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A field. `types` are the JSON types that it accepts, and `refers_to` is the endpoint of a related object."""

    types: tuple[type, ...] = (str,)
    default: Any = ""
    required: bool = False
    choices: tuple[Any, ...] = ()
    refers_to: str = ""
    read_only: bool = False
    filterable: bool = True
    max_length: int = 0

    def accepts(self, value: Any) -> bool:
        """Return whether the field accepts the type of the value; true and false are not numbers."""
        return isinstance(value, self.types) and (not isinstance(value, bool) or bool in self.types)

    def clean(self, value: Any) -> Any:
        """Return the value that AWX stores: in an optional text field, null becomes the default."""
        return self.default if value is None and str in self.types and not self.required else value


@dataclass(frozen=True)
class ResourceType:
    """A resource type, with its endpoint, its fields, the fields that are unique together, and its sub-endpoints."""

    endpoint: str
    type: str
    fields: Mapping[str, Field]
    unique: tuple[str, ...] = ("name", "organization")
    related: tuple[str, ...] = ()
    writable: bool = True


NAME = Field(required=True, max_length=512)
TEXT = Field()
BOOLEAN = Field((bool,), default=False)
INTEGER = Field((int,), default=0)


def reference(endpoint: str, *, required: bool = False, read_only: bool = False) -> Field:
    """Return a field that contains the id of another object."""
    return Field((int, type(None)), None, required, refers_to=endpoint, read_only=read_only)


ORGANIZATION = reference("organizations")
PROMPTS = (
    *("scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory"),
    *("credential", "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout"),
)

RESOURCE_TYPES = {
    resource_type.endpoint: resource_type
    for resource_type in (
        ResourceType(
            "organizations", "organization", {"name": NAME, "description": TEXT}, unique=("name",), writable=False
        ),
        ResourceType(
            "projects",
            "project",
            {"name": NAME, "description": TEXT, "organization": ORGANIZATION, "scm_type": TEXT},
            related=("playbooks",),
            writable=False,
        ),
        ResourceType(
            "inventories",
            "inventory",
            {
                "name": NAME,
                "description": TEXT,
                "organization": reference("organizations", required=True),
                "variables": TEXT,
                "kind": Field(choices=("", "smart", "constructed")),
                "host_filter": Field((str, type(None)), None),
                "prevent_instance_group_fallback": BOOLEAN,
            },
        ),
        ResourceType(
            "inventory_sources",
            "inventory_source",
            {
                "name": NAME,
                "description": TEXT,
                "inventory": reference("inventories", required=True),
                "source": Field(required=True, choices=("scm", "ec2")),
                "source_project": reference("projects"),
                "source_path": TEXT,
                "source_vars": TEXT,
                "credential": reference("credentials"),
                "execution_environment": reference("execution_environments"),
                "overwrite": BOOLEAN,
                "overwrite_vars": BOOLEAN,
                "update_on_launch": BOOLEAN,
                "update_cache_timeout": INTEGER,
                "timeout": INTEGER,
                "verbosity": Field((int,), default=1, choices=(0, 1, 2)),
            },
            unique=("name", "inventory"),
        ),
        ResourceType(
            "execution_environments",
            "execution_environment",
            {
                "name": NAME,
                "description": TEXT,
                "organization": ORGANIZATION,
                "image": Field(required=True),
                "credential": reference("credentials"),
                "pull": Field(choices=("", "always", "missing", "never")),
            },
            unique=("name",),
        ),
        ResourceType(
            "credential_types",
            "credential_type",
            {
                "name": NAME,
                "description": TEXT,
                "kind": Field(required=True, choices=("cloud", "net")),
                "inputs": Field((dict,), {}),
                "injectors": Field((dict,), {}),
                "namespace": Field((str, type(None)), None, read_only=True),
                "managed": Field((bool,), default=False, read_only=True),
            },
            unique=("name", "kind"),
        ),
        ResourceType(
            "credentials",
            "credential",
            {
                "name": NAME,
                "description": TEXT,
                "organization": ORGANIZATION,
                "credential_type": reference("credential_types", required=True),
                "inputs": Field((dict,), {}, filterable=False),
            },
            unique=("name", "organization", "credential_type"),
        ),
        ResourceType(
            "job_templates",
            "job_template",
            {
                "name": NAME,
                "description": TEXT,
                "organization": reference("organizations", read_only=True),
                "job_type": Field(default="run", choices=("run", "check")),
                "inventory": reference("inventories"),
                "project": reference("projects"),
                "playbook": TEXT,
                "execution_environment": reference("execution_environments"),
                "extra_vars": Field(filterable=False),
                "limit": TEXT,
                "forks": INTEGER,
                "verbosity": INTEGER,
                "timeout": INTEGER,
                "survey_enabled": BOOLEAN,
                "become_enabled": BOOLEAN,
                "diff_mode": BOOLEAN,
                "use_fact_cache": BOOLEAN,
                "allow_simultaneous": BOOLEAN,
                "job_slice_count": Field((int,), default=1),
                **{f"ask_{prompt}_on_launch": BOOLEAN for prompt in PROMPTS},
            },
            related=("survey_spec", "credentials", "launch"),
        ),
        ResourceType(
            "schedules",
            "schedule",
            {
                "name": NAME,
                "description": TEXT,
                "unified_job_template": reference("job_templates", required=True),
                "rrule": Field(required=True),
                "enabled": Field((bool,), default=True),
                "extra_data": Field((dict,), {}),
            },
            unique=("name", "unified_job_template"),
        ),
    )
}

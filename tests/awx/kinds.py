# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects, and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A field: the JSON types it takes, its default, and what else AWX holds it to."""

    types: tuple[type, ...] = (str,)
    default: Any = ""
    required: bool = False
    choices: tuple[Any, ...] = ()
    refers_to: str = ""
    read_only: bool = False
    filterable: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of objects: its endpoint, its type, its fields, and what can be done with it."""

    endpoint: str
    type: str
    fields: Mapping[str, Field]
    unique: tuple[str, ...] = ("name", "organization")
    related: tuple[str, ...] = ()
    writable: bool = True


NAME = Field(required=True)
TEXT = Field()
FLAG = Field((bool,), default=False)
COUNT = Field((int,), default=0)


def reference(endpoint: str, *, required: bool = False, read_only: bool = False) -> Field:
    """Return a field that has the id of another object."""
    return Field((int, type(None)), None, required, refers_to=endpoint, read_only=read_only)


ORGANIZATION = reference("organizations")
ASKED = (
    *("scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory"),
    *("credential", "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout"),
)

KINDS = {
    kind.endpoint: kind
    for kind in (
        Kind("organizations", "organization", {"name": NAME, "description": TEXT}, unique=("name",), writable=False),
        Kind(
            "projects",
            "project",
            {"name": NAME, "description": TEXT, "organization": ORGANIZATION, "scm_type": TEXT},
            writable=False,
        ),
        Kind(
            "inventories",
            "inventory",
            {
                "name": NAME,
                "description": TEXT,
                "organization": reference("organizations", required=True),
                "variables": TEXT,
                "kind": Field(choices=("", "smart", "constructed")),
                "host_filter": Field((str, type(None)), None),
                "prevent_instance_group_fallback": FLAG,
            },
        ),
        Kind(
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
        Kind(
            "credential_types",
            "credential_type",
            {
                "name": NAME,
                "description": TEXT,
                "kind": Field(required=True, choices=("cloud", "net")),
                "inputs": Field((dict,), {}),
                "injectors": Field((dict,), {}),
                "managed": Field((bool,), default=False, read_only=True),
            },
            unique=("name", "kind"),
        ),
        Kind(
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
        Kind(
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
                "forks": COUNT,
                "verbosity": COUNT,
                "timeout": COUNT,
                "survey_enabled": FLAG,
                "become_enabled": FLAG,
                "diff_mode": FLAG,
                "use_fact_cache": FLAG,
                "allow_simultaneous": FLAG,
                "job_slice_count": Field((int,), default=1),
                **{f"ask_{what}_on_launch": FLAG for what in ASKED},
            },
            related=("survey_spec", "credentials", "launch"),
        ),
    )
}

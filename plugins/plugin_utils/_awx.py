# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks for the AWX objects that all playbooks for AWX need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Item = Mapping[str, Any]
# Lists of objects as AWX's API returns them, by endpoint. `playbooks` are the playbooks of the project.
Found = Mapping[str, list[Any]]
# AWX's own credential type for AWS injects these variables in code, so its injectors are empty.
AWS_VARIABLES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}


def first(found: Found, endpoint: str) -> dict[str, Any]:
    """Return the first object of an endpoint, or an empty dict if there is none."""
    return (found.get(endpoint) or [{}])[0]


def find_problems(found: Found, wanted: Item) -> Iterator[str]:
    """Yield a message for each missing object or permission.

    `wanted` contains the names of the organization, project and execution environment, the `image`, and `playbooks`, a
    dict of files with the playbooks that they import.
    """
    organization, user = first(found, "organizations"), _user(found)
    if not organization:
        yield f"AWX has no organization {wanted['organization']} that {user} can see."
        return
    if not organization.get("summary_fields", {}).get("user_capabilities", {}).get("edit", True):
        yield (
            f"{user} may not create objects in the organization {wanted['organization']}. Ask an administrator of AWX"
            f" to give {user} the role Admin of this organization."
        )
    yield from _find_project_problems(found, wanted)
    yield from _find_environment_problems(found, wanted)


def _user(found: Found) -> str:
    return str(first(found, "me").get("username", "the user"))


def _find_project_problems(found: Found, wanted: Item) -> Iterator[str]:
    organization, project = wanted["organization"], wanted["project"]
    if not found.get("projects"):
        yield (
            f"The organization {organization} has no project {project} that {_user(found)} can see. Create it and sync"
            " it, or give the name of another."
        )
        return
    has = found.get("playbooks") or []
    for file, playbook in (wanted.get("playbooks") or {}).items():
        if file not in has:
            yield (
                f"The project {project} has no playbook {file} (it has {', '.join(map(str, has)) or 'none'}). Add the"
                f' file to its repository with the line "- import_playbook: selfservice.aws.{playbook}", and sync the'
                " project in AWX."
            )


def _find_environment_problems(found: Found, wanted: Item) -> Iterator[str]:
    name, image = wanted.get("execution_environment"), wanted.get("image")
    environment, organization = first(found, "execution_environments"), first(found, "organizations")
    if not environment:
        if name and not image:
            yield f"AWX has no execution environment {name}. Give its image to create it, or give another name."
    elif environment.get("organization") == organization["id"]:
        return
    elif environment.get("organization") or image not in ("", None, environment.get("image")):
        yield (
            f"The execution environment {name} does not belong to the organization {wanted['organization']}, and its"
            " name is unique in all of AWX. Give another name."
        )


def find_missing_type(found: Found, name: str, *, fields: str) -> Iterator[str]:
    """Yield a message if a credential type is missing and the user can't create it."""
    if not found.get("credential_types") and not first(found, "me").get("is_superuser", True):
        yield (
            f"AWX has no credential type {name}, and only a superuser can create it, once for all organizations. Ask"
            f" one to run this playbook once, or to create the type with {fields}."
        )


def describe_environment(found: Found, wanted: Item) -> dict[str, Any]:
    """Return whether the execution environment must be created or changed, and when it pulls its image."""
    environment, image = first(found, "execution_environments"), wanted.get("image")
    return {
        "image_changes": bool(image) and environment.get("image") != image,
        # The default of awx.awx.execution_environment.
        "pull": environment.get("pull") or "missing",
    }


def find_number_problems(names: Iterable[Any]) -> Iterator[str]:
    """Yield a message for each name by which awx.awx would find another object: it takes a number for an id."""
    for name in dict.fromkeys(map(str, names)):
        try:
            int(name)
        except ValueError:
            continue
        yield f"awx.awx would take the name {name} for the id of another object. Give a name that is not a number."


def find_replaced_types(found: Found, new: Iterable[Any], variables: Iterable[str] = ()) -> set[Any]:
    """Return the ids of the credential types that a job template can't have together with the `new` ones.

    These are the new ones themselves, and those that inject one of the same variables, or one of `variables`: with
    both, a job could get the keys of another account.
    """
    types = {kind["id"]: _injected_variables(kind) for kind in found.get("all_credential_types") or []}
    replaced = {*new}
    injected = {*variables}.union(*(types.get(kind, set()) for kind in replaced))
    return replaced | {kind for kind, names in types.items() if names & injected}


def _injected_variables(kind: Item) -> set[str]:
    return AWS_VARIABLES if kind.get("namespace") == "aws" else {*kind["injectors"].get("env", {})}

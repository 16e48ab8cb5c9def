# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of AWX, and the API's operations on them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .checks import check_association, check_fields, check_item, read_filters
from .errors import method_not_allowed, not_found, permission_denied, validation_error
from .initial import AWS, CONTROLLER, PROJECT, managed_type
from .inventories import InventoryUpdate, check_update
from .jobs import Job, launch, render_environment
from .resource_types import RESOURCE_TYPES, Item, ResourceType
from .surveys import ENCRYPTED, check_survey

# The status and the body.
Response = tuple[int, Any]
PAGE_SIZE, MAX_PAGE_SIZE = 25, 200


class Store:
    """The objects of one AWX, and the rights of the user who calls it.

    It initially has one organization, with a project and with credentials for AWS and for AWX itself.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Restore the initial objects."""
        self.items: dict[str, dict[int, Item]] = {endpoint: {} for endpoint in RESOURCE_TYPES}
        self.surveys: dict[int, Item] = {}
        self.associated_credentials: dict[int, list[int]] = {}
        self.jobs: dict[int, Job] = {}
        self.is_superuser = self.is_organization_admin = True
        self._last_id = 0
        self.own_organization = self.add_organization("Default")

    def add_organization(self, name: str) -> int:
        """Store an organization with its initial objects, whose names are always the same, and return its id."""
        organization = self.add("organizations", name=name)
        self.add("projects", name="Operations", organization=organization, **copy.deepcopy(PROJECT))
        aws = {"username": "AKIDEXAMPLE", "password": "not-a-real-secret-key"}
        self._add_credential("AWS operator", "Amazon Web Services", AWS, organization=organization, inputs=aws)
        awx = {"host": "https://awx.example.com", "oauth_token": "a-token"}
        kind = "Red Hat Ansible Automation Platform"
        self._add_credential("Controller", kind, CONTROLLER, organization=organization, inputs=awx)
        return organization

    def _add_credential(self, name: str, kind: str, variables: Mapping[str, str], **more: Any) -> None:
        """Store a credential, and its type if it is missing. The type injects the inputs as environment variables."""
        types = [each["id"] for each in self.items["credential_types"].values() if each["name"] == kind]
        types = types or [self.add("credential_types", **managed_type(kind, variables))]
        self.add("credentials", name=name, credential_type=types[0], **more)

    def add(self, endpoint: str, **fields: Any) -> int:
        """Store an object without checks, and return its id."""
        self._last_id += 1
        defaults = {name: copy.deepcopy(field.default) for name, field in RESOURCE_TYPES[endpoint].fields.items()}
        self.items[endpoint][self._last_id] = {"id": self._last_id, **defaults, **fields}
        return self._last_id

    def get(self, resource_type: ResourceType, item_id: str) -> Item:
        """Return the object with an id from a request's path."""
        item = self.items[resource_type.endpoint].get(int(item_id)) if item_id.isdigit() else None
        if item is None:
            raise not_found()
        return item

    def serialize(self, resource_type: ResourceType, item: Item) -> Item:
        """Return an object as the API returns it, with its secrets masked."""
        url = f"/api/v2/{resource_type.endpoint}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in resource_type.related}
        result = {**copy.deepcopy(item), "type": resource_type.type, "url": url, "related": related}
        result["summary_fields"] = self._summarize(resource_type, item)
        # Playbooks have their own endpoint.
        result.pop("playbooks", None)
        if result.get("namespace") == "aws":
            # AWX injects these variables in code.
            result["injectors"] = {}
        if resource_type.endpoint == "credentials":
            credential_type = self.items["credential_types"][item["credential_type"]]
            result["kind"] = credential_type["kind"]
            fields = credential_type["inputs"].get("fields", [])
            for secret in {field["id"] for field in fields if field.get("secret")} & set(result["inputs"]):
                result["inputs"][secret] = ENCRYPTED
        return result

    def _summarize(self, resource_type: ResourceType, item: Item) -> Item:
        if resource_type.endpoint == "organizations":
            return {"user_capabilities": {"edit": self.is_superuser or self.is_organization_admin}}
        if resource_type.endpoint == "job_templates":
            associated = [self.items["credentials"][each] for each in self.associated_credentials.get(item["id"], [])]
            return {"credentials": [{"id": each["id"], "name": each["name"]} for each in associated]}
        return {}

    def me(self) -> Response:
        """Return a page that contains only the calling user."""
        user = {"id": 1, "type": "user", "username": "operator", "is_superuser": self.is_superuser}
        return 200, {"count": 1, "next": None, "previous": None, "results": [user]}

    def _check_rights(self, resource_type: ResourceType) -> None:
        is_enough = self.is_organization_admin and resource_type.endpoint != "credential_types"
        if not (self.is_superuser or is_enough):
            raise permission_denied()

    def page(self, resource_type: ResourceType, query: Mapping[str, str], ids: list[int] | None = None) -> Response:
        """Return a page of the objects that match a query; with `ids`, only these objects are considered."""
        found = self._find(resource_type, query, ids)
        size = min(int(query.get("page_size", PAGE_SIZE)), MAX_PAGE_SIZE)
        page = int(query.get("page", 1))
        has_next = page * size < len(found)
        next_url = f"/api/v2/{resource_type.endpoint}/?{urlencode({**query, 'page': page + 1})}" if has_next else None
        results = [self.serialize(resource_type, item) for item in found[(page - 1) * size : page * size]]
        return 200, {"count": len(found), "next": next_url, "previous": None, "results": results}

    def create(self, resource_type: ResourceType, data: Mapping[str, Any]) -> Response:
        """Create an object."""
        if not resource_type.writable:
            raise method_not_allowed("POST")
        self._check_rights(resource_type)
        check_fields(resource_type, data, self.items)
        defaults = {
            name: None if field.required else copy.deepcopy(field.default)
            for name, field in resource_type.fields.items()
        }
        item = self._apply(resource_type, defaults, data)
        check_item(resource_type, item, self.items, old=None)
        item_id = self.add(resource_type.endpoint, **item)
        return 201, self.serialize(resource_type, self.items[resource_type.endpoint][item_id])

    def update(self, resource_type: ResourceType, item: Item, data: Mapping[str, Any]) -> Response:
        """Update an object."""
        if not resource_type.writable or item.get("managed"):
            raise permission_denied()
        self._check_rights(resource_type)
        check_fields(resource_type, data, self.items)
        updated = self._apply(resource_type, item, data)
        check_item(resource_type, updated, self.items, old=item)
        item.update(updated)
        return 200, self.serialize(resource_type, item)

    def delete(self, resource_type: ResourceType, item: Item) -> Response:
        """Delete a job template; other objects can't be deleted."""
        if resource_type.endpoint != "job_templates":
            raise method_not_allowed("DELETE")
        self._check_rights(resource_type)
        del self.items[resource_type.endpoint][item["id"]]
        self.surveys.pop(item["id"], None)
        return 204, None

    def survey(self, template: Item, method: str, *, data: Any) -> Response:
        """Return or set the survey of a job template."""
        if method == "GET":
            survey = copy.deepcopy(self.surveys.get(template["id"], {}))
            for question in survey.get("spec", []):
                if question["type"] == "password" and question.get("default"):
                    question["default"] = ENCRYPTED
            return 200, survey
        check_survey(data)
        self.surveys[template["id"]] = data
        return 200, {}

    def credentials(
        self, template: Item, method: str, *, data: Mapping[str, Any], query: Mapping[str, str]
    ) -> Response:
        """List the credentials of a job template, or associate or disassociate one."""
        associated = self.associated_credentials.setdefault(template["id"], [])
        if method == "GET":
            return self.page(RESOURCE_TYPES["credentials"], query, associated)
        credential = self.items["credentials"].get(data.get("id", 0))
        if credential is None:
            raise validation_error(id="Not found.")
        if data.get("disassociate"):
            associated.remove(credential["id"])
            return 204, None
        check_association(credential, associated, self.items)
        associated.append(credential["id"])
        return 204, None

    def launch(self, template: Item, data: Mapping[str, Any]) -> Response:
        """Launch a job template."""
        ignored = {name: value for name, value in data.items() if name != "extra_vars"}
        self._last_id += 1
        types = self.items["credential_types"]
        associated = self.associated_credentials.get(template["id"], [])
        used = [self.items["credentials"][credential_id] for credential_id in associated]
        credentials = [(credential["inputs"], types[credential["credential_type"]]) for credential in used]
        survey, answers = self.surveys.get(template["id"], {}), data.get("extra_vars") or {}
        job = launch(self._last_id, template, survey=survey, answers=answers, credentials=credentials)
        self.jobs[job.id] = job
        return 201, {"job": job.id, "id": job.id, "ignored_fields": {**ignored, "extra_vars": job.ignored_vars}}

    def update_inventory(self, source: Item) -> InventoryUpdate:
        """Update an inventory source."""
        check_update(source, self.items)
        credential = self.items["credentials"].get(source["credential"])
        types, environments = self.items["credential_types"], self.items["execution_environments"]
        used = [(credential["inputs"], types[credential["credential_type"]])] if credential else []
        image = environments.get(source["execution_environment"], {}).get("image")
        return InventoryUpdate(source["source_path"], render_environment(used), image)

    def _find(self, resource_type: ResourceType, query: Mapping[str, str], ids: list[int] | None) -> list[Item]:
        filters = read_filters(resource_type, query)
        items = [item for item in self._visible(resource_type.endpoint) if ids is None or item["id"] in ids]
        return [item for item in items if self._matches(resource_type, item, filters)]

    def _visible(self, endpoint: str) -> list[Item]:
        """Return the objects that the user sees. An Admin sees only the credentials of the own organization."""
        own = self.own_organization if endpoint == "credentials" and not self.is_superuser else None
        return [item for item in self.items[endpoint].values() if own in (None, item.get("organization"))]

    def _matches(self, resource_type: ResourceType, item: Item, filters: Mapping[str, str]) -> bool:
        """Return whether an object matches all filters, and at least one of those that start with or__, if any."""
        results = {
            name: self._matches_filter(resource_type, item, name.removeprefix("or__"), value)
            for name, value in filters.items()
        }
        alternatives = [results.pop(name) for name in filters if name.startswith("or__")]
        return all(results.values()) and (any(alternatives) or not alternatives)

    def _matches_filter(self, resource_type: ResourceType, item: Item, lookup: str, value: str) -> bool:
        name, related_lookup = [*lookup.split("__", 1), ""][:2]
        if not related_lookup:
            return str(item[name]) == value
        endpoint = resource_type.fields[name].refers_to
        related = self.items[endpoint].get(item[name])
        return related is not None and self._matches_filter(RESOURCE_TYPES[endpoint], related, related_lookup, value)

    def _apply(self, resource_type: ResourceType, item: Item, data: Mapping[str, Any]) -> Item:
        """Return an updated object. AWX takes the organization of a job template from its project."""
        fields = resource_type.fields
        writable = {name: fields[name].clean(value) for name, value in data.items() if not fields[name].read_only}
        updated = {**item, **writable}
        if resource_type.endpoint == "credentials" and "inputs" in data:
            # AWX replaces all inputs, but keeps a secret if the client sends the mask back.
            kept = {name: item["inputs"].get(name) for name, value in data["inputs"].items() if value == ENCRYPTED}
            updated["inputs"] = {**data["inputs"], **kept}
        project = self.items["projects"].get(updated.get("project") or 0)
        if resource_type.endpoint == "job_templates" and project:
            updated["organization"] = project["organization"]
        return updated

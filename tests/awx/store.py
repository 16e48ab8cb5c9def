# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects, and what the API does with them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .checks import check_fields, check_item, check_query
from .jobs import Job, launch
from .kinds import KINDS, Item, Kind
from .refusals import Refusal, broken, invalid, not_found
from .surveys import ENCRYPTED, check_survey

Answer = tuple[int, Any]
AWS = "Amazon Web Services"
PAGE_SIZE, LARGEST_PAGE = 25, 200


class Store:
    """The objects of one AWX, with what an administrator had made before."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Begin again: an organization with a project, and a credential for AWS."""
        self.items: dict[str, dict[int, Item]] = {endpoint: {} for endpoint in KINDS}
        self.surveys: dict[int, Item] = {}
        self.attached: dict[int, list[int]] = {}
        self.jobs: dict[int, Job] = {}
        self._last_id = 0
        organization = self.add("organizations", name="Default")
        self.add("projects", name="Operations", organization=organization, playbooks=["run_service_action.yml"])
        keys = {"access_key_id": "username", "secret_access_key": "password"}
        fields = [{"id": field, "label": field, "secret": field == "password"} for field in keys.values()]
        env = {f"AWS_{name.upper()}": f"{{{{ {field} }}}}" for name, field in keys.items()}
        kind = self.add(
            "credential_types", name=AWS, kind="cloud", managed=True, inputs={"fields": fields}, injectors={"env": env}
        )
        given = {"username": "AKIDEXAMPLE", "password": "not-a-real-secret-key"}
        self.add("credentials", name="AWS operator", organization=organization, credential_type=kind, inputs=given)

    def add(self, endpoint: str, **fields: Any) -> int:
        """Keep an object and return its id."""
        self._last_id += 1
        defaults = {name: copy.deepcopy(field.default) for name, field in KINDS[endpoint].fields.items()}
        self.items[endpoint][self._last_id] = {"id": self._last_id, **defaults, **fields}
        return self._last_id

    def show(self, kind: Kind, item: Item) -> Item:
        """Return an object as the API shows it."""
        url = f"/api/v2/{kind.endpoint}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in kind.related}
        shown = {**copy.deepcopy(item), "type": kind.type, "url": url, "related": related, "summary_fields": {}}
        if kind.endpoint == "credentials":
            fields = self.items["credential_types"][item["credential_type"]]["inputs"].get("fields", [])
            for secret in {field["id"] for field in fields if field.get("secret")} & set(shown["inputs"]):
                shown["inputs"][secret] = ENCRYPTED
        return shown

    def page(self, kind: Kind, query: Mapping[str, str], among: list[int] | None = None) -> Answer:
        """Return a page of the objects that fit a query."""
        tests = {name: value for name, value in query.items() if name not in ("page", "page_size")}
        for name in tests:
            check_query(kind, name.removeprefix("or__"))
        items = [each for each in self.items[kind.endpoint].values() if among is None or each["id"] in among]
        found = [each for each in items if self._fits(kind, each, tests)]
        size = min(int(query.get("page_size", PAGE_SIZE)), LARGEST_PAGE)
        page = int(query.get("page", 1))
        more = page * size < len(found)
        following = f"/api/v2/{kind.endpoint}/?{urlencode({**query, 'page': page + 1})}" if more else None
        shown = [self.show(kind, each) for each in found[(page - 1) * size : page * size]]
        return 200, {"count": len(found), "next": following, "previous": None, "results": shown}

    def create(self, kind: Kind, sent: Mapping[str, Any]) -> Answer:
        """Make an object."""
        if not kind.writable:
            raise Refusal(405, {"detail": 'Method "POST" not allowed.'})
        check_fields(kind, sent, self.items)
        item = {name: copy.deepcopy(field.default) for name, field in kind.fields.items()}
        for name, field in kind.fields.items():
            if field.required:
                item[name] = None
        item = self._settled(kind, {**item, **_written(kind, sent)})
        check_item(kind, item, self.items, old=None)
        return 201, self.show(kind, self.items[kind.endpoint][self.add(kind.endpoint, **item)])

    def change(self, kind: Kind, item: Item, sent: Mapping[str, Any]) -> Answer:
        """Change an object."""
        if not kind.writable or item.get("managed"):
            raise Refusal(403, {"detail": "You do not have permission to perform this action."})
        check_fields(kind, sent, self.items)
        changed = self._settled(kind, {**item, **_written(kind, sent)})
        check_item(kind, changed, self.items, old=item)
        item.update(changed)
        return 200, self.show(kind, item)

    def remove(self, kind: Kind, item: Item) -> Answer:
        """Remove an object."""
        if kind.endpoint != "job_templates":
            raise Refusal(405, {"detail": 'Method "DELETE" not allowed.'})
        del self.items[kind.endpoint][item["id"]]
        self.surveys.pop(item["id"], None)
        return 204, None

    def survey(self, template: Item, method: str, *, sent: Any) -> Answer:
        """Show, set or remove a template's survey."""
        if method == "GET":
            shown = copy.deepcopy(self.surveys.get(template["id"], {}))
            for question in shown.get("spec", []):
                if question["type"] == "password" and question.get("default"):
                    question["default"] = ENCRYPTED
            return 200, shown
        check_survey(sent)
        self.surveys[template["id"]] = sent
        return 200, {}

    def credentials(self, template: Item, method: str, *, sent: Mapping[str, Any], query: Mapping[str, str]) -> Answer:
        """List a template's credentials, or attach or detach one."""
        attached = self.attached.setdefault(template["id"], [])
        if method == "GET":
            return self.page(KINDS["credentials"], query, attached)
        credential = self.items["credentials"].get(sent.get("id", 0))
        if credential is None:
            raise invalid(id="Not found.")
        if sent.get("disassociate"):
            attached.remove(credential["id"])
            return 204, None
        kind = credential["credential_type"]
        if any(self.items["credentials"][each]["credential_type"] == kind for each in attached):
            raise broken(f"Cannot assign multiple {self.items['credential_types'][kind]['name']} credentials.")
        attached.append(credential["id"])
        return 204, None

    def launch(self, template: Item, sent: Mapping[str, Any]) -> Answer:
        """Launch a template."""
        unknown = {name: value for name, value in sent.items() if name != "extra_vars"}
        self._last_id += 1
        used = [self.items["credentials"][each] for each in self.attached.get(template["id"], [])]
        types = self.items["credential_types"]
        credentials = [(each["inputs"], types[each["credential_type"]]) for each in used]
        survey, answers = self.surveys.get(template["id"], {}), sent.get("extra_vars") or {}
        job = launch(self._last_id, template, survey=survey, answers=answers, credentials=credentials)
        self.jobs[job.id] = job
        return 201, {"job": job.id, "id": job.id, "ignored_fields": {**unknown, "extra_vars": job.ignored}}

    def _fits(self, kind: Kind, item: Item, tests: Mapping[str, str]) -> bool:
        """Tell whether an object passes a query; tests whose names start with or__ are alternatives."""
        results = {name: self._passes(kind, item, name.removeprefix("or__"), value) for name, value in tests.items()}
        alternatives = [results.pop(name) for name in tests if name.startswith("or__")]
        return all(results.values()) and (any(alternatives) or not alternatives)

    def _passes(self, kind: Kind, item: Item, name: str, value: str) -> bool:
        name, further = [*name.split("__", 1), ""][:2]
        if not further:
            return str(item[name]) == value
        target = kind.fields[name].refers_to
        other = self.items[target].get(item[name])
        return other is not None and self._passes(KINDS[target], other, further, value)

    def _settled(self, kind: Kind, item: Item) -> Item:
        """Return an object with what AWX sets itself."""
        project = self.items["projects"].get(item.get("project") or 0)
        return (
            {**item, "organization": project["organization"]} if kind.endpoint == "job_templates" and project else item
        )


def _written(kind: Kind, sent: Mapping[str, Any]) -> Item:
    """Return what of it is kept: null is an empty text in a field of text."""
    fields = kind.fields
    return {
        name: fields[name].default if value is None and str in fields[name].types else value
        for name, value in sent.items()
        if not fields[name].read_only
    }


def item_of(store: Store, kind: Kind, number: str) -> Item:
    """Return an object by its id, or answer that it is not found."""
    item = store.items[kind.endpoint].get(int(number)) if number.isdigit() else None
    if item is None:
        raise not_found()
    return item

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server, which routes requests to the store."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .errors import ApiError, method_not_allowed, not_found
from .inventories import InventoryUpdate
from .jobs import Job
from .resource_types import RESOURCE_TYPES, Item, ResourceType
from .store import Response, Store

TOKEN = "a-token-of-awx"
# AWX's API has the first prefix, and the controller's API in Ansible Automation Platform the second. The store uses the
# first one.
PREFIX, CONTROLLER_PREFIX = "/api/", "/api/controller/"
PRODUCTS = {PREFIX: ("AWX", "24.6.1"), CONTROLLER_PREFIX: ("Red Hat Ansible Automation Platform", "4.6.8")}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle_request(self) -> None:
        """Read one request and send the response."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, urlsplit(self.path).path))
        prefix = CONTROLLER_PREFIX if self.path.startswith(CONTROLLER_PREFIX) else PREFIX
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            path = PREFIX + self.path.removeprefix(prefix)
            status, body = self.server.handle_call(self.command, path, json.loads(data or b"{}"))
        else:
            status, body = 401, {"detail": "Authentication credentials were not provided."}
        content = b"" if body is None else json.dumps(body).replace(f'"{PREFIX}v2/', f'"{prefix}v2/').encode()
        product, version = PRODUCTS[prefix]
        self.send_response_only(status)
        self.send_header("X-API-Product-Name", product)
        self.send_header("X-API-Product-Version", version)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_args: Any) -> None:
        """Log nothing: the server records the requests."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request


class Server(ThreadingHTTPServer):
    """The listening socket."""

    def __init__(self, store: Store) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.requests: list[tuple[str, str]] = []

    def handle_call(self, method: str, url: str, data: Any) -> Response:
        """Execute a request, and return its result or error."""
        try:
            with self.store.lock:
                return self._route(method, url, data)
        except ApiError as error:
            return error.status, error.body

    def _route(self, method: str, url: str, data: Any) -> Response:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        segments = parts.path.strip("/").split("/")
        if (method, segments) == ("GET", ["api", "v2", "me"]):
            return self.store.me()
        if (method, segments) == ("GET", ["api", "v2", "unified_job_templates"]):
            return self.store.page(RESOURCE_TYPES["job_templates"], query)
        if segments[:2] != ["api", "v2"] or len(segments) not in (3, 4, 5) or segments[2] not in RESOURCE_TYPES:
            raise not_found()
        resource_type = RESOURCE_TYPES[segments[2]]
        if len(segments) == 3:
            return self._handle_list(method, resource_type, query, data=data)
        item = self.store.get(resource_type, segments[3])
        if len(segments) == 4:
            return self._handle_detail(method, resource_type, item, data=data)
        if segments[4] not in resource_type.related:
            raise not_found()
        return self._handle_related(method, segments[4], item, data=data, query=query)

    def _handle_list(
        self, method: str, resource_type: ResourceType, query: Mapping[str, str], *, data: Any
    ) -> Response:
        if method == "GET":
            return self.store.page(resource_type, query)
        if method == "POST":
            return self.store.create(resource_type, data)
        raise method_not_allowed(method)

    def _handle_detail(self, method: str, resource_type: ResourceType, item: Item, *, data: Any) -> Response:
        if method == "GET":
            return 200, self.store.serialize(resource_type, item)
        if method == "PATCH":
            return self.store.update(resource_type, item, data)
        if method == "DELETE":
            return self.store.delete(resource_type, item)
        raise method_not_allowed(method)

    def _handle_related(self, method: str, name: str, item: Item, *, data: Any, query: Mapping[str, str]) -> Response:
        if (name, method) == ("launch", "POST"):
            return self.store.launch(item, data)
        if (name, method) == ("playbooks", "GET"):
            return 200, item["playbooks"]
        if name == "survey_spec" and method in ("GET", "POST"):
            return self.store.survey(item, method, data=data)
        if name == "credentials" and method in ("GET", "POST"):
            return self.store.credentials(item, method, data=data, query=query)
        raise method_not_allowed(method)


class Awx:
    """A fake AWX that runs on a thread of this process, for the duration of a with block."""

    def __init__(self) -> None:
        self.store = Store()
        self.server = Server(self.store)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Awx:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        """Restore the initial objects, and discard the recorded requests."""
        self.store.reset()
        self.server.requests.clear()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which awx.awx connects to it."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}

    def all(self, endpoint: str, organization: str = "Default") -> dict[str, Item]:
        """Return the objects of an endpoint that belong to the organization or to none, by name."""
        numbers = [each["id"] for each in self.store.items["organizations"].values() if each["name"] == organization]
        found = self.store.items[endpoint].values()
        return {item["name"]: item for item in found if item.get("organization") in (None, *numbers)}

    def writes(self) -> list[tuple[str, str]]:
        """Return the method and path of all requests except GET since the start or the last reset."""
        return [request for request in self.server.requests if request[0] != "GET"]

    def update_inventory(self, name: str) -> InventoryUpdate:
        """Update an inventory source, as AWX does before it launches a job on the inventory."""
        return self.store.update_inventory(self.all("inventory_sources")[name])

    def survey(self, name: str) -> dict[str, Item]:
        """Return the survey questions of a job template, by variable."""
        spec = self.store.surveys[self.all("job_templates")[name]["id"]]["spec"]
        return {question["variable"]: question for question in spec}

    def launch(self, name: str, answers: Mapping[str, Any]) -> Job:
        """Launch a job template with an operator's answers to its survey."""
        launched = self.store.launch(self.all("job_templates")[name], {"extra_vars": answers})[1]
        return self.store.jobs[launched["job"]]

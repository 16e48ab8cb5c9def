# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: paths and methods to what the store does."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .jobs import Job
from .kinds import KINDS, Item
from .refusals import Refusal, not_found
from .store import Answer, Store, item_of

TOKEN = "a-token-of-awx"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle_request(self) -> None:
        """Answer one request."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            status, body = self.server.answer(self.command, self.path, json.loads(sent or b"{}"))
        else:
            status, body = 401, {"detail": "Authentication credentials were not provided."}
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the server has the requests."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request


class Server(ThreadingHTTPServer):
    """The listening socket."""

    def __init__(self, store: Store) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.requests: list[tuple[str, str]] = []

    def answer(self, method: str, url: str, sent: Any) -> Answer:
        """Carry out a request, or say why not."""
        try:
            with self.store.lock:
                return self._route(method, url, sent)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def _route(self, method: str, url: str, sent: Any) -> Answer:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.requests.append((method, parts.path))
        words = parts.path.strip("/").split("/")
        if words[:2] != ["api", "v2"] or len(words) not in (3, 4, 5) or words[2] not in KINDS:
            raise not_found()
        kind = KINDS[words[2]]
        if len(words) == 3:
            return self._list(method, kind.endpoint, query, sent=sent)
        item = item_of(self.store, kind, words[3])
        if len(words) == 4:
            return self._detail(method, kind.endpoint, item, sent=sent)
        if words[4] not in kind.related:
            raise not_found()
        return self._related(method, words[4], item, sent=sent, query=query)

    def _list(self, method: str, endpoint: str, query: Mapping[str, str], *, sent: Any) -> Answer:
        if method == "GET":
            return self.store.page(KINDS[endpoint], query)
        if method == "POST":
            return self.store.create(KINDS[endpoint], sent)
        raise _not_allowed(method)

    def _detail(self, method: str, endpoint: str, item: Item, *, sent: Any) -> Answer:
        if method == "GET":
            return 200, self.store.show(KINDS[endpoint], item)
        if method == "PATCH":
            return self.store.change(KINDS[endpoint], item, sent)
        if method == "DELETE":
            return self.store.remove(KINDS[endpoint], item)
        raise _not_allowed(method)

    def _related(self, method: str, name: str, item: Item, *, sent: Any, query: Mapping[str, str]) -> Answer:
        if (name, method) == ("launch", "POST"):
            return self.store.launch(item, sent)
        if name == "survey_spec" and method in ("GET", "POST"):
            return self.store.survey(item, method, sent=sent)
        if name == "credentials" and method in ("GET", "POST"):
            return self.store.credentials(item, method, sent=sent, query=query)
        raise _not_allowed(method)


class Awx:
    """A running stand-in, for the length of a with block."""

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
        """Begin again."""
        self.store.reset()
        self.server.requests.clear()

    @property
    def environment(self) -> dict[str, str]:
        """What awx.awx needs to meet it."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}

    def all(self, endpoint: str) -> dict[str, Item]:
        """Return all objects at an endpoint, by name."""
        return {item["name"]: item for item in self.store.items[endpoint].values()}

    def writes(self) -> list[tuple[str, str]]:
        """Return the method and path of the requests that may have changed something, since the start or the reset."""
        return [request for request in self.server.requests if request[0] != "GET"]

    def survey(self, name: str) -> dict[str, Item]:
        """Return the questions of a template's survey, by their variables."""
        spec = self.store.surveys[self.all("job_templates")[name]["id"]]["spec"]
        return {question["variable"]: question for question in spec}

    def launch(self, name: str, answers: Mapping[str, Any]) -> Job:
        """Launch a job template as an operator would, who has answered its survey."""
        launched = self.store.launch(self.all("job_templates")[name], {"extra_vars": answers})[1]
        return self.store.jobs[launched["job"]]


def _not_allowed(method: str) -> Refusal:
    return Refusal(405, {"detail": f'Method "{method}" not allowed.'})

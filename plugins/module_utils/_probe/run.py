# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that can only be answered by running a service action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._clock import Interrupted
from .._servicecatalog.errors import SERVICE_ERRORS, is_transient
from .._servicecatalog.levels import access_level_filter
from .._servicecatalog.models import Outcome, Parameters, Record, Request, StartResponse, in_utc
from .._servicecatalog.transport import Attempts, track_attempts
from .._wait.schedule import poll_interval
from .interview import Interview, members_of, outputs_answer, refusal_of

if TYPE_CHECKING:
    from .._clock import Clock

_EXECUTE = "ExecuteProvisionedProductServiceAction"


def plan_answer(*, replay: bool, other_parameters: bool) -> list[str]:
    """Return descriptions of the requests that would be sent."""
    planned = [f"{_EXECUTE} with a new token: it runs the action"]
    if replay:
        again = f"{_EXECUTE} with the same token"
        planned += [f"{again} while it runs", f"{again} after its end"]
        planned += [f"{again} and replay_parameters after that"] * other_parameters
    return planned


class ActionRun:
    """Runs an action once, and collects the answers. `record_ids` has more than one id if AWS forgot the token."""

    def __init__(self, interview: Interview, request: Request, clock: Clock) -> None:
        self.record_ids: list[str] = []
        self.may_have_started = False
        self._interview = interview
        self._request = request
        self._clock = clock
        self._created: Any = None
        self._began = 0.0
        self._run: dict[str, Any] = {"ended": None, "statuses": []}
        self._seen: dict[str, Any] = {
            "described_after_seconds": None,
            "in_history_after_seconds": None,
            "place_in_history": None,
        }
        self._product: dict[str, Any] = {"while_running": [], "after": None}
        self._replays: dict[str, Any] = {}
        # Whether the record has ended or can no longer be read.
        self._is_over = False

    def ask(self, wait_timeout: float, *, replay: bool, other_parameters: Parameters | None) -> None:
        """Run the action and poll it. With `replay`, send its token again, and finally with the other parameters."""
        if not self._start():
            return
        self._interview.note("new record", self._seen)
        self._interview.note("product status", self._product)
        self._interview.note("run", self._run)
        self._poll()
        if replay:
            self._interview.note("replay", self._replays)
            self._replay("while_running", self._request.parameters)
        self._poll_until_end(self._began + wait_timeout)
        if replay and self._run["ended"]:
            self._replay("after_the_end", self._request.parameters)
            if other_parameters is not None:
                self._replay("other_parameters", other_parameters)

    def _start(self) -> bool:
        self._began = self._clock.monotonic()
        with track_attempts(Attempts()) as attempts:
            response, refusal = self._send(self._request.parameters)
        if response is None:
            self.may_have_started = attempts.may_have_acted
            self._interview.note("start", {"may_have_started": self.may_have_started, **(refusal or {})})
            return False
        detail = response.record_detail
        self._created = detail.get("CreatedTime")
        self._interview.note(
            "start",
            {
                "record_type": detail.get("RecordType"),
                "status": detail.get("Status"),
                "members": members_of([detail]),
                "seconds_from_created_to_date": self._age(response),
            },
        )
        return True

    def _send(self, parameters: Parameters) -> tuple[StartResponse | None, dict[str, Any] | None]:
        sent = self._request
        request = Request(sent.provisioned_product_id, sent.service_action_id, sent.execute_token, parameters)
        # Learn the values separately, since a parameter may have the name of a member that is not replaced.
        self._interview.anonymizer.learn([request.to_members(), list(parameters.values())])
        try:
            response = self._interview.service.execute_provisioned_product_service_action(request)
        except SERVICE_ERRORS as error:
            return None, refusal_of(error)
        self._interview.anonymizer.learn(response.record_detail)
        if (record_id := str(response.record_detail["RecordId"])) not in self.record_ids:
            self.record_ids.append(record_id)
        return response, None

    def _age(self, response: StartResponse) -> float | None:
        created = in_utc(response.record_detail.get("CreatedTime"))
        if response.date is None or created is None:
            return None
        return round((response.date - created).total_seconds(), 1)

    def _replay(self, when: str, parameters: Parameters) -> None:
        """Send the token again, unless an earlier replay started the action again."""
        if any(each.get("same_record") is False for each in self._replays.values()):
            return
        response, refusal = self._send(parameters)
        if response is None:
            self._replays[when] = refusal or {}
            return
        detail = response.record_detail
        self._replays[when] = {
            "same_record": detail["RecordId"] == self.record_ids[0],
            "same_created_time": detail.get("CreatedTime") == self._created,
            "status": detail.get("Status"),
        }

    def _poll_until_end(self, deadline: float) -> None:
        """Poll until the record ends, the deadline passes or a signal arrives."""
        try:
            while not self._is_over and (now := self._clock.monotonic()) < deadline:
                self._clock.sleep(min(deadline - now, poll_interval(now - self._began, None, 0, self._clock.jitter())))
                self._poll()
        except Interrupted:
            self._run["interrupted"] = True

    def _poll(self) -> None:
        """Read the record, the history and the product. An error is an answer, unless it is transient."""
        seconds = round(self._clock.monotonic() - self._began, 1)
        try:
            record = self._interview.ask("describe_record", Id=self.record_ids[0])
            if record.refusal is None:
                self._note_record(record.members, seconds)
            elif record.refusal["code"] != "ResourceNotFoundException":
                self._give_up(record.refusal)
            self._poll_history(seconds)
            self._poll_product()
        except SERVICE_ERRORS as error:
            if not is_transient(error):
                self._give_up(refusal_of(error))

    def _give_up(self, refusal: dict[str, Any]) -> None:
        self._run["describe"], self._is_over = refusal, True

    def _note_record(self, members: Mapping[str, Any], seconds: float) -> None:
        detail = members["RecordDetail"]
        if self._seen["described_after_seconds"] is None:
            self._seen["described_after_seconds"] = seconds
        statuses = self._run["statuses"]
        if not statuses or statuses[-1]["status"] != detail["Status"]:
            statuses.append({"status": detail["Status"], "seconds": seconds})
        if Record(detail).outcome is not Outcome.RUNNING:
            errors = detail.get("RecordErrors") or ()
            outputs = outputs_answer(members.get("RecordOutputs") or ())
            self._is_over = True
            self._run.update(ended=detail["Status"], error_codes=[each.get("Code") for each in errors], **outputs)

    def _poll_history(self, seconds: float) -> None:
        if self._seen["in_history_after_seconds"] is not None:
            return
        reply = self._interview.ask("list_record_history", AccessLevelFilter=access_level_filter("user"), PageSize=20)
        ids = [each.get("RecordId") for each in reply.members.get("RecordDetails") or ()]
        if (record_id := self.record_ids[0]) in ids:
            self._seen.update(in_history_after_seconds=seconds, place_in_history=ids.index(record_id) + 1)

    def _poll_product(self) -> None:
        reply = self._interview.ask("describe_provisioned_product", Id=self._request.provisioned_product_id)
        status = (reply.members.get("ProvisionedProductDetail") or {}).get("Status")
        if self._run["ended"]:
            self._product["after"] = status
        elif status not in self._product["while_running"]:
            self._product["while_running"].append(status)

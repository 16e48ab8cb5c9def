# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends questions to the service, and collects the answers. A rejected call is an answer, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._servicecatalog.errors import SERVICE_ERRORS, affects_all_calls, code_of
from .anonymizer import Anonymizer, is_execution_id

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog

# The keys of answers whose values come from the service and are anonymized.
_FOREIGN = ("message", "output_keys", "execution_id_keys")
ACCEPTED = "accepted"


class Reply(NamedTuple):
    """The members of a response, or the code and the message of the error."""

    members: Mapping[str, Any]
    refusal: dict[str, Any] | None = None

    @property
    def verdict(self) -> Any:
        """The error if the call was rejected, or else ACCEPTED."""
        return self.refusal or ACCEPTED


class Interview:
    """The questions and their answers. The anonymizer learns all texts that are sent and received."""

    def __init__(self, service: ServiceCatalog) -> None:
        self.service = service
        self.anonymizer = Anonymizer()
        self._answers: list[dict[str, Any]] = []

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The anonymized answers so far."""
        return [{"question": each["question"], "answer": self._anonymize(each["answer"])} for each in self._answers]

    def note(self, question: str, answer: Mapping[str, Any]) -> None:
        """Record the answer to a question. The caller may complete the answer later."""
        self._answers.append({"question": question, "answer": answer})

    def ask(self, operation: str, **members: Any) -> Reply:
        """Call an operation; raise an error that would affect all calls."""
        self.anonymizer.learn(members)
        try:
            response = self.service.ask(operation, **members)
        except SERVICE_ERRORS as error:
            if affects_all_calls(error):
                raise
            return Reply({}, refusal_of(error))
        self.anonymizer.learn(response)
        return Reply(response)

    def _anonymize(self, answer: Any) -> Any:
        if isinstance(answer, Mapping):
            return {
                name: self._relabel(each) if name in _FOREIGN else self._anonymize(each)
                for name, each in answer.items()
            }
        return [self._anonymize(each) for each in answer] if isinstance(answer, list) else answer

    def _relabel(self, texts: Any) -> Any:
        return (
            [self.anonymizer.text(each) for each in texts] if isinstance(texts, list) else self.anonymizer.text(texts)
        )


def refusal_of(error: Any) -> dict[str, Any]:
    """Return an error as an answer.

    The message of an error that is not from the service is left out, since it may contain details of this machine.
    """
    if code := code_of(error):
        return {"code": code, "message": str(error.response["Error"].get("Message") or "")}
    return {"code": type(error).__name__}


def outputs_answer(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys of outputs, the keys whose values look like execution ids, and the number of descriptions."""
    found = list(outputs)
    return {
        "output_keys": [str(each.get("OutputKey")) for each in found],
        "execution_id_keys": [str(each.get("OutputKey")) for each in found if is_execution_id(each.get("OutputValue"))],
        "descriptions": sum(bool(each.get("Description")) for each in found),
    }


def members_of(shapes: Iterable[Mapping[str, Any]]) -> str:
    """Return the names of all members that occur in any of the shapes."""
    return ", ".join(sorted({name for shape in shapes for name in shape}))

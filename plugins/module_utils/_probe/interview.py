# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the service anything, where a refusal is an answer, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._servicecatalog.errors import SERVICE_ERRORS, affects_all_calls, code_of
from .anonymizer import Anonymizer, is_execution_id

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog

# The keys of answers whose values are foreign texts.
_FOREIGN = ("message", "output_keys", "execution_id_keys")
ACCEPTED = "accepted"


class Reply(NamedTuple):
    """The members of a response, or the code and the message of the refusal."""

    members: Mapping[str, Any]
    refusal: dict[str, Any] | None = None

    @property
    def verdict(self) -> Any:
        """The refusal, if it is one, or that the call was accepted."""
        return self.refusal or ACCEPTED


class Interview:
    """What was asked, and what the answers were. Whatever is sent and received teaches what to leave out of them."""

    def __init__(self, service: ServiceCatalog) -> None:
        self.service = service
        self.anonymizer = Anonymizer()
        self._answers: list[dict[str, Any]] = []

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers so far, anonymized."""
        return [{"question": each["question"], "answer": self._anonymize(each["answer"])} for each in self._answers]

    def note(self, question: str, answer: Mapping[str, Any]) -> None:
        """Keep the answer to a question, which may be filled in later."""
        self._answers.append({"question": question, "answer": answer})

    def ask(self, operation: str, **members: Any) -> Reply:
        """Make a call; an error that other calls would have, too, is raised."""
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
    """Return an error as an answer; of one that is not the service's, the text may name anything of this machine."""
    if code := code_of(error):
        return {"code": code, "message": str(error.response["Error"].get("Message") or "")}
    return {"code": type(error).__name__}


def outputs_answer(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys of outputs, those whose value may be an Automation execution, and how many are described."""
    found = list(outputs)
    return {
        "output_keys": [str(each.get("OutputKey")) for each in found],
        "execution_id_keys": [str(each.get("OutputKey")) for each in found if is_execution_id(each.get("OutputValue"))],
        "descriptions": sum(bool(each.get("Description")) for each in found),
    }


def members_of(shapes: Iterable[Mapping[str, Any]]) -> str:
    """Return the names of the members that at least one of the shapes has."""
    return ", ".join(sorted({name for shape in shapes for name in shape}))

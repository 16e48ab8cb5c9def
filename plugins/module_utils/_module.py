# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a module meets Ansible: the client, the one try and except, the only exit_json and fail_json."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from . import _api, _parameters, _progress, _results
from ._clock import Clock, SystemClock
from ._errors import SERVICE_ERRORS, InvalidInput, SelfServiceError, error_facts, sentence
from ._types import Parameters

if TYPE_CHECKING:
    from botocore.client import BaseClient

# A look that hangs must not outlive the deadline by more than 30 s, and is repeated by the wait itself: one attempt,
# short time-outs, whatever the user's aws_config says.
_POLLING = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 1}}


# What a bug may raise: the record that is known by then must not be lost with it.
_UNFORESEEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass
class Task:
    """What a verb works with: the task's options, the service, the clock, and what is known so far.

    `known` goes into the result, of a success and of a failure alike, so what is put there is never lost.
    """

    params: Mapping[str, Any]
    connect: Callable[[Mapping[str, Any]], BaseClient]
    clock: Clock
    tell: Callable[[str], None]
    hide: Callable[[Iterable[str]], None]
    shown: Callable[[str], str] = str
    check_mode: bool = False
    diff_mode: bool = False
    known: dict[str, Any] = field(default_factory=lambda: {"changed": False})

    def warn(self, text: str) -> None:
        """Tell the user of something that is no failure."""
        self.tell(_results.printable(text))

    def hidden_parameters(self) -> Parameters:
        """Return sensitive_parameters as the service takes them, once they are fit to be masked and will be."""
        secrets = _parameters.as_sent(self.params["sensitive_parameters"], "sensitive_parameters")
        _parameters.check_secrets(secrets)
        self.hide(_parameters.forms_of(secrets))
        return secrets

    @cached_property
    def client(self) -> BaseClient:
        """The client for all but polling; its retries are botocore's and the user's."""
        return self._connected({})

    @cached_property
    def polling_client(self) -> BaseClient:
        """The client for looks that are repeated anyway."""
        return self._connected(_POLLING)

    @cached_property
    def progress(self) -> _progress.Progress:
        """Where to tell how a wait stands."""
        return _progress.Progress(self.clock, os.environ.get(_progress.ADDRESS, ""), shown=self.shown)

    def bulk_client(self, connections: int) -> BaseClient:
        """Return a client for calls from many threads, which share one rate that adapts to the service's throttle.

        What the user sets (aws_config, AWS_MAX_ATTEMPTS, AWS_RETRY_MODE) counts instead.
        """
        config: dict[str, Any] = {"max_pool_connections": connections}
        if not {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & set(os.environ):
            config["retries"] = {"mode": "adaptive", "total_max_attempts": 12}
        return self._connected({**config, **(self.params.get("aws_config") or {})})

    def bulk_polling_client(self) -> BaseClient:
        """Return a client for looks at many records, with a rate of its own that adapts to the service's throttle."""
        return self._connected({**_POLLING, "retries": {"mode": "adaptive", "total_max_attempts": 1}})

    def _connected(self, overrides: Mapping[str, Any]) -> BaseClient:
        try:
            client = self.connect({**(self.params.get("aws_config") or {}), **overrides})
        except (AttributeError, TypeError, ValueError) as error:
            raise InvalidInput(f"aws_config is not what botocore takes: {error}.") from error
        _api.watch(client)
        return client


class MaskingModule(AnsibleModule):
    """An AnsibleModule whose results tell of sensitive_parameters the names only, however it ends.

    Ansible itself masks by value what no_log says, and of a dict that was given as text only that text.
    """

    def exit_json(self, **kwargs: Any) -> None:
        """End well."""
        self._mask()
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """End badly, be it before the options are checked."""
        self._mask()
        super().fail_json(msg, **kwargs)

    def _mask(self) -> None:
        given = getattr(self, "params", {}).get("sensitive_parameters")
        if isinstance(given, Mapping):
            self.params["sensitive_parameters"] = dict.fromkeys(given, _results.MASK)


# It has a parameter for this, which it does not heed.
AnsibleAWSModule.default_settings["module_class"] = MaskingModule


def run(module: AnsibleAWSModule, verb: Callable[[Task], None]) -> None:
    """Run the verb and leave the module with all that is known by then, and the failure if there was one."""

    def connect(config: Mapping[str, Any]) -> BaseClient:
        return module.client("servicecatalog", aws_config=dict(config))

    def shown(text: str) -> str:
        return "" if module.no_log else str(remove_values(text, module.no_log_values))

    # Ansible masks secrets of any length; a short one would blank out ids, and is refused before it is sent anywhere.
    module.no_log_values.difference_update(
        [value for value in module.no_log_values if len(value) < _parameters.SHORTEST_SECRET]
    )
    task = Task(
        params=module.params,
        connect=connect,
        clock=SystemClock(),
        check_mode=module.check_mode,
        diff_mode=module._diff,
        # Not module.warn: amazon.aws also passes those to exit_json, which newer ansible-cores deprecate.
        tell=warn,
        hide=module.no_log_values.update,
        shown=shown,
    )
    failure = failure_of(verb, task)
    task.progress.close()
    if not failure:
        module.exit_json(**task.known)
    # Outside any except block, so that Ansible adds no traceback to a failure that explains itself.
    module.fail_json(**{**task.known, **failure})


def failure_of(verb: Callable[[Task], None], task: Task) -> dict[str, Any]:
    """Run the verb and return how it failed, as results to add to what is known: nothing if it did not."""
    try:
        verb(task)
    except SelfServiceError as error:
        return {"msg": _results.printable(sentence(error)), **error.facts}
    except SERVICE_ERRORS as error:
        return {"msg": _results.printable(sentence(error)), **error_facts(error)}
    except _UNFORESEEN as error:
        return {
            "msg": f"{type(error).__name__}: {error}. This is a bug of selfservice.aws; please report it.",
            "exception": traceback.format_exc(),
        }
    return {}

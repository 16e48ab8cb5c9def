# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boundary to Ansible: clients, the catch-all for exceptions, and all calls of exit_json and fail_json."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Callable

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.warnings import get_deprecation_messages, get_warning_messages, warn
from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_inventory_conn, get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from . import _progress
from ._action.parameters import to_parameters
from ._clock import Clock, SystemClock
from ._exceptions import NOT_STARTED, THIS_IS_A_BUG, InvalidInput, SelfServiceError
from ._secrets import masker
from ._secrets.encodings import printable
from ._secrets.results import find_exposed, mask_options, mask_result, option_names
from ._servicecatalog import errors
from ._servicecatalog.api import ServiceCatalog
from ._servicecatalog.levels import AccessLevels
from ._servicecatalog.models import Parameters

if TYPE_CHECKING:
    from botocore.client import BaseClient

# A poll that hangs must not exceed the deadline by more than 30 s, and the wait repeats failed polls itself. A poll
# therefore makes one attempt with short timeouts, regardless of aws_config, and takes at most the sum of both.
_POLLING = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 1}}
_LONGEST_POLL = 25.0
_LONGEST_OVERRUN = 30.0
# All clients are created before the first start.
_UNCONNECTED = "Nothing was started, and nothing was sent to AWS: {}. Correct that, and run the task again."
_NOT_STARTED = "Nothing was started."
# Errors before a handler runs, but not those about values, which stay unchanged because ansible-lint matches them.
_BEFORE_START = "Failed to import|parameters are (mutually exclusive|required)|one of the following is|missing required"


@dataclass(eq=False, repr=False)
class Task:
    """The context of a handler: the task's options, the service, the clock, and the result so far.

    `result` is returned on success and on failure, so nothing in it is lost. On failure, `failure` is returned as well,
    except for keys that the error sets itself. `secrets` are the values of options that Ansible treats as secrets.
    """

    params: Mapping[str, Any]
    connect: Callable[[Mapping[str, Any]], BaseClient]
    clock: Clock
    emit_warning: Callable[[str], None]
    secrets: Collection[str] = ()
    no_log: bool = False
    check_mode: bool = False
    diff_mode: bool = False
    result: dict[str, Any] = field(default_factory=lambda: {"changed": False})
    failure: dict[str, Any] = field(default_factory=lambda: {"error": None, "response_metadata": None})
    sensitive: Parameters = field(default_factory=dict)
    _limit: Callable[[float | None], float] | None = None

    def __post_init__(self) -> None:
        self.started = self.clock.monotonic()
        self.levels = AccessLevels(self.params.get("access_level"))
        masker.use_secrets(self.secrets)

    def limit_calls(self, wait_timeout: float, *, each: bool = False) -> None:
        """Limit the duration of calls other than polls to wait_timeout plus that of a poll, for `each` or together."""
        most = wait_timeout + _LONGEST_POLL

        def seconds_left(began: float | None) -> float:
            if not each:
                began = self.started
            return most if began is None else began + most - self.clock.monotonic()

        self._limit = seconds_left

    def _poll_limit(self, _began: float | None) -> float:
        left = self._limit(None) + _LONGEST_OVERRUN - _LONGEST_POLL if self._limit else _LONGEST_POLL
        return min(left, _LONGEST_POLL)

    def warn(self, text: str) -> None:
        """Warn the user; escape characters that would control the terminal."""
        self.emit_warning(printable(text))

    def sensitive_parameters(self) -> Parameters:
        """Return sensitive_parameters in the API's format; check that they can be masked, and mask them from now on."""
        self.sensitive = to_parameters(self.params["sensitive_parameters"], "sensitive_parameters")
        masker.check_secrets(self.sensitive)
        masker.use_secrets([*self.secrets, *chain.from_iterable(self.sensitive.values())])
        return self.sensitive

    @cached_property
    def service(self) -> ServiceCatalog:
        """The service for all calls but polls, with the retries of botocore or of the user's settings."""
        return self._connect({}, self._limit)

    @cached_property
    def polling_service(self) -> ServiceCatalog:
        """The service for polls, without retries, because a wait repeats polls itself."""
        return self._connect(_POLLING, self._poll_limit)

    @cached_property
    def progress(self) -> _progress.Progress:
        """The sender of progress reports."""
        return _progress.Progress(self.clock, os.environ.get(_progress.ADDRESS, ""), private=self.no_log)

    def bulk_service(self, connections: int) -> ServiceCatalog:
        """Return the service for calls from many threads, which share one rate limit that adapts to throttling.

        The user's settings (aws_config, AWS_MAX_ATTEMPTS, AWS_RETRY_MODE) take precedence.
        """
        config: dict[str, Any] = {"max_pool_connections": connections}
        if not {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & set(os.environ):
            config["retries"] = {"mode": "adaptive", "total_max_attempts": 12}
        return self._connect({**config, **(self.params.get("aws_config") or {})}, self._limit)

    def bulk_polling_service(self) -> ServiceCatalog:
        """Return the service for polls of many records, with a separate rate limit that adapts to throttling."""
        retries = {"mode": "adaptive", "total_max_attempts": 1}
        return self._connect({**_POLLING, "retries": retries}, lambda _began: _LONGEST_POLL)

    def _connect(self, overrides: Mapping[str, Any], seconds_left: Callable[..., float] | None) -> ServiceCatalog:
        try:
            client = self.connect({**(self.params.get("aws_config") or {}), **overrides})
        except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
            raise errors.NotSent(_UNCONNECTED.format(errors.describe_error(error))) from error
        except errors.FOREIGN_ERRORS as error:  # pylint: disable=catching-non-exception
            if isinstance(error, (AttributeError, TypeError)) and self.params.get("aws_config"):
                raise InvalidInput(f"aws_config is invalid: {masker.mask(error)}.") from error
            raise errors.NotSent(_UNCONNECTED.format(errors.describe_foreign_error(error))) from error
        return ServiceCatalog(client, self.params.get("accept_language"), levels=self.levels, seconds_left=seconds_left)


class MaskingModule(AnsibleModule):
    """An AnsibleModule that masks secrets in its result, on success and on failure and with every ansible-core.

    Ansible's own masking also replaces parts of ids and words, and from ansible-core 2.22 on it skips results.
    """

    is_masked = False
    """Whether the final result has been masked already."""

    def exit_json(self, **kwargs: Any) -> None:
        """Mask, then exit."""
        super().exit_json(**self._mask(kwargs))

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """Mask, then fail; also used for argument errors."""
        # Otherwise Ansible would add the exception that is being handled, after the masking.
        error = kwargs.pop("exception", None) or sys.exc_info()[1]
        if isinstance(error, BaseException):
            error = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        if "change_id" in getattr(self, "argument_spec", {}) and re.match(_BEFORE_START, str(msg)):
            msg = f"{str(msg).rstrip('.')}. {_NOT_STARTED}"
        super().fail_json(**self._mask({**kwargs, **({"exception": error} if error else {}), "msg": str(msg)}))

    def _mask(self, result: dict[str, Any]) -> dict[str, Any]:
        if not self.is_masked:
            # Ansible knows the values as given, but not the texts that they were converted to.
            given = masker.secrets_in(getattr(self, "params", {}).get("sensitive_parameters"))
            masker.use_more_secrets({*getattr(self, "no_log_values", ()), *given})
            result = mask_result(result)
            result.update({"msg": masker.mask(result["msg"])} if "msg" in result else {})
        names = option_names(getattr(self, "argument_spec", {}))
        self.params: dict[str, Any] = mask_options(getattr(self, "params", {}), names)
        said = (*get_warning_messages(), *get_deprecation_messages())
        if all(text == masker.mask(text) for text in map(str, said)):
            self.no_log_values: set[str] = set()
        return result


# AnsibleAWSModule has a parameter for this, but ignores it.
AnsibleAWSModule.default_settings["module_class"] = MaskingModule


def run(module: AnsibleAWSModule, handler: Callable[[Task], None]) -> None:
    """Run the handler, and end the module with the result so far, as a success or a failure."""

    def connect(config: Mapping[str, Any]) -> BaseClient:
        # Not module.client, because its error messages do not say what was started.
        region, endpoint, options = get_aws_connection_info(module)
        given = {"region": region, "endpoint": endpoint, **options, "aws_config": dict(config)}
        return boto3_inventory_conn(conn_type="client", resource="servicecatalog", **given)

    task = Task(
        # Leave out aliases, which Ansible keeps in module.params besides the names.
        params={name: value for name, value in module.params.items() if name in module._module.argument_spec},
        connect=connect,
        clock=SystemClock(),
        check_mode=module.check_mode,
        diff_mode=module._diff,
        # Not module.warn: amazon.aws also passes those warnings to exit_json, which newer ansible-cores deprecate.
        emit_warning=warn,
        # These may be of any length; the short ones are not masked, because that would hide other text.
        secrets=module.no_log_values,
        no_log=module.no_log,
    )
    result = run_handler(handler, task)
    task.progress.close(failed=result["failed"])
    if exposed := find_exposed(result, task.sensitive):
        task.warn(
            "Ids or times in the result contain the value of a sensitive parameter, which Ansible masks in its output: "
            f"{', '.join(map(masker.mask, exposed))}. Registered variables have them unmasked."
        )
    module._module.is_masked = True
    if result.pop("failed"):
        # Called outside any except block, so that Ansible adds no traceback to an expected failure.
        module.fail_json(**result)
    module.exit_json(**result)


def run_handler(handler: Callable[[Task], None], task: Task) -> dict[str, Any]:
    """Run the handler, and return the masked result with `failed`, and on failure with `msg` and the error's facts.

    InvalidInput returns its message only, because it is raised before anything is started.
    """
    try:
        handler(task)
    except InvalidInput as error:
        return mask_result({"changed": False, "failed": True, "msg": _message(error, task.params)})
    except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
        # Raised by a read before the start. Handled first, because some SERVICE_ERRORS are SelfServiceErrors as well.
        failure = {"msg": _message(error, task.params), **errors.error_facts(error)}
    except SelfServiceError as error:
        task.progress.how_to_continue = error.how_to_continue
        failure = {"msg": _message(error, task.params if isinstance(error, NOT_STARTED) else {}), **error.facts}
    except Exception as error:  # noqa: BLE001 (a bug must not lose the record that is already known)
        text = f"{type(error).__name__}: {masker.mask(error)}. {THIS_IS_A_BUG}"
        failure = {"msg": text, "exception": traceback.format_exc()}
    else:
        return mask_result({**task.result, "failed": False})
    return mask_result({**task.result, **task.failure, **failure, "failed": True})


def _message(error: BaseException, options: Mapping[str, Any]) -> str:
    """Return the error as a sentence; for `options` with change_id, add that nothing was started unless it says so."""
    text = printable(errors.error_sentence(error))
    says_so = "change_id" not in options or re.search("(not|othing was) started", text)
    return text if says_so else f"{text} {_NOT_STARTED}"

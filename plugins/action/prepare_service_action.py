# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a host for the role run_service_action: its product, its options, and the id of the call it has reached."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.selfservice.aws.plugins.filter.survey_answers import survey_answers
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, options

_PREFIX = "run_service_action_"
# Strings that newer ansible-core releases read as YAML if they come from a survey.
_TEXTS = (*options.PRODUCT, *(f"{_PREFIX}{name}" for name in ("service_action_id", "service_action_name", "change_id")))
_ANSWERS = ("answers", "secret_answers")


class ActionModule(ActionBase):
    """The action plugin of the module with the same name, which only documents it.

    It fails only for an unsupported strategy. Any other error rejects the whole batch, and each host fails at the end.
    """

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the target and the options of the host, or the reason for which it can't take part."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._read(task_vars)
        host: dict[str, Any] = {"target": {}, "options": {}, "parameters": {}, "has_secrets": False, "secrets": None}
        masks = options.masker_of({})
        try:
            batch.check_strategy(self._task)
        except options.RoleError as error:
            # The strategy ignores run_once, so check_service_action_batch can't reject the batch as a whole.
            return {**result, "failed": True, "msg": f"{error} Nothing was started."}
        try:
            secrets = options.check_secrets(given["sensitive_parameters"], given.get("secret_answers"))
            host["secrets"], masks = batch.digest(secrets), options.masker_of(secrets)
            host["target"] = self._target(given, task_vars)
            host["options"] = options.read_options(given, is_relaunch=options.was_relaunched(task_vars))
            host["target"]["parameters"] = {**host["options"].pop("parameters"), **(given.get("answers") or {})}
            host.update(options.display(host["target"]["parameters"], secrets, masks))
            refusal = None
        except options.RoleError as error:
            refusal = masks.mask(str(error))
        call = batch.call_of(self._task, task_vars)
        result.update(host, refusal=refusal, call=call, changed=False)
        # The target has the parameters as they are to be sent.
        return {**result, "_ansible_no_log": host["has_secrets"]}

    def _read(self, task_vars: Any) -> dict[str, Any]:
        """Return the values of the role's variables for this host, by name without the prefix."""
        # Templating the answers is slow, so skip them if there was no survey.
        answers = _ANSWERS if task_vars.get(f"{_PREFIX}survey") else ()
        own = (f"{_PREFIX}{name}" for name in (*options.OPTIONS, "sensitive_parameters", *answers))
        names = [*options.PRODUCT, "region", *own]
        values = self._templar.template({name: task_vars.get(name) for name in names})
        texts = [name for name in _TEXTS if not options.is_empty(values[name])]
        values.update(zip(texts, survey_answers([values[name] for name in texts], texts)))
        # The option defaults to the host variable region.
        region = values.pop("region")
        given = {name.removeprefix(_PREFIX): value for name, value in values.items()}
        return {**given, "region": region if options.is_empty(given["region"]) else given["region"]}

    def _target(self, given: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if not any(options.is_empty(given[name]) for name in options.PRODUCT):
            variables = task_vars["hostvars"].raw_get(task_vars["inventory_hostname"])
            own = self._templar.template({name: variables.get(name) for name in options.PRODUCT})
        return options.choose_target(
            given, extra=load_extra_vars(self._loader), own=own, play_hosts=task_vars["ansible_play_hosts_all"]
        )

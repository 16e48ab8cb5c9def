# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that run service actions; module_utils/_arguments.py mirrors them."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a run, on one product or many."""

    DOCUMENTATION = r"""
options:
  service_action_id:
    description:
      - The id of the service action, such as V(act-fs7abcd89wxyz).
      - Exactly one of O(service_action_id) and O(service_action_name) is required.
    type: str
  service_action_name:
    description:
      - The name of the service action.
      - It is looked up among the actions of the provisioned product's own provisioning artifact. End users are
        allowed to list these actions.
    type: str
  parameters:
    description:
      - The parameters of the action, as a dictionary of names and values. A value is a scalar or a list of scalars.
      - The service takes lists of strings. Numbers are sent as text, and booleans as V(true) or V(false). Null is an
        error; omit the name to use the action's default.
      - If a parameter of the type TARGET is omitted, Service Catalog fills it in. If it is given, it must be a
        resource of the provisioned product.
    type: dict
  sensitive_parameters:
    description:
      - Further parameters, merged over O(parameters). Their values are masked in results, messages, warnings, diffs
        and progress, also where the service returns them and in common encodings.
      - Ids, tokens, statuses, times and error codes are never masked, even if they contain one of the values. On
        ansible-core 2.22 and later, Ansible itself also masks such ids in its output. The module then warns, and
        registered variables keep the ids.
      - A value must have at least 4 characters, not counting spaces around it, and must not be a boolean.
      - With C(async), ansible-core 2.22 and later versions write the values to the async job file on the managed
        host, so that the controller can mask them.
      - Pass secrets in variables. When a task fails, ansible-core 2.19 and later versions show the arguments of an
        ad-hoc command, or the lines of the playbook around the task. With E(ANSIBLE_DEBUG), Ansible also shows the
        arguments of every module. A module can't prevent either.
    type: dict
  change_id:
    description:
      - The id of the change that the run belongs to, such as a ticket number. For the same change, product, action
        and parameters, the service starts the action once, however often the task is run, and returns the record of
        that start.
      - It must have 1 to 512 printable characters; spaces around it are removed. Quote booleans and numbers with a
        fraction. Without quotes, they are errors, since YAML changes them. Also quote what YAML reads as another
        number, such as V(0012), V(1_000) or V(12:30).
      - If omitted, a new one is generated for each run of the task and returned.
      - Set it if you use C(until) and C(retries), where each attempt is a run of its own. Otherwise, if an attempt has
        started the action but failed, the next attempt starts it again.
      - Whether the parameters are the same depends on the names and values of O(parameters), but only on the names of
        O(sensitive_parameters), so that correcting a sensitive value does not run the action again.
      - AWS does not document how long the service remembers a start. Continue a change soon, and do not reuse the id of
        an old change.
    type: raw
  retry_failed:
    description:
      - Start the action again if it V(FAILED) in earlier runs with the same O(change_id), which is required. The record
        of each earlier attempt is read, up to 100 of them.
      - The task starts the action at most once on each provisioned product. It does not retry an action that it finds
        running and that fails later.
      - Keep this option when you run the same change again. Without it, the task returns the first attempt.
    type: bool
    default: false
  wait_until_available:
    description:
      - Wait for a provisioned product that is busy instead of failing. If the service rejects the start with
        C(InvalidStateException) and the product is V(UNDER_CHANGE) or V(PLAN_IN_PROGRESS), the task waits until the
        product is V(AVAILABLE) or V(TAINTED), and sends the start again with the same token. Any other status, such as
        V(ERROR), is a failure.
      - O(wait_timeout) covers both this wait and the wait for the record. It also applies to this wait without
        O(wait). If it expires while the product is busy, that is a failure, and the task has started nothing on this
        product.
      - When a product is busy, this requires the permission C(servicecatalog:DescribeProvisionedProduct).
      - In check mode, a busy product only causes a warning.
    type: bool
    default: false
  accept_language:
    description:
      - The language of the texts that the service returns. The service's default is English.
    type: str
    choices: [en, jp, zh]
"""

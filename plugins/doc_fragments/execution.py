# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that run service actions; module_utils/_arguments.py mirrors them."""

from __future__ import annotations


class ModuleDocFragment:
    """What runs a service action, whatever it runs on."""

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
      - It is looked up among the actions of the provisioned product's own provisioning artifact, for which the rights
        of an end user suffice.
    type: str
  parameters:
    description:
      - The parameters of the action, by name. A value is a scalar or a list of scalars.
      - The service takes lists of strings, so numbers are sent as text and booleans as V(true) or V(false).
        Null is refused; leave the name out to use the action's default.
      - Service Catalog fills V(TARGET) itself when it is left out. A value given for it must be a resource of the
        provisioned product.
    type: dict
  sensitive_parameters:
    description:
      - More parameters, merged over O(parameters), whose values are masked in results, messages, warnings, diffs and
        progress, also where the service echoes them and in the usual encodings.
      - Ids, tokens, statuses, times and error codes are never masked, even if a value is a part of one. From
        ansible-core 2.22 on, Ansible itself masks what it prints, ids too, and the module warns if that happens;
        registered variables keep the ids.
      - A value needs at least 4 characters without the spaces around it, and can't be a boolean.
      - With C(async), ansible-core 2.22 and newer write the values into the job's file on the target, for the
        controller to mask them.
      - Give secrets by variables. From ansible-core 2.19 on, Ansible shows the lines around a task that fails, as they
        are in the playbook or on the command line. With E(ANSIBLE_DEBUG) it shows the arguments of every module as
        well, and no module can keep it from that.
    type: dict
  change_id:
    description:
      - What asked for the run, such as a ticket. For one change, product, action and parameters the service
        starts one action, however often the task is run, and answers with the record of that one.
      - A text of 1 to 512 printable characters, without the spaces around it. Booleans and numbers with a fraction are
        refused, since YAML has changed them; quote them.
      - A whole number is its digits. Quote what YAML reads as another number, such as V(0012), V(1_000) or V(12:30).
      - When absent, one is made for each run. It is always returned, and all retries of the run's calls belong to it.
      - With C(until) and C(retries) each attempt is a run. Give them a change, or an action that was started by an
        attempt without telling is started again by the next one.
      - Of O(sensitive_parameters) only the names count, so that a corrected value does not run the action again.
      - How long the service remembers what it has started is not documented by AWS. Continue a change soon, and do not
        use the id of an old one again.
    type: raw
  retry_failed:
    description:
      - With a given O(change_id), start the action again if what earlier runs of this change have started has
        V(FAILED). Of each such attempt the record is read, at most 100.
      - A run starts one action at most. What it finds running is not retried by it, even if it fails later.
      - Continue a change that was continued so with this option, or its first attempt is what the task returns.
    type: bool
    default: false
  wait_until_available:
    description:
      - Wait for a provisioned product that is busy, instead of failing. The start is sent first. If the service refuses
        it with C(InvalidStateException), and the product is V(UNDER_CHANGE) or V(PLAN_IN_PROGRESS), the task waits, and
        sends the start again with the same token once the product is V(AVAILABLE) or V(TAINTED). Any other status, such
        as V(ERROR), is a failure.
      - O(wait_timeout) covers this wait and the one for the record, also without O(wait). When it passes while the
        product is busy, that is a failure, and nothing was started.
      - It needs the permission C(servicecatalog:DescribeProvisionedProduct) when a product is busy.
      - In check mode, a busy product is a warning.
    type: bool
    default: false
  accept_language:
    description:
      - The language of the service's texts. The service's default is English.
    type: str
    choices: [en, jp, zh]
"""

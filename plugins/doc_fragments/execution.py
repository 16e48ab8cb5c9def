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
  execute_token:
    description:
      - The idempotency token. The service starts one action for one token, however often it is sent, and answers with
        the record of that one.
      - When absent, one is made for each run. All retries of its calls send the same token, and it is always returned.
      - With C(until) and C(retries) each attempt is a run. Give them a token, or what has started without telling is
        started again.
      - Give each provisioned product and action a token of its own. One that stands for another product is an error. A
        record does not name its action, so that can't be checked.
      - How long the service remembers a token is not documented by AWS.
    type: str
  accept_language:
    description:
      - The language of the service's texts. The service's default is English.
    type: str
    choices: [en, jp, zh]
"""

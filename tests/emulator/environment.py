# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment variables for playbooks that are demonstrated against the emulator, and for clients that use CBOR."""

from __future__ import annotations

import pathlib

from botocore import parsers

ENVIRONMENT = {
    "ANSIBLE_CALLBACKS_ENABLED": "selfservice.aws.progress",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_NOCOWS": "true",
    # The emulator accepts any keys, unless it was started with particular ones.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    # No word, since ansible-core 2.22 and later mask it in all output.
    "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
}

# The value of AWS_DATA_PATH with which botocore uses CBOR for Service Catalog, if it supports CBOR.
CBOR_CLIENT = str(pathlib.Path(__file__).parent / "cbor_client")
HAS_CBOR = hasattr(parsers, "RpcV2CBORParser")

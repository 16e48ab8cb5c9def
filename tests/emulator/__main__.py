# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the emulator, print its address, and serve until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal

from .client import Emulator
from .world import DEMO


def main() -> None:
    """Run the command line interface."""
    parser = argparse.ArgumentParser(
        prog="python -m emulator", description="A Service Catalog endpoint on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="default: 0, any free port")
    parser.add_argument("--world", default=str(DEMO), metavar="FILE", help="YAML file; default: the demo's world")
    parser.add_argument("--clock", choices=("real", "manual"), default="real", help="manual advances by HTTP only")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="run service actions N times as fast")
    parser.add_argument("--access-key", metavar="ID", help="with --secret-key, verify signatures")
    parser.add_argument("--secret-key", metavar="SECRET")
    parser.add_argument("--certificate", metavar="FILE", help="PEM file with its key; also serve https")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="real delay of each response")
    options = vars(parser.parse_args())
    logging.basicConfig(format="%(name)s: %(levelname)s: %(message)s")
    try:
        emulator = Emulator(options.pop("world"), **options)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    # Blocked before any thread starts, because threads inherit the mask, and only sigwait() should get the signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    with emulator:
        print(emulator.url, flush=True)
        signal.sigwait(stop_signals)


if __name__ == "__main__":
    main()

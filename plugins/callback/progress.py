# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the progress of this collection's modules while they wait."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Show the progress of long-running service actions
version_added: 1.0.0
author:
  - selfservice.aws contributors (@selfservice)
description:
  - Ansible prints nothing while a task runs. This callback prints the progress of this collection's modules that wait
    for records or run an action on many targets.
  - On a terminal, it shows one line, which is updated in place and removed when the task has ended. The final counts of
    a task on many targets remain.
  - Elsewhere, such as in files, pipes, CI and AWX, it prints plain lines. It prints one at each change of a record's
    status, when the first target fails, when no more targets will be started, at the end, and at least every
    O(interval) seconds, so that a job always has some output.
  - If a wait ends early because the task fails, or because of Ctrl-C or SIGTERM, the last line remains. It has the id
    of the record or the change, and what to run to continue.
  - It works for modules that run on the controller as the user who runs Ansible, as they do with C(hosts=localhost) or
    C(connection=local), and without C(become). It shows nothing of other modules.
  - It opens a socket in a private directory in E(TMPDIR) or C(/tmp). If that is not possible, no progress is shown;
    C(-vv) shows why.
  - For tasks with C(no_log), it shows status and counts, but no names.
requirements:
  - enabled in the configuration
options:
  interval:
    description:
      - The number of seconds after which a plain line is printed if nothing has changed. On a terminal, the line is
        updated every second.
    type: float
    default: 15
    ini:
      - section: callback_selfservice_aws_progress
        key: interval
    env:
      - name: SELFSERVICE_AWS_PROGRESS_INTERVAL
"""

EXAMPLES = r"""
# In ansible.cfg, or by ANSIBLE_CALLBACKS_ENABLED in the environment:
#
#   [defaults]
#   callbacks_enabled = selfservice.aws.progress
#
#   [callback_selfservice_aws_progress]
#   interval = 60
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.selfservice.aws.plugins.module_utils._clock import SystemClock
from ansible_collections.selfservice.aws.plugins.module_utils._progress import ADDRESS, HOST
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress import terminal
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.channel import Channel
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.status_lines import StatusLines

if TYPE_CHECKING:
    from types import FrameType

    from ansible.inventory.host import Host
    from ansible.playbook import Playbook
    from ansible.playbook.task import Task
    from ansible.utils.display import Display

# Seconds between updates of the line on a terminal, and between checks for killed modules.
_REFRESH = 1.0
_ENDING = (signal.SIGHUP, signal.SIGTERM)


class Listener:
    """A thread that prints the progress that modules send to a channel, from construction until end().

    When it prints, the thread holds only Display's own lock, which Ansible also holds while it forks.
    """

    def __init__(self, display: Display, interval: float) -> None:
        self._display = display
        self._clock = SystemClock()
        self._channel = Channel()
        self._owner = os.getpid()
        self._terminal = terminal.Terminal(display) if terminal.is_interactive() else None
        self._pause = min(_REFRESH, max(interval, 0.1))
        # Shorter by one refresh, so that a line that would be late at the next refresh is printed at this one.
        self._status = StatusLines(interval - self._pause)
        self._thread = threading.Thread(target=self._run, name="selfservice.aws.progress", daemon=True)
        self._handlers = {number: signal.getsignal(number) for number in _ENDING}
        for number, handler in self._handlers.items():
            if handler is not signal.SIG_IGN:
                _handle(number, self._die)
        os.environ[ADDRESS] = self._channel.address
        atexit.register(self.end)
        self._thread.start()

    def end(self) -> None:
        """Stop the thread, print the last line of each unfinished wait, and undo the setup."""
        atexit.unregister(self.end)
        for name in (ADDRESS, HOST):
            os.environ.pop(name, None)
        self._channel.stop()
        self._thread.join(1)
        self._channel.close()
        # The terminal may be closed, or a signal may have interrupted a write.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self._status.end()
            self._show(self._clock.monotonic())
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            if self._terminal:
                self._terminal.restore()
        for number, handler in self._handlers.items():
            _handle(number, handler)

    def _die(self, number: int, _frame: FrameType | None) -> None:
        """Call end(), restore the original handler, and send the signal again."""
        # Workers of older ansible-core releases inherit the handler.
        if os.getpid() == self._owner:
            self.end()
        _handle(number, self._handlers[signal.Signals(number)])
        os.kill(os.getpid(), number)

    def _run(self) -> None:
        # The thread ends if the output is closed.
        with contextlib.suppress(OSError, ValueError):
            # Collected before messages are received: a module sends its last message before it ends.
            gone: set[int] = set()
            while (events := self._channel.receive(None if self._status.is_empty else self._pause)) is not None:
                now = self._clock.monotonic()
                for event in events:
                    self._status.update(event, now)
                self._status.end(gone)
                self._show(now)
                gone = self._status.gone(_is_running)

    def _show(self, now: float) -> None:
        if lines := self._status.last_lines(now) if self._terminal else self._status.lines(now):
            with self._display._lock:
                for line in lines:
                    self._display.display(terminal.encodable(line, sys.stdout))
                # Display does not flush, and output that is not a terminal is buffered.
                sys.stdout.flush()
        if self._terminal:
            self._terminal.draw(self._status.line(now, self._terminal.fits))


class CallbackModule(CallbackBase):
    """Show progress while a playbook runs."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "selfservice.aws.progress"
    CALLBACK_NEEDS_ENABLED = True

    _listener: Listener | None = None

    def v2_playbook_on_start(self, playbook: Playbook) -> None:  # noqa: ARG002
        try:
            self._listener = Listener(self._display, self.get_option("interval"))
        except OSError as error:
            self._display.vv(
                f"selfservice.aws.progress: no progress is shown, because its socket can't be created: {error}"
            )

    def v2_runner_on_start(self, host: Host, task: Task) -> None:  # noqa: ARG002
        # Ansible forks the worker of this host before it starts the next host.
        if self._listener:
            os.environ[HOST] = host.get_name()

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        if self._listener:
            self._listener.end()
            self._listener = None


def _handle(number: int, handler: Any) -> None:
    # Only the main thread may set handlers, and a handler that was not set from Python can't be restored.
    with contextlib.suppress(TypeError, ValueError):
        signal.signal(number, handler)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True

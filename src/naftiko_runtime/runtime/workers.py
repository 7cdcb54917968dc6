"""Several processes behind the same sockets: the parent binds, its children serve (LST-12).

The parent has no event loop: it waits for signals, for children that die, and for a child that
asks for a reload. Children are forked from it, with everything loaded and nothing to bind.
"""

import importlib
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Final

from naftiko_runtime.adapters.control.actions import Reloaded
from naftiko_runtime.errors import StartError
from naftiko_runtime.plan.listener import ListenerKey
from naftiko_runtime.runtime.endpoints import ENDPOINT
from naftiko_runtime.runtime.listeners import open_all
from naftiko_runtime.runtime.member import Member
from naftiko_runtime.runtime.peers import (
    Peers,
    Question,
    ask_now,
    exactly,
    inbox,
    packed,
    port_of,
    received,
)
from naftiko_runtime.runtime.process import Process, run_member
from naftiko_runtime.runtime.reload import library_of, read_again, replanned
from naftiko_runtime.runtime.sockets import Bound

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_KEY_BYTES: Final = 32
_SOON: Final = 1.0
"""Seconds; a worker that lived shorter is replaced no sooner, so that a crash is no busy loop."""


@dataclass(slots=True)
class _Child:
    """One worker and when it was forked."""

    slot: int
    pid: int
    since: float = field(default_factory=time.monotonic)


def run_workers(process: Process) -> None:
    """Serve with ``options.workers`` processes until a signal (exposes.md LST-12).

    Raises ``StartError`` when a socket cannot be opened.
    """
    if process.merged.stdio:
        raise StartError("--workers and an MCP adapter on stdio exclude each other")
    opened = open_all(process.merged.listeners)
    if any(listener.mcp for listener in process.merged.listeners):
        # imported once, before there are children: each would need a second for it
        importlib.import_module(ENDPOINT)
    _Parent(process, opened).run()


class _Parent:
    """Keeps the right number of children alive."""

    def __init__(self, process: Process, opened: dict[ListenerKey, Bound]) -> None:
        count = process.options.workers
        self._process = process
        self._opened = opened
        self._library = library_of(process.paths, process.options, process.documents)
        self._inboxes = [inbox() for _ in range(count)]
        self._own = inbox()
        ports = tuple(port_of(each) for each in self._inboxes)
        self._peers = Peers(ports, port_of(self._own), os.urandom(_KEY_BYTES))
        self._lifeline, self._alive = os.pipe()
        self._children: dict[int, _Child] = {}
        self._signals: list[int] = []
        self._told: dict[tuple[object, ...], Question] = {}
        self._stopping = False

    def run(self) -> None:
        """Fork the children and look after them until the last one has ended."""
        woken, wake = socket.socketpair()
        woken.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
        wake.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
        for number in _SIGNALS:
            signal.signal(number, self._note)
        signal.set_wakeup_fd(wake.fileno())
        for slot in range(len(self._inboxes)):
            self._fork(slot)
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self._own, selectors.EVENT_READ)
            while self._children:
                for ready, _ in selector.select(timeout=_SOON):
                    if ready.fileobj is self._own:
                        self._answer()
                    else:
                        woken.recv(4096)
                self._handle_signals()
                self._replace_dead()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _handle_signals(self) -> None:
        noted, self._signals = self._signals, []
        for number in noted:
            if number == signal.SIGHUP:
                self._reload()
            elif number != signal.SIGCHLD:
                self._stop()

    def _stop(self) -> None:
        """Close the sockets here, and let every child drain; the second time it skips that."""
        self._stopping = True
        for bound in self._opened.values():
            bound.close()
        for child in self._children.values():
            os.kill(child.pid, signal.SIGTERM)

    def _replace_dead(self) -> None:
        while self._children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None and not self._stopping:
                time.sleep(max(0.0, _SOON - (time.monotonic() - child.since)))
                self._fork(child.slot, is_first=False)

    def _fork(self, slot: int, *, is_first: bool = True) -> None:
        # what is still in a buffer would be written by both
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(slot, is_first=is_first)
        self._children[pid] = _Child(slot, pid)

    def _become(self, slot: int, *, is_first: bool) -> None:
        """Serve as a child; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # a terminal sends these to everybody, and it is the parent's to decide
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.close(self._alive)
            self._own.close()
            told = tuple(self._told.values())
            member = Member(slot, self._peers, self._inboxes[slot], self._lifeline, told)
            speaks = is_first and slot == 0
            process = self._process if speaks else replace(self._process, say=_say_nothing)
            run_member(process, self._opened, member)
            code = 0
        except BaseException:  # noqa: BLE001 - the end of a process: nobody else can report it
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _answer(self) -> None:
        """Answer a child that asks for a reload, or tells what it lets every child do."""
        connection, _ = self._own.accept()
        with connection:
            connection.settimeout(_SOON)
            try:
                if exactly(connection, len(self._peers.key)) != self._peers.key:
                    return
                question = Question(*received(connection))
                connection.sendall(packed(self._answered(question)))
            except OSError:
                # who asked went away; whoever comes next is served
                return

    def _answered(self, question: Question) -> Reloaded | None:
        if question.name == "reload":
            return self._reload()
        # the last word on one subject counts: the level of a logger, the settings of scripts
        subject = (question.name, *question.values[:-1])
        self._told.pop(subject, None)
        self._told[subject] = question
        return None

    def _reload(self) -> Reloaded:
        """Let every child reload, and keep up, so that new children begin where they are."""
        reading = read_again(self._library)
        self._library = reading.library
        again = replanned(self._process.merged, self._library.documents, self._library.options)
        kept = {listener.key for listener in again.merged.listeners}
        for key in self._opened.keys() - kept:
            self._opened.pop(key).close()
        self._process = replace(
            self._process, documents=self._library.documents, merged=again.merged
        )
        outcomes: list[Reloaded] = []
        for port in self._peers.ports:
            try:
                outcomes.append(ask_now(port, self._peers.key, Question("reload")))
            except OSError:
                # it is being replaced, and then begins with the new documents
                continue
        return outcomes[0] if outcomes else Reloaded("unchanged")


def _say_nothing(_line: str) -> None:
    """Leave what is said to the first child."""

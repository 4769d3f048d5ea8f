"""Sends one message to one address: ``python -m sorad.notify.send``, a process of its own.

apprise brings its 25 MB and some 150 services, each with a manner of its own to hang; both end with the process.
In, as JSON on stdin, because arguments are seen by every user: ``url``, ``title``, ``body``, ``mood``, ``limit``.
Out, as JSON on stdout: ``error``, empty where the service took the message.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MISSING = 3  # the exit code without apprise

# These answer 200 whether or not they take a message, and apprise 2.2 believes the 200: a wrong token, a missing
# keyword or signature would look delivered. The code in the answer tells.
_TWO_MINDED = frozenset({"feishu", "lark", "dingtalk", "wecombot"})
_REASON = re.compile(
    r"\[Errno[^'\")]+|[Tt]imed out|certificate verify failed[^'\")]*|Name or service not known"
)
_CODES = ("errcode", "code", "StatusCode")
_WORDS = ("errmsg", "msg", "StatusMessage", "message", "error", "description")


def main() -> int:
    """Send what stands on stdin."""
    job = json.load(sys.stdin)
    # whoever started us may be dead by then, and a service that hangs must not keep us for ever
    end = threading.Timer(job["limit"], os._exit, [1])
    end.daemon = True
    end.start()
    try:
        error = deliver(job["url"], job["title"], job["body"], job["mood"])
    except ImportError:
        return MISSING
    except Exception as failure:  # noqa: BLE001  (the root of the process: who started it is told)
        error = f"{type(failure).__name__}: {failure}"
    sys.stdout.write(json.dumps({"error": error}))
    sys.stdout.flush()
    os._exit(0)  # whatever threads a service has left


def deliver(url: str, title: str, body: str, mood: str) -> str:
    """Send it; why it did not work, in the words of the service where there are any, or ``""``."""
    import apprise

    said = _Said()
    log = logging.getLogger("apprise")
    log.addHandler(said)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="sorad", app_desc="sorad", async_mode=False))
    if not sender.add(url):
        return said.text() or "the address is not one that apprise knows"
    with _answers() as answers:
        taken = bool(sender.notify(body=body, title=title, notify_type=mood, body_format="text"))
    refused = _refusal(answers[-1]) if answers else ""
    if not taken:
        return " ".join(part for part in (said.text(), refused) if part) or "apprise could not send it"
    return refused if url.partition("://")[0].lower() in _TWO_MINDED else ""


class _Said(logging.Handler):
    """What apprise says: its warnings, and what the socket said before."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._lines.append(text)
        elif text.startswith("Socket Exception"):
            reason = _REASON.search(text)  # of a nest of exceptions the innermost says it
            self._lines.append(reason[0] if reason else text)

    def text(self) -> str:
        return " ".join(dict.fromkeys(self._lines))


@contextmanager
def _answers() -> Iterator[list[Any]]:
    """The answers to all HTTP requests that are made meanwhile (with requests, as apprise makes them)."""
    import requests

    answers: list[Any] = []
    plain = requests.Session.send

    def send(self: Any, request: Any, **how: Any) -> Any:
        answer = plain(self, request, **how)
        answers.append(answer)
        return answer

    requests.Session.send = send  # type: ignore[method-assign]
    try:
        yield answers
    finally:
        requests.Session.send = plain  # type: ignore[method-assign]


def _refusal(answer: Any) -> str:
    """What the service itself says against the message; ``""`` where it says nothing."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    code = next((told[name] for name in _CODES if name in told), 0)
    words = next((str(told[name]) for name in _WORDS if told.get(name)), "")
    return "" if code in (0, "0") else f"{words} ({code})" if words else str(code)


if __name__ == "__main__":
    raise SystemExit(main())

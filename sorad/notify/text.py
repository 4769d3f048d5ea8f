"""What is told, in words: a title and a body for a message of one or several things."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sorad.messages import N_, _, ngettext
from sorad.notify.memory import DONE, OVER, TROUBLE, WAITING, Item

# Telegram, the shortest of the usual ones, takes 4,096 characters. The rest is counted.
LONGEST = 3_000

_TITLES = {
    DONE: N_("sorad on {host}: done"),
    WAITING: N_("sorad on {host}: something waits for you"),
    TROUBLE: N_("sorad on {host}: trouble"),
    OVER: N_("sorad on {host}: over"),
}
# As apprise calls them: most services show a colour or a sign for it.
_MOODS = {TROUBLE: "failure", WAITING: "warning", DONE: "success", OVER: "success"}


class Message(NamedTuple):
    """``mood``: failure, warning, success or info."""

    title: str
    body: str
    mood: str


def message(items: Sequence[Item], host: str) -> Message:
    """All of them in one message, in the language in force."""
    kinds = {item.kind for item in items}
    title = _TITLES[items[0].kind] if len(kinds) == 1 else N_("sorad on {host}: news")
    mood = next(mood for kind, mood in _MOODS.items() if kind in kinds)
    body, left = "", len(items)
    for item in items:
        text = _text(item)
        if body and len(body) + len(text) > LONGEST:
            more = ngettext("… and {count} more: `sorad status`", "… and {count} more: `sorad status`", left)
            body += "\n\n" + more.format(count=left)
            break
        body, left = f"{body}\n\n{text}" if body else text[:LONGEST], left - 1
    return Message(_(title).format(host=host), body, mood)


def test_message(host: str) -> Message:
    """What `sorad notify --test` sends."""
    return Message(
        _("sorad on {host}: a test").format(host=host), _("If you read this, messages reach you."), "info"
    )


def _text(item: Item) -> str:
    if item.kind == OVER:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(item.at))
        return _("This is over (it was told at {since}): {text}").format(
            since=since, text=item.problem.text()
        )
    fix = item.problem.fix_text()
    return f"{item.problem.text()}\n{fix}" if fix else item.problem.text()

"""The commands, as a table, and the parser of each. A command's module is loaded only where it is asked for."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from sorad.cli.shared.arguments import Parser, common_options
from sorad.messages import N_

WORK, LOOK, CONTROL, SETUP = N_("The main job"), N_("Looking"), N_("Control"), N_("Set-up")


class Row(NamedTuple):
    """A command: the module that has ``add``, its group in the help, and what it does, in 26 or 66 columns."""

    module: str
    group: str
    help: str


COMMANDS: dict[str, Row] = {
    "demo": Row("work.demo", WORK, N_("see it work on a simulator")),
    "run": Row("work.run", WORK, N_("run the daemon right here")),
    "once": Row("work.once", WORK, N_("do what is there, then end")),
    "plan": Row("work.plan", WORK, N_("what would be bought")),
    "status": Row("look.status", LOOK, N_("is it well, what needs you")),
    "list": Row("look.list", LOOK, N_("the takes")),
    "show": Row("look.show", LOOK, N_("one take and its history")),
    "sheet": Row("look.sheet", LOOK, N_("a picture with all takes")),
    "gallery": Row("look.gallery", LOOK, N_("a page with all takes")),
    "open": Row("look.open", LOOK, N_("show where a video is")),
    "note": Row("control.note", LOOK, N_("write a note anew")),
    "export": Row("work.export", LOOK, N_("for an editing program")),
    "cut": Row("work.cut", LOOK, N_("all in one video")),
    "spend": Row("look.spend", LOOK, N_("what was spent")),
    "log": Row("look.log", LOOK, N_("the log")),
    "retry": Row("control.takes", CONTROL, N_("try failed takes again")),
    "cancel": Row("control.takes", CONTROL, N_("drop takes not bought yet")),
    "redo": Row("control.takes", CONTROL, N_("buy one more of a segment")),
    "retarget": Row("control.retarget", CONTROL, N_("have it made elsewhere")),
    "approve": Row("control.takes", CONTROL, N_("release what waits for it")),
    "choose": Row("control.choose", CONTROL, N_("choose among the takes")),
    "resolve": Row("control.resolve", CONTROL, N_("tell what became of a take")),
    "pause": Row("control.buying", CONTROL, N_("buy nothing for now")),
    "resume": Row("control.buying", CONTROL, N_("buy again")),
    "scan": Row("control.buying", CONTROL, N_("look at the folders now")),
    "init": Row("setup.init", SETUP, N_("set it up by questions")),
    "service": Row("setup.service", SETUP, N_("run it as a service")),
    "doctor": Row("setup.doctor", SETUP, N_("check everything around it")),
    "notify": Row("setup.notify", SETUP, N_("send a test message")),
    "providers": Row("look.providers", LOOK, N_("keys, models and prices")),
    "validate": Row("setup.validate", SETUP, N_("check storyboards")),
    "schema": Row("setup.schema", SETUP, N_("print their JSON Schema")),
    "convert": Row("setup.convert", SETUP, N_("a note or table as JSON")),
    "simulate": Row("setup.simulate", SETUP, N_("serve a simulated API")),
    "claim": Row("control.claim", SETUP, N_("buy here in a synced vault")),
    "completion": Row("setup.completion", SETUP, N_("complete words with TAB")),
}


def add_command(parser: Parser, name: str) -> dict[str, Parser]:
    """Declare one command (and those of its module); the parsers by command."""
    rows = parser.add_subparsers(dest="command", prog="sorad", parser_class=Parser)
    importlib.import_module(f"sorad.cli.{COMMANDS[name].module}").add(rows, [common_options()])
    return rows.choices


def parser_of(name: str) -> Parser:
    """The parser of one command alone."""
    return add_command(Parser(prog="sorad"), name)[name]


def command_of(words: list[str]) -> str | None:
    """The first word that is neither an option nor the value of one."""
    rest = iter(words)
    for word in rest:
        if word in ("--lang", "--config"):
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None

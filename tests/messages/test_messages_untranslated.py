"""What people read goes through the catalog: found in the source, so that no text is missed by being rare."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from pathlib import Path

import pytest
from message_sinks import in_package, sentences, untranslated

import sorad
from sorad.cli.shared import arguments

PACKAGE = Path(sorad.__file__).parent

# Given to a sink in one language on purpose.
ON_PURPOSE = {
    "sorad/cli/setup/init.py": {"语言 / Language"},  # asked before there is a language
    "sorad/messages/catalog.py": None,  # a tool for developers
}
# Sentences that are no messages of sorad's, by file, with what they are; None: all of the file.
NO_MESSAGES: dict[str, tuple[str, re.Pattern[str] | None]] = {
    "claim/note.py": ("a note in the vault, in both languages at once", None),
    "cli/setup/completion.py": ("shell scripts", None),
    "http/": ("for programs: metrics and their servers", None),
    "ledger/": ("what SQLite says; mistakes of the program", None),
    "messages/catalog.py": ("a tool for developers", None),
    "providers/answers/video_urls.py": ("names in answers", None),
    "providers/answers/statuses.py": ("names and words in answers", None),
    "providers/creates/web_pages.py": ("patterns of what pages say", None),
    "providers/creates/proof.py": ("patterns of what providers say", None),
    "providers/errors/reasons.py": ("patterns of what providers say", None),
    "providers/errors/refusals.py": ("patterns of what providers say", None),
    "service/render.py": ("comments in a unit, whose reader speaks systemd", None),
    "service/launchd.py": ("patterns of what launchctl says", None),
    "storyboard/tables/headers.py": ("headers of tables", None),
    "storyboard/tables/cells.py": ("what people write in cells", None),
    "media/inspection.py": ("a cause", re.compile("no picture")),
    "media/pictures.py": ("a cause", re.compile("no picture")),
    "media/joining.py": ("a cause", None),
    "export/otio.py": ("a command", re.compile("-m pip install")),
    "media/questions.py": ("a command", re.compile("pip install")),
    "simulator/": ("what a provider says", None),
    "storyboard/schema.py": ("prompts of an example", re.compile("A lighthouse|opens the door")),
    "storyboard/json_text.py": ("patterns of what the parser says", None),
    "storyboard/names.py": ("names that people give to fields", None),
    "vault/names.py": ("patterns of file names", None),
    "vault/observer.py": ("what the watcher says", None),
    # the name of a step in a take's history, and the cause beside a whole sentence, as systems give it
    "cli/look/show.py": ("a note of the history", re.compile("too many creates")),
    "engine/steps/submit.py": ("a note of the history", re.compile("too many creates")),
    "daemon/threads.py": ("a cause", re.compile("the thread had died|nobody asked it to")),
    "files/digest.py": ("a cause", re.compile("became shorter")),
    "files/copying.py": ("a cause", re.compile("the file changed")),
    "notify/sender.py": ("a command", re.compile("-m pip install")),
    "notify/send.py": ("a cause", re.compile("apprise|Errno")),
    "cli/setup/service.py": ("a command", re.compile("^sorad service uninstall$")),
    "service/host.py": ("a cause", re.compile("no answer in")),
    "service/systemd.py": ("a command", re.compile("systemctl start")),
    "layout.py": ("a mistake of the program", re.compile("centralized without")),
    "engine/steps/rescue.py": ("a mistake of the program", re.compile("shelves never end")),
    "vault/watch.py": ("a mistake of the program", re.compile("a thread of the old watcher")),
}


def test_nothing_is_shown_to_people_that_is_not_marked():
    found = []
    for line in in_package(PACKAGE):
        file, _number, text = line.split(":", 2)
        allowed = ON_PURPOSE.get(file, set())
        if allowed is not None and ast.literal_eval(text.strip()) not in allowed:
            found.append(line)
    assert not found, "wrap these in _() or N_():\n" + "\n".join(found)


def test_no_sentence_anywhere_was_forgotten():
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        excuses = [pattern for place, (_what, pattern) in NO_MESSAGES.items() if name.startswith(place)]
        for line, text in sentences(file.read_text("utf-8")):
            if not any(pattern is None or pattern.search(text) for pattern in excuses):
                found.append(f"sorad/{name}:{line}: {text!r}")
    assert not found, "wrap these in _() or N_(), or say in NO_MESSAGES what they are:\n" + "\n".join(found)


def test_every_excuse_is_needed():
    """A file that was mended or moved takes its excuse along."""
    for place, (_what, pattern) in NO_MESSAGES.items():
        files = [
            file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).as_posix().startswith(place)
        ]
        texts = [text for file in files for _line, text in sentences(file.read_text("utf-8"))]
        assert any(pattern is None or pattern.search(text) for text in texts), place


@pytest.mark.parametrize(
    "source",
    [
        'print("Nothing to do")',
        'say(f"the file {name} is gone")',
        'common.complain("Alas: " + reason)',
        'Problem("a.b", "This is wrong", N_("Mend it"))',
        'Problem("a.b", N_("This is wrong"), fix="Mend it")',
        'parser.add_argument("--x", help="what it does")',
        'parser.add_argument("--x", help=_("a") if y else "what it does")',
        'rows.add_parser("x", description="What it does. " + more)',
        'logger.opt(exception=error).warning("the disk is full: {}", x)',
        'logger.info("started")',
        'choose(_("Which?"), {"a": "the first"})',
        'say("  ".join(["not", "translated"]))',
        'sys.stderr.write("没有翻译")',
        'Row("status", LOOK, "is it alive")',
    ],
)
def test_a_forgotten_mark_is_found(source):
    assert untranslated(source)


@pytest.mark.parametrize(
    "source",
    [
        'print(_("Nothing to do"))',
        'say(f"  sorad {command}{option}  # {what}")',
        'Problem("a.b", N_("This is wrong"), "{mend}", {"reason": "the cause"})',
        'say(names["the key"])',
        'logger.info(_("started"))',
        'say(_("{a} of {b}").format(a=1, b="sorad run --config x"))',
    ],
)
def test_what_is_marked_or_no_language_is_left_alone(source):
    assert not untranslated(source)


def test_argparse_says_nothing_that_the_catalog_does_not_hold():
    """What this Python's argparse passes to gettext is in our list of its sentences, or never comes out here."""
    # mistakes of the program, and what no command of ours has: versions, files as types, aliases, deprecation
    unseen = re.compile(
        r"\.__call__\(\) not defined|unknown parser|argument \"-\" with mode|can't open|cannot merge actions"
        r"|mutually exclusive arguments must|conflicting|show program's version|%r is not callable|dest= is required"
        r"|invalid option string|'required' is an invalid|invalid conflict_resolution|cannot have multiple"
        r"|subcommands$|.* is deprecated|%\(prog\)s: warning"
    )
    said = set()
    for node in ast.walk(ast.parse(inspect.getsource(argparse))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "ngettext")
        ):
            said.update(
                one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )
    assert "usage: " in said
    known = set(arguments._ARGPARSE)
    assert [text for text in said - known if not unseen.match(text)] == []

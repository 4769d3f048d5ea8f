"""`sorad init`: writes a first config, by a few questions or from flags, and offers to start sorad for good.

All questions come before anything is written: whoever stops at one of them has changed nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.setup import first_run, questions, try_key
from sorad.cli.shared.ask import choose, say
from sorad.cli.shared.common import INTERRUPTED, OK, PROBLEMS
from sorad.config.vendors import ABROAD, CHINA, VENDORS
from sorad.messages import LANGUAGES, N_, _, language, set_language
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.config.template import Answers

_KINDS = ("sora_hk", *VENDORS, "openai_videos", "simulator")


@dataclass(frozen=True)
class Plan:
    """What is to be done. ``answers`` is ``None`` where the config that is there stays."""

    answers: Answers | None
    key: str = ""
    start: str = first_run.NO
    example: bool = False


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "init",
        parents=common,
        help=_("set it up by questions"),
        description=_(
            "Finds your vaults, asks a few questions, checks the key with a free call, writes a config and offers "
            "to start sorad at every login. With --yes it asks nothing."
        ),
    )
    parser.add_argument(
        "--path", metavar=_("FOLDER"), action="append", help=_("a folder to watch; may be repeated")
    )
    parser.add_argument(
        "--provider",
        choices=_KINDS,
        metavar=_("KIND"),
        help=_("the API that generates: {kinds}").format(kinds=", ".join(_KINDS)),
    )
    parser.add_argument(
        "--region", choices=(CHINA, ABROAD), help=_("where the account is, of a provider with two places")
    )
    parser.add_argument("--base-url", metavar="URL", help=_("its address, where it is not the usual one"))
    parser.add_argument("--model", metavar=_("NAME"), help=_("the model; openai_videos needs one"))
    parser.add_argument("--seconds", metavar="4,8,12", help=_("the lengths on offer, for openai_videos"))
    parser.add_argument("--key-env", metavar=_("NAME"), help=_("the variable that holds the key"))
    parser.add_argument("--key-file", metavar=_("FILE"), help=_("a file that holds the key alone"))
    parser.add_argument("--per-day", metavar=_("AMOUNT"), help=_("what may be spent in a day (0: no limit)"))
    parser.add_argument("--no-check", action="store_true", help=_("do not ask the provider about the key"))
    flag = argparse.BooleanOptionalAction
    parser.add_argument("--service", action=flag, help=_("start it now and at every login, or do not ask"))
    parser.add_argument("--example", action=flag, help=_("put an example storyboard there, or do not ask"))
    parser.add_argument("--yes", "-y", action="store_true", help=_("ask nothing"))
    parser.add_argument(
        "--force", action="store_true", help=_("replace a config; the old one is kept as .bak")
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Ask, write, start, and say what comes next."""
    from sorad.config.load import default_config_path

    named = args.config or os.environ.get("SORAD_CONFIG")
    target = Path(named).expanduser().absolute() if named else default_config_path()
    if args.yes or not sys.stdin.isatty():
        plan = _from_flags(args, target)
    else:
        try:
            plan = _ask(args, target)
        except (EOFError, KeyboardInterrupt):
            say("")
            say(_("Stopped; nothing was written."))
            return INTERRUPTED
    return _do(plan, target, named=bool(args.config))


def _do(plan: Plan, target: Path, *, named: bool) -> int:
    from sorad.config.load import load
    from sorad.config.template import render
    from sorad.config.write import write_config

    if plan.answers is not None:
        write_config(target, render(plan.answers), plan.answers.api_key_file, plan.key)
        say("")
        say(_("The config is written: {path}").format(path=target))
    config = load(target)
    _say_key_troubles(target)
    runs = plan.start == first_run.RUNS
    try:
        if plan.start in (first_run.LOGIN, first_run.MACHINE):
            runs = first_run.start_service(target, plan.start)
        if plan.example:
            from sorad.providers import capabilities_of

            first_run.write_example(config.watch[0].path, capabilities_of(config.provider).seconds[0])
    except KeyboardInterrupt:
        say("")
        say(_("Stopped. The config is there; `sorad service install` and `sorad status` go on from here."))
        return INTERRUPTED
    first_run.next_steps(config, first_run.option_for(target, named=named), runs=runs)
    return OK if runs or plan.start == first_run.NO else PROBLEMS


def _say_key_troubles(target: Path) -> None:
    from sorad.config.key import KeySource
    from sorad.config.load import load

    key = KeySource(load(target).provider)
    try:
        key()
        problems = key.warnings()
    except SoradError as error:
        problems = (error.problem,)
    for problem in problems:
        say(str(problem))


# --- from flags -------------------------------------------------------------------------------------------


def _from_flags(args: argparse.Namespace, target: Path) -> Plan:
    """What the flags say; :class:`SoradError` that names the missing ones, or tells of a refused key."""
    if target.exists() and not args.force:
        raise questions.error(
            "init.exists",
            N_("There is a config already: {path}"),
            N_("Edit it, or let sorad init --force write a new one; the old one is kept as {path}.bak."),
            path=str(target),
        )
    kind = args.provider or "sora_hk"
    missing = _missing_flags(args, kind)
    if missing:
        raise questions.error(
            "init.flags",
            N_("sorad init asks nothing here and needs {flags}."),
            N_("For example: sorad init --yes --path ~/Documents/Vault"),
            flags=", ".join(missing),
        )
    answers = _answers(args, kind)
    if not args.no_check:
        _check(answers)
    start = first_run.ask_start(True) if args.service else first_run.NO
    return Plan(answers, "", start, bool(args.example))


def _missing_flags(args: argparse.Namespace, kind: str) -> list[str]:
    needed = {"--path": args.path}
    if kind == "openai_videos":
        needed.update({"--base-url": args.base_url, "--model": args.model, "--seconds": args.seconds})
    if kind in VENDORS and not VENDORS[kind].model:
        needed["--model"] = args.model
    return [flag for flag, value in needed.items() if not value]


def _answers(args: argparse.Namespace, kind: str) -> Answers:
    """What the questions would have brought; :class:`SoradError` for a flag that cannot be understood."""
    from sorad.config.template import Answers

    return Answers(
        paths=tuple(dict.fromkeys(questions.folder(path) for path in args.path)),
        language=_language(args) or "auto",
        kind=kind,
        base_url=args.base_url or "",
        model=args.model or "",
        seconds=questions.lengths(args.seconds) if args.seconds else (),
        api_key_env=args.key_env or questions.usual_variable(kind),
        api_key_file=Path(args.key_file).expanduser().absolute() if args.key_file else None,
        per_day=questions.amount(args.per_day or "0"),
        region=args.region or "",
    )


def _check(answers: Answers) -> None:
    """Ask the provider about a key that can be found; :class:`SoradError` where it refuses it."""
    from sorad.config.key import KeySource

    config = try_key.provider_config(answers)
    try:
        key = KeySource(config)()
    except SoradError:
        return  # that there is none yet is told once the config is written
    verdict = try_key.look(config, key)
    if verdict.refused and verdict.fault is not None and answers.kind != "simulator":
        raise SoradError(
            Problem(
                "init.key",
                N_("{reason} Nothing was written."),
                N_("Give another key, or add --no-check to write the config all the same."),
                {"reason": verdict.fault.problem.text()},
            )
        )
    try_key.report(verdict, answers.kind, questions.address(config))


def _language(args: argparse.Namespace) -> str:
    """What ``--lang`` says, or ``""``."""
    choice = getattr(args, "lang", None)
    return choice if choice in LANGUAGES else ""


# --- by questions -----------------------------------------------------------------------------------------


def _ask(args: argparse.Namespace, target: Path) -> Plan:
    """The answers of the person at the terminal. ``EOFError`` and ``KeyboardInterrupt`` where they stop."""
    from sorad.config.template import Answers

    if target.exists() and not args.force:
        kept = _keep(args, target)
        if kept is not None:
            return kept
    choice = _language(args)
    if not choice:
        first = language()  # what the system speaks
        names = {"zh": "中文", "en": "English"}
        choice = choose("语言 / Language", {first: names[first], **names})
    set_language(choice)
    say(_("A few questions; Ctrl+C at any of them leaves everything as it is."))
    paths = (
        tuple(dict.fromkeys(questions.folder(path) for path in args.path))
        if args.path
        else questions.folders()
    )
    found = questions.provider(args, target.parent)
    per_day = questions.per_day(args.per_day, found)
    waits = args.service is None and questions.say_what_waits(paths, found)
    start = first_run.ask_start(args.service, careful=waits)
    key, file = found.key, found.api_key_file
    if start != first_run.NO and found.from_shell:
        file, key = questions.key_for_service(target.parent, found)
    example = first_run.ask_example(args.example, paths[0], found.price, free=found.kind == "simulator")
    answers = Answers(
        paths,
        choice,
        found.kind,
        found.base_url,
        found.model,
        found.seconds,
        found.api_key_env,
        file,
        per_day,
        found.region,
    )
    return Plan(answers, key, start, example)


def _keep(args: argparse.Namespace, target: Path) -> Plan | None:
    """What to do where a config is there: keep it and go on, or ``None`` for a new one."""
    from sorad.config.errors import ConfigError
    from sorad.config.load import load

    say(_("There is a config already: {path}").format(path=target))
    new = _("write a new one; the old one is kept as {path}.bak").format(path=target)
    try:
        config = load(target)
    except ConfigError as error:
        say(str(error))
        if choose(_("It has a mistake. What now?"), {"stop": _("stop; I mend it"), "new": new}) == "stop":
            raise EOFError from None
        return None
    for watch in config.watch:
        say("  " + _("it watches {folder}").format(folder=watch.path))
    say("  " + _("it buys from {kind}").format(kind=config.provider.kind))
    options = {"keep": _("keep it: check the key, and go on to the service"), "new": new, "stop": _("stop")}
    what = choose(_("What now?"), options)
    if what == "stop":
        raise EOFError
    if what == "new":
        return None
    price = "" if args.no_check else questions.check_config(config.provider)
    waits = args.service is None and questions.say_what_config_waits(config, priced=bool(price))
    start = first_run.ask_start(args.service, careful=waits, kept=True)
    folder, free = config.watch[0].path, config.provider.kind == "simulator"
    return Plan(None, "", start, first_run.ask_example(args.example, folder, price, free=free))

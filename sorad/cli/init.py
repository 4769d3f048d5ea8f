"""`sorad init`: writes a first config, by a few questions or from flags."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.ask import choose, line, say, until_good
from sorad.messages import LANGUAGES, N_, _, set_language
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.config.template import Answers

_KINDS = ("sora_hk", "openai_videos", "simulator")
_USAGE = 2


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "init",
        parents=common,
        help=_("write a first config, by a few questions"),
        description=_(
            "Finds your vaults, asks a few questions and writes a config; with --yes it asks nothing."
        ),
    )
    parser.add_argument(
        "--path", metavar=_("FOLDER"), action="append", help=_("a folder to watch; may be repeated")
    )
    parser.add_argument("--provider", choices=_KINDS, help=_("the API that generates"))
    parser.add_argument("--base-url", metavar="URL", help=_("its address, where it is not the usual one"))
    parser.add_argument("--model", help=_("the model, for openai_videos"))
    parser.add_argument("--seconds", metavar="4,8,12", help=_("the lengths on offer, for openai_videos"))
    parser.add_argument("--key-env", metavar=_("NAME"), help=_("the variable that holds the key"))
    parser.add_argument("--key-file", metavar=_("FILE"), help=_("a file that holds the key alone"))
    parser.add_argument("--yes", "-y", action="store_true", help=_("ask nothing"))
    parser.add_argument(
        "--force", action="store_true", help=_("replace a config; the old one is kept as .bak")
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Ask, write, check, and say what comes next."""
    from sorad.config.load import default_config_path

    named = args.config or os.environ.get("SORAD_CONFIG")
    target = Path(named).expanduser().absolute() if named else default_config_path()
    if target.exists() and not args.force:
        raise _error(
            "init.exists",
            N_("There is a config already: {path}"),
            N_("Edit it, or let sorad init --force write a new one; the old one is kept as {path}.bak."),
            path=str(target),
        )
    if args.yes or not sys.stdin.isatty():
        answers, key = _from_flags(args), ""
    else:
        try:
            answers, key = _ask(args, target.parent)
        except EOFError:
            say(_("Stopped; nothing was written."))
            return 130
    _write(target, answers, key)
    _next_steps(target, f" --config {shlex.quote(str(target))}" if args.config else "")
    return 0


def _from_flags(args: argparse.Namespace) -> Answers:
    """The answers that the flags give; :class:`SoradError` that names the missing ones."""
    from sorad.config.template import Answers

    kind = args.provider or "sora_hk"
    needed = [("--path", args.path)]
    if kind == "openai_videos":
        needed += [("--base-url", args.base_url), ("--model", args.model), ("--seconds", args.seconds)]
    missing = [flag for flag, value in needed if not value]
    if missing:
        raise _error(
            "init.flags",
            N_("sorad init asks nothing here and needs {flags}."),
            N_("For example: sorad init --yes --path ~/Documents/Vault"),
            flags=", ".join(missing),
        )
    return Answers(
        paths=tuple(_folder(path) for path in args.path),
        language=_language(args) or "auto",
        kind=kind,
        base_url=args.base_url or "",
        model=args.model or "",
        seconds=_lengths(args.seconds) if args.seconds else (),
        api_key_env=args.key_env or "SORA_API_KEY",
        api_key_file=Path(args.key_file).expanduser().absolute() if args.key_file else None,
    )


def _ask(args: argparse.Namespace, folder: Path) -> tuple[Answers, str]:
    """The answers of the person at the terminal, and the key where it was pasted."""
    from sorad.config.template import Answers

    language = _language(args) or choose("语言 / Language", {"zh": "中文", "en": "English"})
    set_language(language)
    paths = tuple(_folder(path) for path in args.path) if args.path else _ask_folders()
    kind = args.provider or choose(
        _("Which API generates the videos?"),
        {
            "sora_hk": "api.sora.hk",
            "openai_videos": _("a gateway with the format of OpenAI's videos"),
            "simulator": _("the built-in simulator: costs nothing, for trying out"),
        },
    )
    base_url, model, seconds = args.base_url or "", args.model or "", args.seconds or ""
    if kind == "openai_videos":
        base_url = base_url or line(_("The address of the gateway, as in https://example.com/v1"))
        model = model or line(_("The name of the model"))
    lengths = _ask_lengths(seconds) if kind == "openai_videos" else ()
    name, file, key = _ask_key(args, folder) if kind != "simulator" else ("SORA_API_KEY", None, "")
    return Answers(paths, language, kind, base_url, model, lengths, name, file), key


def _language(args: argparse.Namespace) -> str:
    """What ``--lang`` says, or ``""``."""
    choice = getattr(args, "lang", None)
    return choice if choice in LANGUAGES else ""


def _ask_folders() -> tuple[Path, ...]:
    from sorad.config.obsidian import known_vaults

    vaults = known_vaults(Path.home(), os.environ)
    for number, vault in enumerate(vaults, 1):
        say(f"  {number}) {vault}")
    question = _("Which folders are watched? Numbers from above (1,2), or a path") if vaults else ""

    def chosen(answer: str) -> tuple[Path, ...]:
        numbers = re.findall(r"\d+", answer) if re.fullmatch(r"[\d,， ]+", answer) else []
        if vaults and numbers and all(1 <= int(number) <= len(vaults) for number in numbers):
            return tuple(vaults[int(number) - 1] for number in dict.fromkeys(numbers))
        return (_folder(answer),)

    return until_good(question or _("Which folder is watched?"), chosen, default="1" if vaults else "")


def _ask_lengths(given: str) -> tuple[int, ...]:
    if given:
        return _lengths(given)
    return until_good(_("The lengths in seconds that it offers"), _lengths, default="4,8,12")


def _ask_key(args: argparse.Namespace, folder: Path) -> tuple[str, Path | None, str]:
    """The variable's name, the key file if any, and the key that goes into it."""
    from sorad.config.key import clean_key

    name = args.key_env or "SORA_API_KEY"
    if args.key_env or args.key_file:
        return name, Path(args.key_file).expanduser().absolute() if args.key_file else None, ""
    file = folder / "api_key"
    how = choose(
        _("Where is the API key kept?"),
        {
            "file": _("pasted here, into a file that you alone can read: {path}").format(path=file),
            "env": _("in an environment variable"),
        },
    )
    if how == "env":
        return line(_("The name of the variable"), default=name), None, ""
    prompt = _("Paste the key (it is not shown): ")
    return (
        name,
        file,
        until_good("", lambda text: clean_key(text, _("the prompt")), ask=lambda: getpass.getpass(prompt)),
    )


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise _error(
            "init.folder", N_("There is no folder {path}."), N_("Name one that is there."), path=str(path)
        )
    return path


def _lengths(text: str) -> tuple[int, ...]:
    found = re.findall(r"\d+", text)
    if not found or not re.fullmatch(r"[\d,， ]+", text):
        raise _error(
            "init.seconds", N_("These are no lengths: {text}"), N_("Write them as in 4,8,12."), text=text
        )
    return tuple(int(number) for number in found)


def _write(target: Path, answers: Answers, key: str) -> None:
    """Put the config (and the key) there, whole or not at all, after it was read back without complaint."""
    from sorad.config.errors import ConfigError
    from sorad.config.load import load
    from sorad.config.template import render

    fresh = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_private(fresh, render(answers))
            load(fresh)
            if target.exists():
                shutil.copy2(target, target.with_name(f"{target.name}.bak"))
            if key and answers.api_key_file is not None:
                _write_private(answers.api_key_file, f"{key}\n")
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except ConfigError as error:  # it names a file that is gone by now
        raise ConfigError(
            [replace(found, params={**found.params, "place": str(target)}) for found in error.problems]
        ) from None
    except OSError as error:
        raise _error(
            "init.unwritable",
            N_("{path} cannot be written: {reason}."),
            N_("Choose another place with --config FILE."),
            path=str(target),
            reason=error.strerror or str(error),
        ) from None


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # the mode counts only for a new file
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _next_steps(target: Path, option: str) -> None:
    from sorad.config.key import KeySource
    from sorad.config.load import load

    say(_("The config is written: {path}").format(path=target))
    key = KeySource(load(target).provider)
    try:
        key()
        problems = key.warnings()
    except SoradError as error:
        problems = (error.problem,)
    for problem in problems:
        say(str(problem))
    say(_("What comes next:"))
    for command, what in (
        ("plan", _("what the storyboards there would buy, and for how much")),
        ("run", _("watch the folders and generate")),
        ("status", _("from another terminal: how it is going")),
    ):
        say(f"  sorad {command}{option}  # {what}")


def _error(code: str, message: str, fix: str, **params: str) -> SoradError:
    return SoradError(Problem(code, message, fix, params), exit_code=_USAGE)

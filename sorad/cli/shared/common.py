"""What the read and control commands share: where the state is, the ledger, output, a yes or no.

They do not load pydantic: of the config they need one key, and a config with a mistake elsewhere must not
keep anyone from looking or from pausing.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.ledger.place import ledger_path
from sorad.messages import N_, _
from sorad.plaintext import json_escaped, printable
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.ledger.sqlite import SqliteLedger

# Exit codes (design: Commands; sysexits.h).
OK, PROBLEMS, USAGE, NOT_RUNNING, SOFTWARE, CONFIG, INTERRUPTED, PIPE = 0, 1, 2, 3, 70, 78, 130, 141


# --- where things are -----------------------------------------------------------------------------------


def config_path(named: str | None) -> Path | None:
    """The config file in force, found as `sorad.config.load` finds it; one that is named may be missing."""
    named = named or os.environ.get("SORAD_CONFIG")
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    usual = Path(platformdirs.user_config_dir("sorad", appauthor=False)) / "config.toml"
    places = (usual, Path("~/.config/sorad/config.toml").expanduser())
    return next((path for path in places if path.is_file()), None)


def state_dir(args: argparse.Namespace) -> Path:
    """The ``state_dir`` in force. :class:`SoradError` (78) where the config cannot be read at all."""
    path = config_path(args.config)
    if path is None:
        return _usual_state_dir()
    named = _peek(path)
    if named is None:
        return _usual_state_dir()
    expanded = os.path.expandvars(os.path.expanduser(named))  # noqa: PTH111  (Path's raises without a home)
    if not expanded or expanded.startswith("~") or "$" in expanded:
        return _checked_state_dir(args)
    return Path(_placed(path, expanded))


def find_state_dir(args: argparse.Namespace) -> tuple[Path | None, Problem | None]:
    """The ``state_dir`` in force, and what is wrong with the config; ``None`` where it cannot be told.

    For who has to look all the same: a daemon goes on with the config that it read, whatever became of it.
    """
    try:
        return state_dir(args), None
    except SoradError as error:
        return _written_state_dir(args), error.problem


def _written_state_dir(args: argparse.Namespace) -> Path | None:
    """``state_dir`` in a config with a mistake in it, if that line can be read; ``None`` where it cannot."""
    path = config_path(args.config)
    try:
        head = path.read_text("utf-8-sig", "replace") if path else ""
    except OSError:
        return None
    import re

    top = re.split(r"(?m)^[ \t]*\[", head, maxsplit=1)[0]
    found = re.search(r"""(?m)^[ \t]*state_dir[ \t]*=[ \t]*["']([^"']+)["'][ \t]*(?:#.*)?$""", top)
    if found is None or path is None:
        return None if "state_dir" in top else _usual_state_dir()
    expanded = os.path.expandvars(os.path.expanduser(found[1]))  # noqa: PTH111
    if expanded.startswith("~") or "$" in expanded:
        return None
    return Path(_placed(path, expanded))


def _peek(path: Path) -> str | None:
    """``state_dir`` as it is written; ``""`` where only a full reading can tell what is wrong."""
    found = _toml(path)
    named = "" if found is None else found.get("state_dir")
    return named if named is None or isinstance(named, str) else ""


def watched_folders(args: argparse.Namespace) -> list[str]:
    """The watched folders that the config names, as far as it can be read at all."""
    path = config_path(args.config)
    tables = (_toml(path) or {}).get("watch") if path else None
    if path is None or not isinstance(tables, list):
        return []
    named = [table.get("path") for table in tables if isinstance(table, dict)]
    paths = [one for one in named if isinstance(one, str)]
    return [_placed(path, os.path.expandvars(os.path.expanduser(one))) for one in paths]  # noqa: PTH111


def provider_names(args: argparse.Namespace) -> list[str]:
    """What the providers are called that the config names, as far as it can be read at all; ``[]``: it cannot."""
    return list(_provider_tables(args))


def _provider_tables(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The tables of the providers, by their names."""
    path = config_path(args.config)
    read = _toml(path) if path else None
    if read is None:
        return {}
    told = read.get("provider", {})
    tables = [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, dict)]
    named = [((one.get("name") or one.get("kind", "sora_hk")), one) for one in tables]
    return {name: one for name, one in named if isinstance(name, str)}


def model_names(args: argparse.Namespace, provider: str | None) -> list[str]:
    """What the models are called of a provider of the config, or of a kind; of all where ``provider`` says none."""
    tables, path = _provider_tables(args), config_path(args.config)
    said = ((_toml(path) or {}) if path else {}).get("model")
    own = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    wanted = tables if provider is None else {provider: tables.get(provider, {})}
    names = [name for title, table in wanted.items() for name in _models_of(title, table, own)]
    return list(dict.fromkeys(names))


def _models_of(title: str, table: dict[str, Any], own: list[dict[str, Any]]) -> list[str]:
    """Of one provider, which ``table`` tells of: those of its table, those that come with sorad, and the user's own."""
    named = [table.get("model"), table.get("model_pro"), *_shipped_models(table.get("kind", title))]
    named += [one.get("name") for one in own if one.get("provider") in (None, "", title)]
    return [one for one in named if isinstance(one, str) and one]


def _shipped_models(kind: Any) -> list[str]:
    """The models of a kind that come with sorad, and that storyboards may name."""
    import sorad

    if (
        not isinstance(kind, str) or not kind.isidentifier() or kind == "sora_hk"
    ):  # has no names for storyboards
        return []
    rows = (_toml(Path(sorad.__path__[0]) / "providers" / f"{kind}.toml") or {}).get("model", [])
    return [one["name"] for one in rows if one["name"] != "*"]


def _placed(config: Path, name: str) -> str:
    """A path of the config: relative ones start at its folder."""
    return os.path.abspath(config.parent / name)  # noqa: PTH100  (resolve() would follow links)


def _toml(path: Path) -> dict[str, Any] | None:
    """What stands in a config; ``None`` where it cannot be read."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _usual_state_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("sorad", appauthor=False))


def _checked_state_dir(args: argparse.Namespace) -> Path:
    from sorad.config.load import find_config, load

    found = find_config(args.config, os.environ)
    return load(found, need_watch=False).state_dir if found is not None else _usual_state_dir()


def start_command(args: argparse.Namespace) -> str:
    """What starts a sorad that does not run: its service, where it is installed, or `sorad run`.

    ``""`` where there is no config to start it with.
    """
    path = config_path(args.config)
    if path is None:
        return ""
    from sorad.service.query import start_command

    found = start_command(path)
    return f"{found} --config {shlex.quote(args.config)}" if args.config and found == "sorad run" else found


def service_lacks(args: argparse.Namespace) -> list[Problem]:
    """What the service that is installed for the config calls and lacks."""
    path = config_path(args.config)
    if path is None:
        return []
    from sorad.service.query import lacking

    return lacking(path)


def open_ledger(folder: Path) -> SqliteLedger:
    """The ledger, beside the daemon. Raises as :meth:`SqliteLedger.attach` does."""
    from sorad.ledger.sqlite import SqliteLedger

    return SqliteLedger.attach(ledger_path(folder))


def no_take(number: int) -> SoradError:
    """A take that is not there."""
    return SoradError(
        Problem(
            "command.no_take",
            N_("There is no take {take}."),
            N_("`sorad list` shows their numbers."),
            {"take": number},
        )
    )


def storyboard_path(text: str) -> str:
    """A storyboard or folder as the ledger knows it."""
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111  (resolve() would follow links)


# --- output ---------------------------------------------------------------------------------------------


def say(text: str = "", *, flush: bool = False) -> None:
    """A line on stdout, or several."""
    print(printable(text), flush=flush)  # noqa: T201


def complain(problem: Problem | str) -> None:
    """What is wrong, and what to do about it, on stderr."""
    if isinstance(problem, str):
        text = problem
    else:
        fix = problem.fix_text()
        text = f"sorad: {problem.text()}" + (f"\n  {fix}" if fix else "")
    print(printable(text), file=sys.stderr)  # noqa: T201


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON that stdout can carry: as it is written where it can, else with escapes."""
    text = json_escaped(json.dumps(value, ensure_ascii=False, indent=indent))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def looked_at() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def asks() -> bool:
    """Whether a person sits there to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str, *, yes: bool) -> bool:
    """Ask before money goes out. Without a terminal, ``--yes`` is asked for instead."""
    if yes:
        return True
    if not asks():
        raise SoradError(
            Problem("command.confirm", N_("This may cost money, and nobody can be asked."), N_("Add --yes.")),
            exit_code=USAGE,
        )
    try:
        answer = input(f"{question} [y/N] ").strip().lower()
    except EOFError:
        answer = ""
    if answer in ("y", "yes", "是", "好", "对"):
        return True
    say(_("Nothing was done."))
    return False

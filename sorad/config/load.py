"""Find, read and check ``config.toml``. Whatever is wrong with it is told all at once."""

from __future__ import annotations

import copy
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from sorad.config.checks import findings, provider_at
from sorad.config.errors import ConfigError, Place, dotted, problem, problems_of
from sorad.config.lines import Loc, key_lines, line_of
from sorad.config.model import Config, Watch
from sorad.messages import LANGUAGES, N_, _
from sorad.problems import Problem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Raw = dict[str, Any]
Found = list[tuple[Loc, Problem]]

_PATHS = ("path", "output_dir", "state_dir", "api_key_file", "urls_file")


def default_config_path() -> Path:
    """Where ``sorad init`` writes: ``~/.config/sorad/config.toml`` on Linux."""
    return Path(platformdirs.user_config_dir("sorad", appauthor=False)) / "config.toml"


def find_config(explicit: str | None, env: Mapping[str, str]) -> Path | None:
    """The config file in force: ``--config``, ``$SORAD_CONFIG``, the platform's folder, ``~/.config``.

    ``None`` where there is none. :class:`ConfigError` when one was named that does not exist.
    """
    for named, source in ((explicit, "--config"), (env.get("SORAD_CONFIG"), "$SORAD_CONFIG")):
        if named:
            path = Path(named).expanduser().absolute()
            if not path.is_file():
                raise ConfigError([_missing(path, source)])
            return path
    places = (default_config_path(), Path("~/.config/sorad/config.toml").expanduser())
    return next((path for path in places if path.is_file()), None)


def load(path: Path, *, need_watch: bool = True) -> Config:
    """The config at ``path``, checked, its paths absolute.

    ``need_watch=False`` takes one without ``[[watch]]``, for commands that are given a folder. Raises
    :class:`ConfigError` (exit code 78) that carries every problem found.
    """
    text = _read(path)
    raw = _parse(text, path)
    lines = key_lines(text)

    def place(loc: Loc) -> str:
        line = line_of(lines, loc)
        return f"{path}:{line}" if line else str(path)

    config, found = _validate(raw, place)
    config, bad_paths = _settled(config, path.absolute().parent, place)
    found += bad_paths
    found += _unfit(config, found, place)
    if need_watch and not config.watch and not _touched(("watch",), found):
        found.append((("watch",), _nothing_watched(path)))
    if found:
        found.sort(key=lambda item: line_of(lines, item[0]))
        mistaken = frozenset(str(loc[0]) for loc, _problem in found)
        raise ConfigError([problem for _loc, problem in found], path, config, mistaken)
    return config


def without_file(
    input_dir: Path,
    output_mode: str = "in_place",
    output_dir: Path | None = None,
    *,
    base: Config | None = None,
) -> Config:
    """A config that watches ``input_dir`` alone, for ``sorad once``; all else as in ``base`` or the defaults.

    Paths are relative to the working folder. Raises :class:`ConfigError`.
    """
    here = Path.cwd()
    watch = {"path": str(input_dir), "output_mode": output_mode, "output_dir": output_dir and str(output_dir)}

    def place(loc: Loc) -> str:
        return dotted(loc)

    try:
        checked = Watch.model_validate_json(json.dumps(watch), strict=True)
    except ValidationError as error:
        raise ConfigError([problem for _loc, problem in problems_of(error, place)]) from None
    config, found = _settled((base or Config()).model_copy(update={"watch": (checked,)}), here, place)
    found += _unfit(config, found, place)
    if found:
        raise ConfigError([problem for _loc, problem in found])
    return config


def peek_language(path: Path | None) -> str:
    """``language`` of a config that may be broken elsewhere, to tell its errors in it; else ``"auto"``."""
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig")) if path else {}
    except (OSError, ValueError, RecursionError):
        return "auto"
    choice = raw.get("language")
    return str(choice) if choice in LANGUAGES else "auto"


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([_unreadable(path, error)]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(path, data.count(b"\n", 0, error.start) + 1)]) from None


def _parse(text: str, path: Path) -> Raw:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_not_toml(path, str(error), text)]) from None
    except RecursionError:
        raise ConfigError([_not_toml(path, _("too many brackets inside each other"), text)]) from None


def _validate(raw: Raw, place: Place) -> tuple[Config, Found]:
    """The config with every bad key left out, so that the others can be checked as well, and what was bad."""
    found = list(_unusable(raw, (), place))
    usable = _without(raw, found)
    for whole in (False, True):
        try:
            return _model(usable), found
        except ValidationError as error:
            fresh = problems_of(error, place)
            known = {loc for loc, _problem in found}
            found += [(loc, problem) for loc, problem in fresh if loc not in known]
            usable = _without(usable, fresh, whole=whole)
    return _model(usable), found


def _model(raw: Raw) -> Config:
    # JSON's strict mode takes a text for a path and a list for a tuple, but never "3" or true for 3
    return Config.model_validate_json(json.dumps(raw, default=str), strict=True)


def _without(raw: Raw, found: Found, *, whole: bool = False) -> Raw:
    """A copy without the keys in ``found``; ``whole``: without the tables at the top that they stand in."""
    kept: Raw = copy.deepcopy(raw)
    for loc, _problem in found:
        end = 0 if whole else max(index for index, part in enumerate(loc) if isinstance(part, str))
        holder: Any = kept
        for part in loc[:end]:
            try:
                holder = holder[part]
            except (KeyError, IndexError, TypeError):
                break
        if isinstance(holder, dict):
            holder.pop(loc[end], None)
    return kept


def _unusable(value: object, loc: Loc, place: Place) -> Iterator[tuple[Loc, Problem]]:
    """What the types let through: endless numbers, and empty paths, which would mean this file's folder."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unusable(inner, (*loc, key), place)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unusable(inner, (*loc, number), place)
    elif isinstance(value, float) and not math.isfinite(value):
        yield loc, problem("finite_number", loc, value, place)
    elif value == "" and loc[-1] in _PATHS:
        yield loc, problem("empty_path", loc, value, place)


def _settled(config: Config, folder: Path, place: Place) -> tuple[Config, Found]:
    """``config`` with absolute paths; a safe limit that no one wrote follows the one that was written."""
    found: Found = []

    def path_of(loc: Loc, path: Path | None) -> Path | None:
        if path is None:
            return None
        expanded = os.path.expandvars(os.path.expanduser(path))  # noqa: PTH111  (Path's raises without a home)
        unset = re.search(r"\$(\w+|\{[^}]*\})", expanded)
        if unset:
            found.append((loc, problem("unset_variable", loc, str(path), place, variable=unset[0])))
        elif expanded.startswith("~") or "\0" in expanded:
            found.append((loc, problem("bad_path", loc, str(path), place)))
        usable = expanded.replace("\0", "?")  # what was found is told with all else that is wrong
        return Path(os.path.abspath(folder / usable))  # noqa: PTH100  (resolve() would follow links)

    watches = tuple(
        watch.model_copy(
            update={
                "path": path_of(("watch", number, "path"), watch.path),
                "output_dir": path_of(("watch", number, "output_dir"), watch.output_dir),
            }
        )
        for number, watch in enumerate(config.watch)
    )
    providers = tuple(
        one.model_copy(
            update={"api_key_file": path_of((*provider_at(config, number), "api_key_file"), one.api_key_file)}
        )
        for number, one in enumerate(config.providers)
    )
    urls_file = path_of(("notify", "urls_file"), config.notify.urls_file)
    pictures = tuple(
        path_of(("storyboards", "picture_folders", number), path)
        for number, path in enumerate(config.storyboards.picture_folders)
    )
    limits = config.limits
    if "safe_concurrency" not in limits.model_fields_set:
        limits = limits.model_copy(
            update={"safe_concurrency": min(limits.safe_concurrency, limits.concurrency)}
        )
    update = {
        "state_dir": path_of(("state_dir",), config.state_dir),
        "watch": watches,
        "provided": providers if isinstance(config.provided, tuple) else providers[0],
        "storyboards": config.storyboards.model_copy(update={"picture_folders": pictures}),
        "limits": limits,
        "notify": config.notify.model_copy(update={"urls_file": urls_file}),
    }
    return config.model_copy(update=update), found


def _unfit(config: Config, found: Found, place: Place) -> Found:
    """What does not fit together, without what may only be so because a bad key was left out."""
    return [
        (
            finding.loc,
            Problem(
                finding.code,
                finding.message,
                finding.fix,
                {"place": place(finding.loc), "key": dotted(finding.loc), **finding.params},
            ),
        )
        for finding in findings(config)
        if not any(_touched(loc, found) for loc in (finding.loc, *finding.also))
    ]


def _touched(loc: Loc, found: Found) -> bool:
    """Whether something bad was found at ``loc``, around it or inside it."""
    return any(loc[: len(bad)] == bad[: len(loc)] for bad, _problem in found)


def _missing(path: Path, source: str) -> Problem:
    if path.is_dir():
        return Problem(
            "config.folder",
            N_("{path}, which {source} names, is a folder."),
            N_("Name the file in it, as in {path}/config.toml."),
            {"path": str(path), "source": source},
        )
    return Problem(
        "config.not_found",
        N_("There is no configuration file {path}, which {source} names."),
        N_("Correct {source}, or write the file with sorad init."),
        {"path": str(path), "source": source},
    )


def _nothing_watched(path: Path) -> Problem:
    return Problem(
        "config.nothing_watched",
        N_("{path}: no folder is watched."),
        N_('Add a line [[watch]], and below it path = "…"; or let sorad init write the file.'),
        {"path": str(path)},
    )


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        "config.unreadable",
        N_("{path} cannot be read: {reason}."),
        N_("Check that the file is there and that you may read it."),
        {"path": str(path), "reason": error.strerror or str(error)},
    )


def _not_utf8(path: Path, line: int) -> Problem:
    return Problem(
        "config.encoding",
        N_("{place}: this is not UTF-8 text."),
        N_("Save the file as UTF-8 in your editor."),
        {"place": f"{path}:{line}"},
    )


def _not_toml(path: Path, said: str, text: str) -> Problem:
    """A syntax error, as ``tomllib`` says it: ``Invalid value (at line 3, column 8)``."""
    where = re.search(r"\(at line (\d+), column (\d+)\)", said)
    line, column = (int(where[1]), int(where[2])) if where else (text.count("\n") + 1, 1)
    if "\\" in said or "hex" in said:
        fix = N_("In double quotes a backslash is written twice; in single quotes it is written as it is.")
    elif "twice" in said or "overwrite" in said or "mutate" in said:
        fix = N_("It stands there already, further up. Keep one of the two.")
    else:
        fix = N_("Texts stand in quotes, true and false in small letters, lists in brackets.")
    return Problem(
        "config.syntax",
        N_("{place}: this line cannot be read ({reason})."),
        fix,
        {"place": f"{path}:{line}:{column}", "reason": re.sub(r" \(at [^)]*\)$", "", said)},
    )

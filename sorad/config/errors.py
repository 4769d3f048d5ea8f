"""What is wrong with a config, in sentences: where it stands, what was found, what is allowed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from sorad.config.lines import Loc
from sorad.config.model import ONE, SEVERAL, Config, Section
from sorad.masking import MASK, mask
from sorad.messages import N_, _
from sorad.problems import EX_CONFIG, Param, Problem, SoradError

Place = Callable[[Loc], str]  # "config.toml:12" for a key


class ConfigError(SoradError):
    """A config that cannot be used: all of its problems at once, in the order of the file.

    ``rest`` is what can be read of it, for `sorad doctor` alone: what is mistaken has its default there, so
    nothing may be done by the tables in ``mistaken`` (names at the top of the file).
    """

    def __init__(
        self,
        problems: list[Problem],
        path: Path | None = None,
        rest: Config | None = None,
        mistaken: frozenset[str] = frozenset(),
    ) -> None:
        self.problems = tuple(problems)
        self.rest = rest
        self.mistaken = mistaken
        super().__init__(problems[0] if len(problems) == 1 else _summary(problems, path), exit_code=EX_CONFIG)


def _summary(problems: list[Problem], path: Path | None) -> Problem:
    return Problem(
        "config.invalid",
        N_("{count} things in the configuration {path} must be mended first:\n{listing}"),
        params={
            "count": len(problems),
            "path": str(path or ""),
            "listing": "\n".join(f"  - {problem}" for problem in problems),
        },
    )


class _Sentence(NamedTuple):
    message: str
    fix: str


_NOT_ALLOWED = N_("{place}: {key} = {value} is not allowed.")

# pydantic's error types (https://docs.pydantic.dev/latest/errors/validation_errors/) in our words
_SENTENCES: Mapping[str, _Sentence] = {
    "literal_error": _Sentence(_NOT_ALLOWED, N_("Write one of {allowed}.")),
    "greater_than_equal": _Sentence(_NOT_ALLOWED, N_("Write a number of at least {ge}.")),
    "greater_than": _Sentence(_NOT_ALLOWED, N_("Write a number above {gt}.")),
    "less_than_equal": _Sentence(_NOT_ALLOWED, N_("Write a number of at most {le}.")),
    "less_than": _Sentence(_NOT_ALLOWED, N_("Write a number below {lt}.")),
    "int_type": _Sentence(_NOT_ALLOWED, N_("Write a whole number, without quotes.")),
    "float_type": _Sentence(_NOT_ALLOWED, N_("Write a number, without quotes.")),
    "finite_number": _Sentence(_NOT_ALLOWED, N_("Write an ordinary number; inf and nan mean nothing here.")),
    "bool_type": _Sentence(_NOT_ALLOWED, N_("Write true or false, in small letters and without quotes.")),
    "string_type": _Sentence(_NOT_ALLOWED, N_("Write a text in quotes.")),
    "tuple_type": _Sentence(_NOT_ALLOWED, N_('Write a list in brackets, as in [4, 8] or ["a", "b"].')),
    "value_error": _Sentence(
        _NOT_ALLOWED, N_('Write a size such as "500 MB" or "2 GB", or a number of bytes.')
    ),
    "empty_path": _Sentence(N_("{place}: {key} is empty."), N_("Write the path of a folder or file.")),
    "unset_variable": _Sentence(
        N_("{place}: {key} = {value} uses {variable}, which is not set here."),
        N_("Set it for the program that starts sorad as well, or write the path out."),
    ),
    "bad_path": _Sentence(
        N_("{place}: {key} = {value} is no path on this machine."), N_("Write the path out.")
    ),
    "missing": _Sentence(N_("{place}: {key} is missing."), N_("Add a line with {name} = … there.")),
    "wrong_count": _Sentence(_NOT_ALLOWED, N_("Write exactly two numbers in brackets, as in [0.5, 3.0].")),
    "not_a_table": _Sentence(
        N_("{place}: {key} is no table."), N_("Write [{key}] on a line of its own, and its keys below it.")
    ),
    "not_an_array": _Sentence(
        N_("{place}: {key} is one table, where there may be several."),
        N_("Write [[{key}]], with two brackets on either side."),
    ),
    "other": _Sentence(N_("{place}: {key} = {value} is not allowed: {reason}"), ""),
}
_ALIASES = {
    "int_from_float": "int_type",
    "int_parsing": "int_type",
    "int_parsing_size": "int_type",
    "float_parsing": "float_type",
    "bool_parsing": "bool_type",
    "path_type": "string_type",
    "too_long": "wrong_count",
    "too_short": "not_a_table",  # [[provider]] with nothing in it
    "model_type": "not_a_table",
}


def dotted(loc: Loc) -> str:
    """A key as TOML would write it: ``watch[1].takes``, the entries of a list counted from 0."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part, ensure_ascii=False)
            text += f".{bare}" if text else bare
    return text


def shown(value: object) -> str:
    """A value as TOML would write it, on one line, short, without keys in it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = mask(text)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _shown_at(loc: Loc, value: object) -> str:
    """``value`` without what is a secret wherever it stands: who has the address can send in our name."""
    return f'"{MASK}"' if loc[0] in ("notify", "ping") and "url" in dotted(loc) else shown(value)


def problems_of(error: ValidationError, place: Place) -> list[tuple[Loc, Problem]]:
    """Each thing that pydantic found, with the key it is about."""
    return [_from_pydantic(dict(detail), place) for detail in error.errors(include_url=False)]


def problem(kind: str, loc: Loc, value: object, place: Place, **params: Param) -> Problem:
    """The problem with ``value`` at ``loc``; ``kind`` is a name from the table above."""
    sentence = _SENTENCES[kind]
    told = {"place": place(loc), "key": dotted(loc), "name": str(loc[-1]), "value": _shown_at(loc, value)}
    return Problem(f"config.{kind}", sentence.message, sentence.fix, {**told, **params})


def _untagged(loc: Loc) -> Loc:
    """A place as the file has it."""
    return tuple(part for part in loc if part not in (ONE, SEVERAL))


def _from_pydantic(detail: dict[str, Any], place: Place) -> tuple[Loc, Problem]:
    loc = _untagged(detail["loc"])
    kind = _ALIASES.get(detail["type"], detail["type"])
    if kind == "extra_forbidden":
        return loc, unknown_key(loc, place)
    if kind == "missing" and isinstance(loc[-1], int):  # [1] where two numbers are wanted
        loc, kind = loc[:-1], "wrong_count"
    if kind == "tuple_type" and isinstance(detail["input"], dict):
        kind = "not_an_array"
    context: dict[str, Any] = detail.get("ctx") or {}
    params: dict[str, Param] = {
        name: f"{context[name]:g}" for name in ("ge", "gt", "le", "lt") if name in context
    }
    words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    params["allowed"] = ", ".join(json.dumps(word) for word in words)
    params["reason"] = detail["msg"]
    return loc, problem(kind if kind in _SENTENCES else "other", loc, detail["input"], place, **params)


def unknown_key(loc: Loc, place: Place) -> Problem:
    """A key that sorad does not know, with the one that was probably meant."""
    key = str(loc[-1])
    table = tuple(part for part in loc[:-1] if isinstance(part, str))
    sections = _sections()
    known = sections.get(table, [])
    params: dict[str, Param] = {"place": place(loc), "key": dotted(loc), "known": ", ".join(known)}
    near = difflib.get_close_matches(key, known, n=1)
    elsewhere = [section for section, keys in sections.items() if key in keys]
    if table == ("provider",) and key in ("api_key", "key", "token"):
        fix = N_("A key does not belong here: name its variable in api_key_env, or its file in api_key_file.")
    elif near and not elsewhere:
        fix = N_("Did you mean {near}?")
        params["near"] = near[0]
    elif elsewhere == [()]:
        fix = N_("It belongs to the top of the file, above the first line in brackets.")
    elif elsewhere:
        fix = N_("It belongs below {header}.")
        params["header"] = _(" or ").join(_header(section) for section in elsewhere)
    else:
        fix = N_("Remove it. Known here are: {known}.")
    return Problem("config.unknown_key", N_("{place}: there is no key {key}."), fix, params)


def _header(section: tuple[str, ...]) -> str:
    name = ".".join(section)
    return f"[[{name}]]" if name == "watch" else f"[{name}]"


def _sections() -> dict[tuple[str, ...], list[str]]:
    """The keys of each table; ``()`` is the top of the file."""
    tables = tables_of(Config)
    found: dict[tuple[str, ...], list[str]] = {
        (name,): list(table.model_fields) for name, table in tables.items()
    }
    return {(): keys_of(Config), **found}


def keys_of(table: type[Section]) -> list[str]:
    """Its keys, as the file has them."""
    return [field.alias or name for name, field in table.model_fields.items()]


def tables_of(table: type[Section]) -> dict[str, type[Section]]:
    """The tables in it, by key: one of each kind, where there may be several."""
    found: dict[str, type[Section]] = {}
    for name, field in table.model_fields.items():
        for kind in _within(field.annotation):
            found.setdefault(field.alias or name, kind)
    return found


def _within(kind: Any) -> Iterator[type[Section]]:
    """The tables that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, Section):
        yield kind
    for part in get_args(kind):
        yield from _within(part)

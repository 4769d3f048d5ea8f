"""What must hold between the keys of a config. Pure except for looking at what the paths lead to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Union
from urllib.parse import urlsplit

from sorad.config.errors import shown
from sorad.config.fallbacks import of_fallbacks
from sorad.config.finding import Finding
from sorad.config.hours import parse_hours
from sorad.config.lines import Loc
from sorad.config.listen import parse_listen
from sorad.config.model import Config, Notify, Ping, ProviderConfig, Section, default_state_dir
from sorad.config.models import of_fields, of_models
from sorad.layout import DEFAULT_NAME, check_name
from sorad.messages import N_

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_PROXY_FIX = N_('Write an address such as "http://127.0.0.1:7890", or "none" for no proxy at all.')
LONGEST_NAME = 40  # of a provider, in characters
_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")  # stands for its value


def findings(config: Config) -> Iterator[Finding]:
    """Everything that does not fit together. The paths of ``config`` are absolute by now."""
    yield from _watches(config)
    yield from _state_dir(config)
    yield from _limits(config)
    yield from _providers(config)
    yield from of_models(config)
    yield from of_fallbacks(config)
    yield from _telling(config)


def _watches(config: Config) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, watch in enumerate(config.watch):
        here: Loc = ("watch", number)
        same = seen.setdefault(_real(watch.path), number)
        if same != number:
            yield Finding(
                (*here, "path"),
                "config.same_path",
                N_("{place}: {path} is watched twice."),
                N_("Keep one [[watch]] of the two."),
                params={"path": str(watch.path)},
            )
        if watch.path.exists() and not watch.path.is_dir():
            yield Finding(
                (*here, "path"),
                "config.no_folder",
                N_("{place}: {path} is a file; only folders can be watched."),
                N_("Name the folder it lies in."),
                params={"path": str(watch.path)},
            )
        if watch.output_mode == "centralized" and watch.output_dir is None:
            yield Finding(
                (*here, "output_mode"),
                "config.output_dir_missing",
                N_('{place}: output_mode = "centralized" needs to know where the videos go.'),
                N_('Add output_dir = "…" to the same [[watch]], or choose output_mode = "in_place".'),
                also=((*here, "output_dir"),),
            )
        if watch.output_dir is not None and any(part.startswith(".") for part in watch.output_dir.parts):
            yield Finding(
                (*here, "output_dir"),
                "config.output_dir_hidden",
                N_(
                    "{place}: {path} lies in a hidden folder (its name begins with a dot); "
                    "videos are never put there."
                ),
                N_("Choose a folder that is not hidden. A relative path counts from this file's folder."),
                params={"path": str(watch.output_dir)},
            )
    yield from _names(config)
    yield from _shared_outputs(config)


_NAME_FAULTS = {
    "form": (N_("{place}: {name} has braces that do not match."), N_("Write it as in {default}.")),
    "field": (
        N_("{place}: {name} has a field that is not known, or a form of one."),
        N_("There are {{stem}}, {{segment:03}}, {{take}} and {{fingerprint8}}, as in {default}."),
    ),
    "lacks": (
        N_(
            "{place}: {name} must hold {{segment}}, {{take}} and {{fingerprint8}}, or videos would share a name."
        ),
        N_("Write it as in {default}."),
    ),
    "sign": (
        N_("{place}: {name} has a sign that breaks names or links somewhere."),
        N_('Leave out / \\ : * ? " < > | # ^ [ ] ~ . and %%, and blanks at both ends.'),
    ),
    "long": (
        N_("{place}: names as {name} makes them would be too long."),
        N_("Shorten the text around the fields."),
    ),
}


def _names(config: Config) -> Iterator[Finding]:
    """What new videos are called."""
    for number, watch in enumerate(config.watch):
        fault = check_name(watch.name)
        if fault:
            message, fix = _NAME_FAULTS[fault]
            params = {"name": shown(watch.name), "default": shown(DEFAULT_NAME)}
            yield Finding(("watch", number, "name"), "config.name", message, fix, params=params)


def _shared_outputs(config: Config) -> Iterator[Finding]:
    """Two storyboards must never have one folder: below one ``output_dir``, those of two roots might."""
    outputs = [
        (number, watch.output_dir)
        for number, watch in enumerate(config.watch)
        if watch.output_mode == "centralized" and watch.output_dir is not None
    ]
    for place, (number, folder) in enumerate(outputs):
        for other, earlier in outputs[:place]:
            if _inside(folder, earlier) or _inside(earlier, folder):
                yield Finding(
                    ("watch", number, "output_dir"),
                    "config.output_dir_shared",
                    N_(
                        "{place}: storyboards of the same name below {other} and below {path} would share one "
                        "folder in {folder}."
                    ),
                    N_("Give each watched folder an output_dir of its own, none of them inside another."),
                    also=(("watch", other, "output_dir"),),
                    params={
                        "path": str(config.watch[number].path),
                        "other": str(config.watch[other].path),
                        "folder": str(folder),
                    },
                )


def _state_dir(config: Config) -> Iterator[Finding]:
    if config.state_dir == default_state_dir():
        return  # the platform's own place is no part of a synced vault, even where all of ~ is watched
    for number, watch in enumerate(config.watch):
        if _inside(config.state_dir, watch.path):
            yield Finding(
                ("state_dir",),
                "config.state_dir_watched",
                N_(
                    "{place}: state_dir {path} lies in the watched folder {root}; "
                    "a sync service would damage the ledger there."
                ),
                N_("Choose a folder outside, or remove the line: {default} is used then."),
                also=(("watch", number, "path"),),
                params={
                    "path": str(config.state_dir),
                    "root": str(watch.path),
                    "default": str(default_state_dir()),
                },
            )


def _limits(config: Config) -> Iterator[Finding]:
    limits = config.limits
    if limits.safe_concurrency > limits.concurrency:
        yield Finding(
            ("limits", "safe_concurrency"),
            "config.safe_concurrency",
            N_(
                "{place}: safe_concurrency = {safe} is more than concurrency = {full}, "
                "so that trouble would speed things up."
            ),
            N_("Write at most {full}."),
            also=(("limits", "concurrency"),),
            params={"safe": limits.safe_concurrency, "full": limits.concurrency},
        )
    low, high = limits.jitter_seconds
    if low > high:
        yield Finding(
            ("limits", "jitter_seconds"),
            "config.jitter",
            N_("{place}: jitter_seconds = [{low:g}, {high:g}] has its larger number first."),
            N_("Write jitter_seconds = [{high:g}, {low:g}]."),
            params={"low": low, "high": high},
        )


def provider_at(config: Config, number: int) -> Loc:
    """Where a provider stands in the file."""
    return ("provider", number) if isinstance(config.provided, tuple) else ("provider",)


def _providers(config: Config) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, provider in enumerate(config.providers):
        here = provider_at(config, number)
        yield from _provider(provider, here)
        yield from (replace(found, loc=(*here, *found.loc[1:])) for found in of_fields(provider))
        if provider.title in seen:
            yield Finding(
                (*here, "name"),
                "config.same_name",
                N_("{place}: two providers are called {name}."),
                N_('Add a line name = "…" of its own to each [[provider]].'),
                params={"name": provider.title},
            )
        seen.add(provider.title)
        if number and not _names_its_key(provider):
            yield Finding(
                (*here, "api_key_env"),
                "config.key_of_another",
                N_(
                    "{place}: {name} does not say where its key is, and that of {first} is not sent to anybody else."
                ),
                N_('Add api_key_env = "…" or api_key_file = "…" to this [[provider]].'),
                params={"name": provider.title, "first": config.provider.title},
            )
    yield from _named(config, seen)


def _names_its_key(provider: ProviderConfig) -> bool:
    elsewhere = provider.api_key_file is not None or bool(provider.api_key_keyring)
    return elsewhere or provider.kind == "simulator" or "api_key_env" in provider.model_fields_set


def _named(config: Config, names: set[str]) -> Iterator[Finding]:
    """Folders whose provider is not there."""
    for number, watch in enumerate(config.watch):
        if watch.provider and watch.provider not in names:
            yield Finding(
                ("watch", number, "provider"),
                "config.no_provider",
                N_("{place}: there is no provider {name}."),
                N_("Write one of {allowed}, or remove the line: the first one is taken then."),
                also=(("provider",),),
                params={"name": watch.provider, "allowed": ", ".join(sorted(names))},
            )


def _provider(provider: ProviderConfig, here: Loc) -> Iterator[Finding]:
    if provider.kind == "openai_videos":
        yield from _incomplete(provider, here)
    if not _is_name(provider.name):
        yield _bad_value(provider, "name", N_("Write a short word or two, on one line."), here)
    for key in ("seconds", "seconds_pro"):
        if any(number < 1 for number in getattr(provider, key)):
            yield _bad_value(
                provider, key, N_("Write lengths of at least one second, as in [4, 8, 12]."), here
            )
    if any(not _is_refusal(one) for one in provider.refusals):
        fix = N_(
            'Write HTTP statuses from 400 to 599 and error codes in quotes, as in [500, "do_request_failed"].'
        )
        yield _bad_value(provider, "refusals", fix, here)
    if provider.base_url and not _is_url(provider.base_url, ("http", "https"), bare=True):
        fix = N_('Write an address such as "https://api.sora.hk/v1".')
        yield _bad_value(provider, "base_url", fix, here)
    for key in ("proxy", "download_proxy"):
        if not _is_proxy(getattr(provider, key)):
            yield _bad_value(provider, key, _PROXY_FIX, here)
    yield from _key_name(provider, here)


def _key_name(provider: ProviderConfig, here: Loc) -> Iterator[Finding]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", provider.api_key_env):
        yield Finding(
            (*here, "api_key_env"),
            "config.api_key_env",
            N_("{place}: api_key_env is not the name of a variable."),
            N_('Write the name, as in api_key_env = "SORA_API_KEY". The key itself never stands here.'),
        )


def _is_name(name: str) -> bool:
    """Whether it can stand in a line of output, in a storyboard and on a command line."""
    return len(name) <= LONGEST_NAME and name == name.strip() and name.isprintable()


def _incomplete(provider: ProviderConfig, here: Loc) -> Iterator[Finding]:
    """What a gateway with the format of OpenAI's videos must be told, and is not."""
    for key, example in (
        ("base_url", '"https://…/v1"'),
        ("model", '"veo-3.1-fast"'),
        ("seconds", "[4, 8, 12]"),
    ):
        if not getattr(provider, key):
            yield Finding(
                (*here, key),
                "config.provider_incomplete",
                N_('{place}: kind = "openai_videos" needs {name}.'),
                N_("Add {name} = {example} below [provider], as your gateway documents it."),
                also=((*here, "kind"),),
                params={"name": key, "example": example},
            )


def _telling(config: Config) -> Iterator[Finding]:
    """``[notify]``, ``[ping]`` and ``[http]``. Their addresses are secrets and are never shown."""
    notify, ping = config.notify, config.ping
    yield from _addresses(notify, ping)
    for section, value in (("notify", notify.proxy), ("ping", ping.proxy)):
        if not _is_proxy(value):
            yield _bad_value(getattr(config, section), "proxy", _PROXY_FIX, (section,))
    if _fails(parse_hours, notify.quiet_hours):
        yield _bad_value(notify, "quiet_hours", N_('Write hours as in "22:00-08:00".'), ("notify",))
    if config.http.listen and _fails(parse_listen, config.http.listen):
        fix = N_('Write an address of this machine alone, and a port, as in "127.0.0.1:9187".')
        yield _bad_value(config.http, "listen", fix, ("http",))


def _addresses(notify: Notify, ping: Ping) -> Iterator[Finding]:
    for number, url in enumerate(notify.urls):
        if not _VARIABLE.fullmatch(url) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
            yield Finding(
                ("notify", "urls", number),
                "config.notify_url",
                N_("{place}: {key} is no address that messages can be sent to."),
                N_(
                    'Write one as in "ntfys://ntfy.sh/TOPIC", or "$NAME" for a variable of the environment; '
                    "config.example.toml has one for each service."
                ),
            )
    for key in ("url", "fail_url"):
        url = getattr(ping, key)
        if url and not _VARIABLE.fullmatch(url) and not _is_url(url, ("http", "https"), bare=False):
            yield Finding(
                ("ping", key),
                "config.ping_url",
                N_("{place}: {key} is no address that can be called."),
                N_('Write one that begins with https://, or "$NAME" for a variable of the environment.'),
            )
    if ping.fail_url and not ping.url:
        yield Finding(
            ("ping", "fail_url"),
            "config.ping_half",
            N_("{place}: fail_url alone tells nobody when sorad is dead."),
            N_("Add url to the same [ping]: it is called while all is well."),
            also=(("ping", "url"),),
        )


def _is_proxy(value: str) -> bool:
    return value in ("", "none") or _is_url(value, _PROXY_SCHEMES, bare=False)


def _is_refusal(one: Union[int, str]) -> bool:
    return 400 <= one <= 599 if isinstance(one, int) else bool(one.strip())


def _fails(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return True
    return False


def _bad_value(table: Section, key: str, fix: str, here: Loc) -> Finding:
    return Finding(
        (*here, key),
        "config.bad_value",
        N_("{place}: {key} = {value} is not allowed."),
        fix,
        params={"value": shown(getattr(table, key))},
    )


def _is_url(value: str, schemes: tuple[str, ...], *, bare: bool) -> bool:
    """``bare``: without user, query and fragment, which have no business in a base URL."""
    try:
        url = urlsplit(value)
        _port = url.port  # ValueError where it is no number
    except ValueError:
        return False
    plain = not (url.username or url.password or url.query or url.fragment)
    return (
        url.scheme in schemes and bool(url.hostname) and (plain or not bare) and not re.search(r"\s", value)
    )


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _inside(path: Path, folder: Path) -> bool:
    try:
        return os.path.commonpath([_real(path), _real(folder)]) == _real(folder)
    except ValueError:  # another drive
        return False

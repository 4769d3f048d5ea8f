"""The config: found where, and is it right?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok, problem, warning
from sorad.messages import N_, ngettext


def check(context: Context) -> Iterator[Finding]:
    """Judge what was read."""
    if context.mistakes:
        yield from (Finding("config", Level.PROBLEM, one) for one in context.mistakes)
        return
    if context.path is None or context.config is None:
        yield problem(
            "config",
            "config.none",
            N_("There is no config file yet."),
            N_("`sorad init` writes one, by a few questions."),
        )
        return
    config = context.config
    if _holds_secrets(context) and _open_to_others(context):
        yield warning(
            "config",
            "config.open",
            N_("Other users of this computer can read {path}, and the addresses in it are secrets."),
            N_("Run:\n  chmod 600 {path}"),
            path=str(context.path),
        )
    folders = ngettext("{count} folder", "{count} folders", len(config.watch)).format(count=len(config.watch))
    kinds = (one.kind if one.title == one.kind else f"{one.title} ({one.kind})" for one in config.providers)
    message, named = N_("{path}: {folders}, {kind}"), ", ".join(kinds)
    yield ok("config", "config.ok", message, path=str(context.path), folders=folders, kind=named)


def _holds_secrets(context: Context) -> bool:
    """Addresses that messages go to hold tokens; proxies may hold a password."""
    config = context.config
    if config is None:
        return False
    urls = [*config.notify.urls, config.ping.url, config.ping.fail_url]
    proxies = [config.provider.proxy, config.provider.download_proxy]
    return any(url and not url.startswith("$") for url in urls) or any("@" in proxy for proxy in proxies)


def _open_to_others(context: Context) -> bool:
    if os.name == "nt" or context.path is None:
        return False
    try:
        return bool(stat.S_IMODE(context.path.stat().st_mode) & 0o077)
    except OSError:
        return False

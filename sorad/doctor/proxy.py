"""Proxies: which are in force, where they come from, and whether they can be used."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from requests.utils import select_proxy

from sorad import providers
from sorad.config.model import ProviderConfig
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, ok, problem, warning
from sorad.masking import mask
from sorad.messages import N_, _
from sorad.providers.wire.addresses import proxies_for

# A host that no rule of an environment can name, because downloads come from hosts that nobody knows before.
_SOMEWHERE = "https://download.invalid/"


@dataclass(frozen=True)
class Way:
    """The proxy on one way out. ``url`` is ``""`` for none; ``setting`` is what the config says."""

    name: str  # "proxy" or "download_proxy"
    setting: str
    url: str

    @property
    def from_environment(self) -> bool:
        """Whether only a variable (or the system's settings) names it."""
        return bool(self.url) and not self.setting


def check(context: Context) -> Iterator[Finding]:
    """Look and judge."""
    if context.provider is None:
        return
    yield from judge(look(context.provider), socks=has_socks(), service=context.shell_unseen)


def look(config: ProviderConfig) -> tuple[Way, Way]:
    """The ways to the API and to the videos."""

    def way(name: str, setting: str, url: str) -> Way:
        return Way(name, setting, select_proxy(url, proxies_for(url, setting)) or "")

    base_url = providers.base_url_of(config)
    return way("proxy", config.proxy, base_url), way("download_proxy", config.download_proxy, _SOMEWHERE)


def has_socks() -> bool:
    """Whether PySocks is there."""
    return importlib.util.find_spec("socks") is not None


def judge(ways: tuple[Way, Way], *, socks: bool, service: bool) -> Iterator[Finding]:
    """What is to be said of both."""
    bad = [way for way in ways if way.url.lower().startswith("socks") and not socks]
    for way in bad:
        yield problem(
            "proxy",
            "proxy.socks",
            N_("{name}: {url} is a SOCKS proxy, and the package for these is not installed."),
            N_("Install it:\n  {python} -m pip install PySocks\nor name an http proxy below [provider]."),
            name=way.name,
            url=shown(way.url),
            python=sys.executable,
        )
    if bad:
        return
    for way in ways:
        if way.from_environment and service:
            yield warning(
                "proxy",
                "proxy.environment",
                N_(
                    "{name}: {url} is named by the environment of this shell alone; a service does not see it."
                ),
                N_('Write {name} = "…" below [provider] as well, or "none" if it is not needed.'),
                name=way.name,
                url=shown(way.url),
            )
    yield _found(ways)


def _found(ways: tuple[Way, Way]) -> Finding:
    """Which proxies are used."""
    api, downloads = (shown(way.url) for way in ways)
    if not api and not downloads:
        return ok("proxy", "proxy.none", N_("None: straight out."))
    if api == downloads:
        return ok("proxy", "proxy.ok", N_("{url} ({source})."), url=api, source=_source(ways[0]))
    return ok(
        "proxy",
        "proxy.two",
        N_("To the provider: {api}; for the videos: {downloads}."),
        api=api or "–",
        downloads=downloads or "–",
    )


def shown(url: str) -> str:
    """A proxy without its password."""
    return mask(url)


def _source(way: Way) -> str:
    return _("from the environment") if way.from_environment else "[provider] proxy"

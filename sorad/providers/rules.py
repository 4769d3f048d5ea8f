"""What each kind of provider takes, and what it would refuse. Pure: `sorad validate` needs no more."""

from __future__ import annotations

from typing import Callable
from urllib.parse import urlsplit

from sorad.config.model import ProviderConfig
from sorad.config.vendors import vendor_of
from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Problem, SoradError
from sorad.providers.base import Capabilities
from sorad.providers.capabilities.judge import judged
from sorad.providers.capabilities.lookup import finding_of
from sorad.providers.capabilities.offers import offers_of
from sorad.providers.finding import LONG_CREATE, Find

DEFAULT_URLS = {
    "sora_hk": "https://api.sora.hk/v1",
    "simulator": "http://127.0.0.1:8799/v1",
    "openai_videos": "",
}
_BAD_CONFIG = 78  # EX_CONFIG


def capabilities_of(config: ProviderConfig) -> Capabilities:
    """What the configured API takes."""
    offers, gateway = offers_of(config), config.kind == "openai_videos"
    vendor, finding = vendor_of(config.kind), finding_of(config)
    return Capabilities(
        seconds=offers.default.lengths,
        seconds_pro=() if offers.pro is None else offers.pro.lengths,
        prompt_max=offers.default.prompt_max,
        local_images="file" in offers.default.forms,
        lists_tasks=finding.how is not Find.NONE,
        has_balance=not gateway if vendor is None else vendor.has_balance,
        finding=finding,
    )


def create_timeout_of(config: ProviderConfig) -> float:
    """Seconds that a create may take: where its task could not be found again, its answer is waited for long."""
    if config.create_timeout is not None:
        return config.create_timeout
    unfound = finding_of(config).how is Find.NONE
    return max(LONG_CREATE, config.request_timeout) if unfound else config.request_timeout


def validator_of(config: ProviderConfig) -> Callable[[Request], list[Problem]]:
    """What the configured API would refuse in a request, or leave out of it without a word."""
    offers, title = offers_of(config), config.title

    def validate(request: Request) -> list[Problem]:
        return list(judged(request, offers, title))

    return validate


def base_url_of(config: ProviderConfig) -> str:
    """The base URL in force, without a slash at its end. :class:`SoradError` where there is none to use."""
    vendor = vendor_of(config.kind)
    usual = DEFAULT_URLS.get(config.kind, "")
    if vendor is not None:
        usual = vendor.regions[vendor.region_of(config.region, "")].url
    url = (config.base_url.strip() or usual).rstrip("/")
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        bare = not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        fit = bare = False
    if fit and bare:
        return url
    problem = Problem(
        "config.base_url",
        N_("provider.base_url is not the address of an API."),
        N_('Write it as the provider documents it, as in base_url = "https://api.sora.hk/v1".'),
    )
    raise SoradError(problem, exit_code=_BAD_CONFIG)


def require_model(config: ProviderConfig) -> None:
    """:class:`SoradError` where the OpenAI format has no model to name."""
    if config.kind == "openai_videos" and not config.model:
        problem = Problem(
            "config.provider_incomplete",
            N_('kind = "openai_videos" needs provider.model.'),
            N_('Add model = "…" below [provider], as your gateway documents it.'),
            {"name": "model"},
        )
        raise SoradError(problem, exit_code=_BAD_CONFIG)

"""What each kind of provider takes, and what it would refuse. Pure: `sorad validate` needs no more."""

from __future__ import annotations

from typing import Callable
from urllib.parse import urlsplit

from sorad.config.model import ProviderConfig
from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Param, Problem, SoradError
from sorad.providers.base import Capabilities

DEFAULT_URLS = {
    "sora_hk": "https://api.sora.hk/v1",
    "simulator": "http://127.0.0.1:8799/v1",
    "openai_videos": "",
}
_PROMPT_MAX = 32_000  # the native API documents no limit; this is the one of the format that it grew from
_BAD_CONFIG = 78  # EX_CONFIG


def capabilities_of(config: ProviderConfig) -> Capabilities:
    """What the configured API takes."""
    if config.kind != "openai_videos":
        return Capabilities(
            seconds=(10, 15),
            seconds_pro=(10, 15, 25),
            prompt_max=_PROMPT_MAX,
            local_images=False,
            lists_tasks=True,
            has_balance=True,
        )
    seconds = config.seconds or (4, 8, 12)
    return Capabilities(
        seconds=seconds,
        seconds_pro=(config.seconds_pro or seconds) if config.model_pro else (),
        prompt_max=config.prompt_max,
        local_images=config.reference != "none",
        lists_tasks=config.lists_tasks,
        has_balance=False,
    )


def validator_of(config: ProviderConfig) -> Callable[[Request], list[Problem]]:
    """What the configured API would refuse in a request."""
    capabilities, kind = capabilities_of(config), config.kind

    def validate(request: Request) -> list[Problem]:
        return list(_problems(request, capabilities, kind))

    return validate


def base_url_of(config: ProviderConfig) -> str:
    """The base URL in force, without a slash at its end. :class:`SoradError` where there is none to use."""
    url = (config.base_url.strip() or DEFAULT_URLS[config.kind]).rstrip("/")
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


def _problems(request: Request, capabilities: Capabilities, kind: str) -> list[Problem]:
    found = []
    if not request.prompt.strip():
        fix = N_("Write what the video is to show.")
        found.append(Problem("request.prompt", N_("The prompt is empty."), fix))
    elif len(request.prompt) > capabilities.prompt_max:
        found.append(
            Problem(
                "request.prompt",
                N_("The prompt has {count} characters; {kind} takes {most}."),
                N_("Shorten the prompt."),
                {"count": len(request.prompt), "most": capabilities.prompt_max, "kind": kind},
            )
        )
    if request.pro and not capabilities.seconds_pro:
        found.append(
            Problem(
                "request.pro",
                N_("{kind} has no pro model."),
                N_("Set is_pro to false, or name a model_pro below [provider] in the config."),
                {"kind": kind},
            )
        )
    else:
        allowed = capabilities.seconds_pro if request.pro else capabilities.seconds
        if request.seconds not in allowed:
            found.append(_seconds(request, allowed, kind))
    if request.orientation not in ("horizontal", "vertical"):
        found.append(
            Problem(
                "request.orientation",
                N_("{kind} does not offer the resolution {value}."),
                N_("Use horizontal or vertical."),
                {"kind": kind, "value": request.orientation},
            )
        )
    if request.image.startswith("sha256:") and not capabilities.local_images:
        found.append(
            Problem(
                "request.image",
                N_("{kind} takes no local picture: {path}"),
                N_("Put the picture on the web and give its http(s) address in image_url."),
                {"kind": kind, "path": request.image_path},
            )
        )
    return found


def _seconds(request: Request, allowed: tuple[int, ...], kind: str) -> Problem:
    params: dict[str, Param] = {
        "kind": kind,
        "seconds": request.seconds,
        "allowed": ", ".join(map(str, allowed)),
    }
    if request.pro:
        message = N_("{kind} does not offer {seconds} seconds with is_pro.")
    else:
        message = N_("{kind} does not offer {seconds} seconds.")
    return Problem("request.seconds", message, N_("Set duration_seconds to one of: {allowed}."), params)

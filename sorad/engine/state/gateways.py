"""Gateways that send a create again by themselves: noticed by their answers, and told before it costs anything.

LiteLLM does, up to three times by default, and says so only with answers that are good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from sorad.ledger.interface import Ledger
from sorad.messages import N_
from sorad.problems import Problem

if TYPE_CHECKING:  # `sorad status` reads this file, and needs no network
    from sorad.providers.base import Provider
    from sorad.providers.wire.answer import Heard

# What is remembered of the gateway at the present address.
GATEWAY = "gateway"


def notice(ledger: Ledger, base_url: str, version: str) -> None:
    """Remember that LiteLLM answers there; ``version`` may be "". :class:`LedgerUnavailable`."""
    known: dict[str, Any] = ledger.recall(GATEWAY) or {}
    if known.get("base_url") != base_url or (version and known.get("version") != version):
        ledger.remember(GATEWAY, {"base_url": base_url, "version": version})


def follow(ledger: Ledger, base_url: str) -> None:
    """The config names that address: what was noticed at another one is past. :class:`LedgerUnavailable`."""
    known: Optional[dict[str, Any]] = ledger.recall(GATEWAY)
    if known and known.get("base_url") != base_url:
        ledger.remember(GATEWAY, None)


def version_of(provider: Provider, heard: Sequence[Heard]) -> str:
    """The version of the LiteLLM that answers there; "" where it is none. ``heard`` grows with each answer.

    LiteLLM names itself with answers about videos, not with its list of models. So where no answer told, a task that
    nobody has is asked after, which is free.
    """
    if provider.kind == "openai_videos" and heard and not any(one.gateway for one in heard):
        provider.poll("sorad-asks-who-answers")
    return next((one.gateway for one in heard if one.gateway), "")


def repeats_by_itself(base_url: str, version: str) -> Problem:
    """The warning, with the setting that ends it."""
    return Problem(
        "gateway.repeats",
        N_(
            "{base_url} is a LiteLLM{version}: by default it sends a create up to three times by itself, and each may "
            "be paid for."
        ),
        N_(
            "Set `num_retries: 0` in its router_settings, and no fallbacks. sorad asks it to send each create once, "
            "and counts what it tells of repeats as possibly spent."
        ),
        {"base_url": base_url, "version": f" {version}" if version else ""},
    )

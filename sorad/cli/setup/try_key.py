"""The free call by which `sorad init` sees whether a key is good, and what is said about its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from sorad.cli.shared.ask import say
from sorad.messages import N_, _
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.config.model import ProviderConfig
    from sorad.config.template import Answers
    from sorad.providers.base import Fault

PATIENCE = 10.0  # seconds: somebody waits for the answer


@dataclass(frozen=True)
class Verdict:
    """What came of the call. ``price`` is that of the shortest take; both texts are ``""`` where not known."""

    fault: Optional[Fault] = None
    balance: str = ""
    price: str = ""
    gateway: str = ""  # the version of LiteLLM, where that answered

    @property
    def refused(self) -> bool:
        """Whether the key is no good."""
        from sorad.providers.base import Trouble

        return self.fault is not None and self.fault.trouble is Trouble.KEY

    @property
    def unreachable(self) -> bool:
        """Whether nothing can be said of the key."""
        from sorad.providers.base import Trouble

        return self.fault is not None and self.fault.trouble not in (Trouble.KEY, Trouble.BALANCE)


def provider_config(answers: Answers) -> ProviderConfig:
    """The answers as `[provider]`; pydantic's error where a value is none."""
    from sorad.config.model import ProviderConfig

    return ProviderConfig(
        kind=answers.kind,  # type: ignore[arg-type]  # pydantic looks
        base_url=answers.base_url,
        model=answers.model,
        seconds=answers.seconds,
        api_key_env=answers.api_key_env,
        api_key_file=answers.api_key_file,
        region=answers.region,  # type: ignore[arg-type]  # here, too
        request_timeout=PATIENCE,
    )


def look(config: ProviderConfig, key: str) -> Verdict:
    """Ask the provider. :class:`SoradError` where the address is none."""
    from sorad.engine.state.gateways import version_of
    from sorad.masking import register_secret
    from sorad.model import Request
    from sorad.providers import make
    from sorad.providers.base import Fault
    from sorad.providers.wire.answer import Heard

    if key:
        register_secret(key)
    heard: list[Heard] = []
    provider = make(config, lambda: key, heard.append)
    found = provider.balance() if provider.capabilities.has_balance else provider.check()
    gateway = version_of(provider, heard)
    if isinstance(found, Fault):
        return Verdict(found, gateway=gateway)
    price = provider.price(Request("-", seconds=provider.capabilities.seconds[0]))
    return Verdict(
        balance=_money(found.amount, provider.currency) if found is not None else "",
        price=_money(price, provider.currency) if price is not None else "",
        gateway=gateway,
    )


def report(verdict: Verdict, kind: str, base_url: str) -> None:
    """Say what came of it."""
    if verdict.gateway:
        from sorad.engine.state.gateways import repeats_by_itself

        say(str(repeats_by_itself(base_url, verdict.gateway)))
    if verdict.fault is None:
        good = _("The simulator answers.") if kind == "simulator" else _("The key is good.")
        say(good)
        if verdict.balance:
            say(_("Balance: {balance}").format(balance=verdict.balance))
    elif kind == "simulator" and verdict.unreachable:
        problem = Problem(
            "init.simulator",
            N_("The simulator does not answer at {url}."),
            N_("Start it in another terminal: sorad simulate"),
            {"url": base_url},
        )
        say(str(problem))
    elif verdict.unreachable:
        say(str(verdict.fault.problem))
        say(_("So the key could not be checked now; sorad checks it whenever it uses it."))
    else:
        say(verdict.fault.problem.text())


def _money(micros: int, currency: str) -> str:
    from sorad.model import units

    return f"{units(micros):.2f} {currency}"

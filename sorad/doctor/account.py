"""The key, the provider, the money left and this machine's clock: one free call tells of all four."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from sorad import providers
from sorad.config.key import Key, KeySource, looks_like_key
from sorad.config.model import ProviderConfig
from sorad.config.vendors import vendor_of
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok, problem, warning
from sorad.engine.decide.matching import SKEW
from sorad.engine.state.gateways import repeats_by_itself, version_of
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.messages import N_, _, ngettext
from sorad.model import State, units
from sorad.problems import Problem, SoradError
from sorad.providers.base import Fault, Provider, Trouble
from sorad.providers.capabilities.lookup import unfindable
from sorad.providers.wire.addresses import host_of
from sorad.providers.wire.answer import Heard
from sorad.service.problems import key_unseen

# The doctor's patience with the provider, in seconds, where the config has more.
PATIENCE = 10.0
# From here on a wrong clock is told of; SKEW is what the reconciling of lost creates allows for.
CLOCK_OFF = 60.0
# So many waiting takes are priced.
PRICED = 5_000

# Statuses of a free call that a gateway simply does not have (see OpenAiVideos.check).
_NO_SUCH_CALL = (404, 405, 501)

_SOURCES = {
    "credential": N_("the systemd credential {place}"),
    "file": N_("the file {place}"),
    "env": N_("the variable {place}"),
    "dotenv": N_("the file {place}"),
    "keyring": N_("the keyring of this system ({place})"),
}


@dataclass(frozen=True)
class AccountAnswers:
    """What the look came to. ``heard`` is ``None`` where no answer came, ``tried`` tells whether one was due."""

    kind: str
    host: str
    key: Optional[Key] = None
    unfit: Optional[Problem] = None  # why there is no key
    unwise: tuple[Problem, ...] = ()  # about how it is kept
    tried: bool = False
    fault: Optional[Fault] = None
    heard: Optional[Heard] = None
    balance: Optional[int] = None  # micro-units
    has_balance: bool = False
    currency: str = ""
    waiting: int = 0  # takes that are still to be bought at a known price
    due: Optional[int] = None  # what those cost, in micro-units
    base_url: str = ""
    gateway: str = ""  # the version of LiteLLM, where that answers


def check(context: Context) -> Iterator[Finding]:
    """Look and judge; nothing where the config does not tell the provider."""
    if context.provider is None:
        return
    for number, provider in enumerate(context.providers):
        found = _check(provider, context, shared=number == 0)
        yield from found if len(context.providers) == 1 else (_named(one, provider.title) for one in found)


def _named(finding: Finding, name: str) -> Finding:
    """With the provider's name, because there are several."""
    said = finding.problem
    told = Problem(said.code, "{name}: {reason}", "{reason_fix}", {"name": name, "reason": said})
    return replace(finding, problem=told)


def _check(provider: ProviderConfig, context: Context, *, shared: bool) -> Iterator[Finding]:
    answers = look(provider, context, shared=shared)
    yield from judge_key(answers, provider, running_service=context.serviced and context.running)
    if context.shell_unseen and answers.key is not None and answers.key.source in ("env", "dotenv"):
        yield Finding("key", Level.WARNING, key_unseen(answers.key.place, str(context.environment_file)))
    yield from judge_provider(answers)
    yield from judge_gateway(answers)
    lost = unfindable(provider)
    if lost is not None:
        yield Finding("provider", Level.OK, lost)
    yield from judge_balance(answers)
    yield from judge_clock(answers.heard)


# --- looking ----------------------------------------------------------------------------------------------


def look(config: ProviderConfig, context: Context, *, shared: bool = True) -> AccountAnswers:
    """Find the key and make one free call, at no other host than the provider's."""
    source = KeySource(config, context.env, shared=shared)
    key, unfit = None, None
    try:
        key = source.find()
    except SoradError as error:
        unfit = error.problem
    heard: list[Heard] = []
    bounded = config.model_copy(update={"request_timeout": min(config.request_timeout, PATIENCE)})
    provider = providers.make(bounded, source, heard.append)
    answers = AccountAnswers(
        provider.kind,
        host_of(provider.base_url),
        key,
        unfit,
        source.warnings(),
        has_balance=provider.capabilities.has_balance,
        currency=provider.currency,
        base_url=provider.base_url,
    )
    if context.offline or unfit is not None:
        return answers
    fault, balance = _ask(provider)
    first = heard[0] if heard else None
    answers = replace(answers, gateway=version_of(provider, heard))
    waiting, due = (
        (0, None)
        if fault is not None
        else _due(provider, context, (config.title, "") if shared else (config.title,))
    )
    return replace(
        answers,
        tried=True,
        fault=fault,
        heard=first,
        balance=balance,
        waiting=waiting,
        due=due,
    )


def _ask(provider: Provider) -> tuple[Optional[Fault], Optional[int]]:
    """One free call: the balance where there is one, because that shows the key as well."""
    if not provider.capabilities.has_balance:
        return provider.check(), None
    found = provider.balance()
    return (found, None) if isinstance(found, Fault) else (None, found.amount)


def _due(provider: Provider, context: Context, targets: Sequence[str]) -> tuple[int, Optional[int]]:
    """How many takes wait to be bought at a known price, and what they cost."""
    facts = context.facts
    if facts is None or context.state_dir is None or not facts.counts[State.QUEUED]:
        return 0, None
    try:
        ledger = SqliteLedger.attach(ledger_path(context.state_dir))
        try:
            takes = list(ledger.takes(states=[State.QUEUED], limit=PRICED))
        finally:
            ledger.close()
    except (SoradError, LedgerUnavailable, LedgerDamaged):
        return 0, None  # the check of the ledger tells
    asked = [take.effective_request for take in takes if take.target in targets]
    prices = [price for price in map(provider.price, asked) if price is not None]
    return len(prices), sum(prices) if prices else None


# --- judging ----------------------------------------------------------------------------------------------


def judge_key(
    answers: AccountAnswers, config: ProviderConfig, *, running_service: bool = False
) -> Iterator[Finding]:
    """Is there a key, is it kept well, does the provider take it?"""
    refused = answers.fault is not None and answers.fault.trouble is Trouble.KEY
    if answers.kind == "simulator" and not refused:
        yield ok("key", "key.simulator", N_("The simulator needs none."))
        return
    if looks_like_key(config.api_key_env):
        yield problem(
            "key",
            "key.in_config",
            N_("api_key_env seems to hold the key itself; it takes the name of a variable."),
            N_('Put the key into a file of its own and name it: api_key_file = "…". Then ask for a new key.'),
        )
        return
    if answers.key is None and running_service:
        yield warning(
            "key",
            "key.elsewhere",
            N_(
                "This shell has none; the running service may have one of its own, which is not seen from here."
            ),
            N_("`sorad status` tells if the provider refuses it."),
        )
        return
    if answers.key is None:
        yield Finding(
            "key", Level.PROBLEM, answers.unfit or Problem("key.missing", N_("There is no API key."))
        )
        return
    yield from (Finding("key", Level.WARNING, one) for one in answers.unwise)
    yield _tried(answers, answers.key)


def _tried(answers: AccountAnswers, key: Key) -> Finding:
    """What the provider says of the key."""
    where = _SOURCES.get(key.source, "{place}")
    place = _(where).format(place=key.place)
    if not answers.tried:
        return ok("key", "key.not_tried", N_("From {place}; not tried (--offline)."), place=place)
    if answers.fault is None:
        return _accepted(answers, place)
    if answers.fault.trouble is Trouble.KEY:
        return Finding("key", Level.PROBLEM, answers.fault.problem)
    if answers.fault.trouble is Trouble.BALANCE:
        return ok("key", "key.ok", N_("From {place}; {host} accepts it."), place=place, host=answers.host)
    return warning(
        "key",
        "key.unproved",
        N_("From {place}; whether {host} accepts it could not be found out."),
        N_("See what is said of the provider, and try again."),
        place=place,
        host=answers.host,
    )


def _accepted(answers: AccountAnswers, place: str) -> Finding:
    gateway = vendor_of(answers.kind) is None  # the vendors' own calls ask for what is not there, and say so
    if gateway and answers.heard is not None and answers.heard.status in _NO_SUCH_CALL:
        return ok(
            "key",
            "key.untried",
            N_("From {place}; {host} has no free call that would show whether it is good."),
            place=place,
            host=answers.host,
        )
    return ok("key", "key.ok", N_("From {place}; {host} accepts it."), place=place, host=answers.host)


def judge_provider(answers: AccountAnswers) -> Iterator[Finding]:
    """Does it answer?"""
    if not answers.tried:
        return
    fault = answers.fault
    if fault is None or fault.trouble in (Trouble.KEY, Trouble.BALANCE):
        if answers.heard is not None:
            message = N_("{host} answered within {milliseconds} ms.")
            yield ok(
                "provider",
                "provider.ok",
                message,
                host=answers.host,
                milliseconds=round(answers.heard.took * 1000),
            )
        return
    level = Level.WARNING if fault.trouble is Trouble.RATE else Level.PROBLEM
    yield Finding("provider", level, fault.problem)


def judge_gateway(answers: AccountAnswers) -> Iterator[Finding]:
    """Does it send creates again by itself?"""
    if answers.gateway:
        yield Finding("provider", Level.WARNING, repeats_by_itself(answers.base_url, answers.gateway))


def judge_balance(answers: AccountAnswers) -> Iterator[Finding]:
    """Is there money, and will it last for what waits?"""
    if not answers.tried:
        return
    if answers.fault is not None:
        if answers.fault.trouble is Trouble.BALANCE:
            yield Finding("balance", Level.PROBLEM, answers.fault.problem)
        return
    if not answers.has_balance or answers.balance is None:
        yield ok("balance", "balance.unknown", N_("This kind of provider does not tell the balance."))
        return
    left = f"{units(answers.balance):.2f} {answers.currency}"
    takes = ngettext("{count} take", "{count} takes", answers.waiting).format(count=answers.waiting)
    if answers.balance <= 0:
        message = N_("Nothing is left at the provider: {left}.")
        fix = N_("Top it up at the provider; {then}.")
        yield problem("balance", "balance.empty", message, fix, left=left)
    elif answers.due is not None and answers.due > answers.balance:
        yield warning(
            "balance",
            "balance.short",
            N_("{left} is left, and {takes} that wait to be bought cost {due}."),
            N_("Top it up at the provider, or `sorad cancel` what is not wanted."),
            left=left,
            takes=takes,
            due=f"{units(answers.due):.2f} {answers.currency}",
        )
    elif answers.due is not None:
        message = N_("{left} left; what waits to be bought costs {due} ({takes}).")
        due = f"{units(answers.due):.2f} {answers.currency}"
        yield ok("balance", "balance.ok", message, left=left, takes=takes, due=due)
    else:
        yield ok("balance", "balance.ok", N_("{left} left."), left=left)


def judge_clock(heard: Optional[Heard]) -> Iterator[Finding]:
    """Is this machine's clock right, by the provider's?"""
    if heard is None:
        return
    if heard.date is None:
        yield ok("clock", "clock.unknown", N_("The provider does not tell its time."))
        return
    off = behind(heard)
    if abs(off) < CLOCK_OFF:
        yield ok("clock", "clock.ok", N_("Agrees with the provider's."))
        return
    params = {"minutes": f"{abs(off) / 60:.1f}"}
    message = (
        N_("This computer's clock is {minutes} minutes behind the provider's.")
        if off > 0
        else N_("This computer's clock is {minutes} minutes ahead of the provider's.")
    )
    if abs(off) < SKEW:
        fix = N_(
            "Set it by the network: `sudo timedatectl set-ntp true` on Linux, the date settings elsewhere. "
            "Times in receipts and the day of the budget go by it."
        )
        yield Finding("clock", Level.WARNING, Problem("clock.off", message, fix, params))
        return
    fix = N_(
        "Set it by the network: `sudo timedatectl set-ntp true` on Linux, the date settings elsewhere. So far "
        "off, a create whose answer is lost is not found again in the provider's list and may be bought twice."
    )
    yield Finding("clock", Level.PROBLEM, Problem("clock.wrong", message, fix, params))


def behind(heard: Heard) -> float:
    """Seconds by which our clock is surely behind the server's (negative: ahead).

    The server looked at its clock at some moment while the exchange was under way, and told whole seconds.
    """
    assert heard.date is not None
    least, most = heard.date - (heard.sent + heard.took), heard.date + 1.0 - heard.sent
    if least <= 0.0 <= most:
        return 0.0
    return least if least > 0 else most

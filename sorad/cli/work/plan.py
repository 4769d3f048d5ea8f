"""`sorad plan`: what would be bought, what is skipped and why, and the price. Buys nothing."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from sorad.cli.shared.common import say, to_json
from sorad.cli.shared.storyboard_paths import boards, owner
from sorad.lock import holder
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem, SoradError, after_the_end

if TYPE_CHECKING:
    from sorad.config.model import Budget, Config, Watch
    from sorad.intake.plan import Item, Planned
    from sorad.model import Request


START = 40  # columns of a prompt's beginning


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "plan",
        parents=common,
        help=_("what would be bought, what is skipped and why, and the price"),
        description=_("Reads the storyboards and shows what they would buy, and for how much. Buys nothing."),
    )
    parser.add_argument(
        "paths", metavar=_("PATH"), nargs="*", help=_("storyboards or folders (default: as the config says)")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show the plan."""
    from sorad.cli.shared.settings import file_config
    from sorad.config.model import Config

    return show_plan(file_config(args) or Config(), args.paths, as_json=args.json)


def show_plan(config: Config, paths: list[str], *, force: bool = False, as_json: bool = False) -> int:
    """Print the plan; 0, or 1 where a storyboard has problems."""
    with after_the_end(holder(config.state_dir) is None):
        return _show_plan(config, paths, force=force, as_json=as_json)


def _show_plan(config: Config, paths: list[str], *, force: bool, as_json: bool) -> int:
    from sorad import providers
    from sorad.config.key import KeySource
    from sorad.intake.plan import Planned, total
    from sorad.vault.problems import never_read

    key = KeySource(config.provider)
    provider = providers.make(config.provider, key)
    pricer, no_key = _pricer(provider.price, key)
    found = boards(config, paths)
    plans, spent = planned(config, found.files, pricer, force=force)
    plans += [Planned(path, problems=(why,)) for path, why in found.dark]
    count, price, sure = total(plans)
    notes = list(found.away)
    if not sure:
        notes.append(no_key or _no_price(provider.price_trouble(), config.provider.kind))
    notes += _budget(config.budget, plans, spent, provider.currency)
    notes += [never_read(found.never_read)] if found.never_read else []
    notes += _bought_elsewhere(config, plans)
    if as_json:
        told = _as_json(plans, count, price if sure else None, provider.currency)
        say(to_json({**told, "notes": [_problem(one) for one in notes]}, indent=2))
    else:
        _show(plans, count, price, provider.currency, sure=sure)
        for note in notes:
            say(f"! {note}")
        _say_outside(config, plans)
    return 1 if found.away or any(planned.problems for planned in plans) else 0


def _say_outside(config: Config, plans: list[Planned]) -> None:
    """Name the storyboards that the daemon will not see."""
    outside = [one.path for one in plans if config.watch and not owner(config, Path(one.path))]
    if outside:
        text = _("Not below a watched folder, so `sorad run` does not see it: {path}")
        say(text.format(path=_(", ").join(outside)))


def _bought_elsewhere(config: Config, plans: list[Planned]) -> list[Problem]:
    """Where another sorad on this computer buys: not what runs under this config."""
    from sorad.claim.buyers import glance
    from sorad.claim.problems import other_process

    buying = [owner(config, Path(one.path)) for one in plans]
    roots = dict.fromkeys(str(watch.path) for watch in buying if watch is not None)
    found = {root: glance(root, str(config.state_dir)) for root in roots}
    return [other_process(root, buyer) for root, buyer in found.items() if buyer is not None]


def force_costs(config: Config) -> tuple[int, str]:
    """How many takes `once --force` buys, and for how much, in words."""
    from sorad import providers
    from sorad.cli.shared.price import in_words
    from sorad.config.key import KeySource

    key = KeySource(config.provider)
    provider = providers.make(config.provider, key)
    pricer, _no_key = _pricer(provider.price, key)
    plans, _spent = planned(config, boards(config, []).files, pricer, force=True)
    prices = [item.price for one in plans for item in one.bought]
    return len(prices), in_words(prices, provider.currency)


def _budget(budget: Budget, plans: list[Planned], spent: int, currency: str) -> list[Problem]:
    """What of it has to wait for an approval, or for another day."""
    from sorad.budget import over_day

    held = _too_dear(budget, plans, currency)
    said = N_("{path}: nothing of it is bought before you approve: {reason}")
    notes = [
        Problem("plan.approve", said, "{reason_fix}", {"path": path, "reason": problem})
        for path, problem in held
    ]
    dear = {path for path, problem in held}
    price = sum(item.price or 0 for one in plans if one.path not in dear for item in one.bought)
    over = over_day(budget, spent, price, currency) if price else None
    if over is not None:
        said = N_("Not all of it is bought today: {reason}")
        notes.append(Problem("plan.day", said, "{reason_fix}", {"reason": over}))
    return notes


def _too_dear(budget: Budget, plans: list[Planned], currency: str) -> list[tuple[str, Problem]]:
    """The storyboards that wait for an approval, by their paths, and why."""
    from sorad.budget import needs_approval

    found = []
    for one in plans:
        prices = [item.price for item in one.bought if not item.approved]
        problem = needs_approval(budget, prices, currency)
        if problem is not None:
            found.append((one.path, problem))
    return found


def _no_price(trouble: Optional[Problem], kind: str) -> Problem:
    if trouble is not None:
        told = N_("The price is not known: {reason}")
        return Problem("plan.no_price", told, "{reason_fix}", {"reason": trouble})
    return Problem(
        "plan.no_price",
        N_("The price is not known: {provider} does not tell its prices."),
        N_("Set price_per_take or price_per_second in [provider]."),
        {"provider": kind},
    )


def _problem(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "message": problem.text(), "fix": problem.fix_text()}


def planned(
    config: Config,
    files: list[tuple[Path, Watch]],
    price: Callable[[Request], Optional[int]],
    *,
    force: bool = False,
) -> tuple[list[Planned], int]:
    """What each storyboard would buy, and what was spent today (micro-units).

    Raises as :meth:`SqliteLedger.attach` does, where there is a ledger.
    """
    from sorad.budget import day_began
    from sorad.intake.plan import plan_storyboard
    from sorad.ledger.place import ledger_path
    from sorad.ledger.sqlite import SqliteLedger
    from sorad.providers import validator_of

    validate = validator_of(config.provider)
    there = ledger_path(config.state_dir)
    ledger = SqliteLedger.attach(there) if there.exists() else None
    try:
        plans = [
            plan_storyboard(path, watch, config, validate, price, ledger, force=force)
            for path, watch in files
        ]
        return plans, ledger.spend(day_began(time.time())) if ledger is not None else 0
    finally:
        if ledger is not None:
            ledger.close()


def _pricer(
    price: Callable[[Request], Optional[int]], key: Callable[[], str]
) -> tuple[Callable[[Request], Optional[int]], Optional[Problem]]:
    """The provider's price where there is a key to ask with, else why there is none: a plan needs none."""
    try:
        key()
    except SoradError as error:
        told = N_("The price is not known, for there is no key to ask with: {reason}")
        return lambda request: None, Problem("plan.no_price", told, "{reason_fix}", {"reason": error.problem})
    return price, None


def _show(plans: list[Planned], count: int, price: int, currency: str, *, sure: bool) -> None:
    from sorad.intake.plan import BUY

    lines = []
    for planned in sorted(plans, key=lambda planned: planned.path):
        lines.append(planned.path)
        lines += [f"  ! {problem}" for problem in planned.problems]
        for item in planned.items:
            what = _("segment {segment}, take {take}").format(segment=item.segment, take=item.take)
            if item.action == BUY:
                lines.append(f"  + {what}  {_amount(item.price, currency)}  {_form(item.request)}")
            else:
                lines.append(f"  - {what}  {_reason(item)}")
    if not plans:
        lines.append(_("There are no storyboards here. Storyboards are files named storyboard*.json."))
    bought = ngettext(
        "{count} take would be bought: {price}", "{count} takes would be bought: {price}", count
    )
    amount = _amount(price if sure else None, currency)
    lines.append(bought.format(count=count, price=amount) if count else _("nothing would be bought."))
    for line in lines:
        say(line)


def _form(request: Request) -> str:
    """How long, in which direction, by which model, and how the prompt begins."""
    from sorad.cli.shared.columns import clip, form

    return f"{form(request)}  {clip(' '.join(request.prompt.split()), START)}"


def _reason(item: Item) -> str:
    reason = _(item.reason) if item.problem is None else str(item.problem)
    return _("{reason} (bought with the older text)").format(reason=reason) if item.older else reason


def _amount(micros: Optional[int], currency: str) -> str:
    from sorad.model import units

    return _("price not known") if micros is None else f"{units(micros):.2f} {currency}"


def _as_json(plans: list[Planned], count: int, price: Optional[int], currency: str) -> dict[str, Any]:
    from sorad.model import units

    return {
        "takes": count,
        "price": None if price is None else units(price),
        "currency": currency,
        "storyboards": [
            {
                "path": planned.path,
                "problems": [_problem(problem) for problem in planned.problems],
                "takes": [
                    {
                        "segment": item.segment,
                        "take": item.take,
                        "action": item.action,
                        "reason": _reason(item),
                        "price": None if item.price is None else units(item.price),
                        "request": item.request.canonical(),
                        "older_text": item.older,
                        "output": item.output,
                    }
                    for item in planned.items
                ],
            }
            for planned in plans
        ],
    }

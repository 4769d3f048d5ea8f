"""`sorad plan`: what would be bought, what is skipped and why, and the price. Buys nothing."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from sorad.cli.shared.common import say, to_json
from sorad.cli.shared.storyboard_paths import boards, owner
from sorad.lock import holder
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem, after_the_end, joined

if TYPE_CHECKING:
    from sorad.config.model import Budget, Config, Watch
    from sorad.intake.plan import Item, Planned, Total
    from sorad.intake.rules import Seller
    from sorad.model import Request
    from sorad.providers.sellers import Sellers


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


def show_plan(
    config: Config,
    paths: list[str],
    *,
    force: bool = False,
    as_json: bool = False,
    segments: Sequence[range] = (),
) -> int:
    """Print the plan, of these ``segments`` (none: all); 0, or 1 where a storyboard has problems."""
    with after_the_end(holder(config.state_dir) is None):
        return _show_plan(config, paths, force=force, as_json=as_json, segments=segments)


def _show_plan(
    config: Config, paths: list[str], *, force: bool, as_json: bool, segments: Sequence[range]
) -> int:
    from sorad.intake.plan import Planned, total
    from sorad.providers.sellers import Sellers
    from sorad.vault.problems import never_read

    sellers = Sellers(config)
    found = boards(config, paths)
    plans, spent, upcoming, there = planned(config, found.files, Priced(sellers), force=force)
    plans = [_of_segments(one, segments) for one in plans]
    plans += [Planned(path, problems=(why,)) for path, why in found.dark]
    whole = total(plans)
    notes = list(found.away)
    notes += _unpriced(plans, sellers)
    notes += _unfindable(plans, sellers)
    notes += [*_budget(config.sums, plans, spent), *_provider_budgets(config, plans, there)]
    notes += [never_read(found.never_read)] if found.never_read else []
    notes += _bought_elsewhere(config, plans)
    if as_json:
        told = _as_json(plans, whole, config.provider.money)
        after = {"next": upcoming, "notes": [_problem(one) for one in notes]}
        say(to_json({**told, **after}, indent=2))
    else:
        _show(plans, whole, several=len(config.providers) > 1)
        _say_next(config, upcoming)
        for note in notes:
            say(f"! {note}")
        _say_outside(config, plans)
    return 1 if found.away or any(planned.problems for planned in plans) else 0


def _of_segments(planned: Planned, segments: Sequence[range]) -> Planned:
    """What of it is of these segments; of all, where none are named."""
    if not segments:
        return planned
    items = (item for item in planned.items if any(item.segment in one for one in segments))
    return replace(planned, items=tuple(items))


class Priced:
    """The providers that can be asked for a price; one without a key only judges: a plan needs none."""

    def __init__(self, sellers: Sellers) -> None:
        self._sellers = sellers
        self._keyless: dict[str, bool] = {}

    def __call__(self, target: str) -> Seller:
        """The provider of a target."""
        from sorad.providers.sellers import Unpriced

        if target not in self._keyless:
            self._keyless[target] = self._sellers.no_key(target) is not None
        seller = self._sellers(target)
        return Unpriced(seller) if self._keyless[target] else seller


def _unfindable(plans: list[Planned], sellers: Sellers) -> Iterator[Problem]:
    """Where something would be bought, and a create whose answer is lost could not be found."""
    from sorad.providers.capabilities.lookup import unfindable

    bought = {sellers.config_of(item.target).title: item.target for one in plans for item in one.bought}
    told = (unfindable(sellers.config_of(target)) for _name, target in sorted(bought.items()))
    yield from (one for one in told if one is not None)


def _unpriced(plans: list[Planned], sellers: Sellers) -> Iterator[Problem]:
    """Why prices are not known, for each provider of which one is not."""
    asked = {item.target for one in plans for item in one.bought if item.price is None}
    for target in sorted(asked):
        key = sellers.no_key(target)
        if key is not None:
            told = N_("The price is not known, for there is no key to ask with: {reason}")
            yield Problem("plan.no_price", told, "{reason_fix}", {"reason": key})
        else:
            yield _no_price(sellers(target).price_trouble(), sellers.config_of(target).title)


def _say_next(config: Config, upcoming: list[dict[str, Any]]) -> None:
    """What waits already: the takes of the plan have their turns between these."""
    from sorad.cli.shared.screen import in_turn

    if upcoming:
        say(in_turn(upcoming, [str(watch.path) for watch in config.watch]))


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


def force_costs(config: Config, segments: Sequence[range] = ()) -> tuple[int, str]:
    """How many takes `once --force` buys, and for how much, in words."""
    from sorad.cli.shared.price import in_words
    from sorad.providers.sellers import Sellers

    sellers = Priced(Sellers(config))
    plans, *_others = planned(config, boards(config, []).files, sellers, force=True)
    meant = [_of_segments(one, segments) for one in plans]
    prices = [(item.price, item.currency) for one in meant for item in one.bought]
    return len(prices), in_words(prices)


def _budget(budget: Budget, plans: list[Planned], spent: Mapping[str, int]) -> list[Problem]:
    """What of it has to wait for an approval, or for another day."""
    from sorad.budget import over_day
    from sorad.intake.plan import total

    held = _too_dear(budget, plans)
    said = N_("{path}: nothing of it is bought before you approve: {reason}")
    notes = [
        Problem("plan.approve", said, "{reason_fix}", {"path": path, "reason": problem})
        for path, problem in held
    ]
    dear = {path for path, problem in held}
    for currency, price in total(one for one in plans if one.path not in dear).prices.items():
        over = over_day(budget, spent.get(currency, 0), price, currency) if price else None
        if over is not None:
            said = N_("Not all of it is bought today: {reason}")
            notes.append(Problem("plan.day", said, "{reason_fix}", {"reason": over}))
    return notes


def _provider_budgets(config: Config, plans: list[Planned], spent: Mapping[str, int]) -> Iterator[Problem]:
    """What of it has to wait for another day by the ``per_day`` of its provider. ``spent``: there today, by name."""
    from sorad.budget import over_provider_day

    for number, one in enumerate(config.providers):
        names = (one.title, "") if number == 0 else (one.title,)
        items = [item for planned in plans for item in planned.bought if item.target in names]
        price = sum(item.price or 0 for item in items)
        over = over_provider_day(one.per_day, spent.get(one.title, 0), price, one.money, one.title)
        if over is not None and price:
            said = N_("Not all of it is bought today: {reason}")
            yield Problem("plan.day", said, "{reason_fix}", {"reason": over})


def _too_dear(budget: Budget, plans: list[Planned]) -> list[tuple[str, Problem]]:
    """The storyboards that wait for an approval, by their paths, and why."""
    from sorad.budget import needs_approval

    found = []
    for one in plans:
        prices: dict[str, list[Optional[int]]] = {}
        for item in one.bought:
            if not item.approved:
                prices.setdefault(item.currency, []).append(item.price)
        problems = (needs_approval(budget, each, currency) for currency, each in prices.items())
        problem = next(filter(None, problems), None)
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
    sellers: Callable[[str], Seller],
    *,
    force: bool = False,
) -> tuple[list[Planned], Mapping[str, int], list[dict[str, Any]], Mapping[str, int]]:
    """What each storyboard would buy, what was spent today in each currency (micro-units), what is next in turn, and
    what was spent today at each provider, by its name.

    Raises as :meth:`SqliteLedger.attach` does, where there is a ledger.
    """
    from sorad.budget import day_began
    from sorad.health.vendors import vendors_of
    from sorad.intake.plan import Planner
    from sorad.ledger.place import ledger_path
    from sorad.ledger.sqlite import SqliteLedger
    from sorad.ledger.turns import UPCOMING, turn_of

    there = ledger_path(config.state_dir)
    ledger = SqliteLedger.attach(there) if there.exists() else None
    try:
        planner = Planner(config, sellers, ledger)
        plans = planner.plan(files, force=force)
        planner.close()
        if ledger is None:
            return plans, {}, [], {}
        upcoming = [turn_of(take) for take in ledger.next_up(UPCOMING)]
        today = day_began(time.time())
        each = {one.name: one.spent_today for one in vendors_of(ledger, today)}
        return plans, ledger.spend_by_currency(today), upcoming, each
    finally:
        if ledger is not None:
            ledger.close()


def _show(plans: list[Planned], whole: Total, *, several: bool) -> None:
    from sorad.intake.plan import BUY
    from sorad.vault.problems import WHAT_THEY_ARE

    lines: list[str] = []
    for planned in sorted(plans, key=lambda planned: planned.path):
        lines += _lines(planned)
        for item in planned.items:
            what = _("segment {segment}, take {take}").format(segment=item.segment, take=item.take)
            if item.action == BUY:
                whom = f"  {item.target}" if several and item.target and not item.request.provider else ""
                lines.append(f"  + {what}{whom}  {_amount(item.price, item.currency)}  {_form(item.request)}")
            else:
                lines.append(f"  - {what}  {_reason(item)}")
    if not plans:
        lines.append(joined(_("There are no storyboards here."), _(WHAT_THEY_ARE)))
    bought = ngettext(
        "{count} take would be bought: {price}", "{count} takes would be bought: {price}", whole.count
    )
    said = bought.format(count=whole.count, price=in_all(whole))
    lines.append(said if whole.count else _("nothing would be bought."))
    for line in lines:
        say(line)


def _lines(planned: Planned) -> Iterator[str]:
    """A storyboard, why it buys nothing, and which picture goes where."""
    yield planned.path
    yield from (f"  ! {problem}" for problem in planned.problems)
    yield from (f"  · {replace(picture, line=0)}" for picture in planned.pictures)


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


def in_all(whole: Total) -> str:
    """The price of it all, in each currency."""
    known = [_amount(price, currency) for currency, price in whole.prices.items()]
    return " + ".join(known) if whole.sure else _("price not known")


def _as_json(plans: list[Planned], whole: Total, currency: str) -> dict[str, Any]:
    """``price``: in ``currency``, the first provider's; all of them are in ``prices``."""
    from sorad.model import units

    return {
        "takes": whole.count,
        "price": units(whole.prices.get(currency, 0)) if whole.sure else None,
        "currency": currency,
        "prices": {money: units(price) for money, price in whole.prices.items()} if whole.sure else None,
        "storyboards": [
            {
                "path": planned.path,
                "problems": [_problem(problem) for problem in planned.problems],
                "pictures": [_problem(picture) for picture in planned.pictures],
                "takes": [
                    {
                        "segment": item.segment,
                        "take": item.take,
                        "action": item.action,
                        "reason": _reason(item),
                        "price": None if item.price is None else units(item.price),
                        "currency": item.currency,
                        "provider": item.target,
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

"""`sorad plan`: what would be bought, what is skipped and why, and the price. Buys nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from sorad.cli.common import say, to_json
from sorad.messages import N_, _, ngettext

if TYPE_CHECKING:
    from sorad.config.model import Config, Watch
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
    from sorad.cli.settings import file_config
    from sorad.config.model import Config

    return show_plan(file_config(args) or Config(), args.paths, as_json=args.json)


def show_plan(config: Config, paths: list[str], *, force: bool = False, as_json: bool = False) -> int:
    """Print the plan; 0, or 1 where a storyboard has problems."""
    from sorad import providers
    from sorad.config.key import KeySource
    from sorad.intake.plan import total

    key = KeySource(config.provider)
    provider = providers.make(config.provider, key)
    plans = planned(config, paths, _pricer(provider.price, key), force=force)
    count, price, sure = total(plans)
    if as_json:
        say(to_json(_as_json(plans, count, price if sure else None, provider.currency), indent=2))
    else:
        _show(plans, count, price, provider.currency, sure=sure)
        outside = [one.path for one in plans if config.watch and not _owner(config, Path(one.path))]
        if outside:
            text = _("Not below a watched folder, so `sorad run` does not see it: {path}")
            say(text.format(path=_(", ").join(outside)))
    return 1 if any(planned.problems for planned in plans) else 0


def planned(
    config: Config, paths: list[str], price: Callable[[Request], Optional[int]], *, force: bool = False
) -> list[Planned]:
    """What each storyboard in ``paths`` would buy; of all that is watched where there are none.

    Raises as :meth:`SqliteLedger.attach` does, where there is a ledger.
    """
    from sorad.intake.plan import plan_storyboard
    from sorad.ledger.place import ledger_path
    from sorad.ledger.sqlite import SqliteLedger
    from sorad.providers import validator_of

    validate = validator_of(config.provider)
    there = ledger_path(config.state_dir)
    ledger = SqliteLedger.attach(there) if there.exists() else None
    try:
        return [
            plan_storyboard(path, watch, config, validate, price, ledger, force=force)
            for path, watch in _storyboards(config, paths)
        ]
    finally:
        if ledger is not None:
            ledger.close()


def _pricer(
    price: Callable[[Request], Optional[int]], key: Callable[[], str]
) -> Callable[[Request], Optional[int]]:
    """The provider's price where there is a key to ask with: a plan needs none."""
    from sorad.problems import SoradError

    try:
        key()
    except SoradError:
        return lambda request: None
    return price


def _storyboards(config: Config, paths: list[str]) -> list[tuple[Path, Watch]]:
    """The storyboards meant, each with the watched folder it belongs to (or would, by default)."""
    from sorad.config.model import Watch
    from sorad.vault.scan import scan

    roots = [watch.path for watch in config.watch]
    if not paths:
        found = []
        for watch in config.watch:
            others = [root for root in roots if root != watch.path]
            found += [(Path(seen.path), watch) for seen in scan(watch.path, others).files]
        return found
    chosen = []
    for name in paths:
        path = Path(name).expanduser().absolute()
        owner = _owner(config, path)
        if path.is_dir():
            watch = owner or Watch(path=path)
            chosen += [(Path(seen.path), watch) for seen in scan(path, []).files]
        elif path.is_file():
            chosen.append((path, owner or Watch(path=path.parent)))
        else:
            raise _nothing_there(path)
    return chosen


def _owner(config: Config, path: Path) -> Optional[Watch]:
    """The innermost watched folder that a path is, or lies in."""
    return max(
        (watch for watch in config.watch if watch.path == path or watch.path in path.parents),
        key=lambda watch: len(watch.path.parts),
        default=None,
    )


def _nothing_there(path: Path) -> Exception:
    from sorad.problems import Problem, SoradError

    problem = Problem(
        "plan.path", N_("there is no {path}."), N_("Name a storyboard or a folder."), {"path": str(path)}
    )
    return SoradError(problem, exit_code=2)


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
    from sorad.cli.words import clip, form

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
                "problems": [
                    {"code": problem.code, "message": problem.text(), "fix": problem.fix_text()}
                    for problem in planned.problems
                ],
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

"""Control commands that other processes left in the ledger: each is carried out once and answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

from loguru import logger

from sorad.claim import doubles
from sorad.claim.claims import Claims
from sorad.engine.decide import transitions
from sorad.engine.decide.ambiguous import adopt
from sorad.engine.decide.missing_key import NO_KEY
from sorad.engine.decide.pictures import no_provider
from sorad.engine.steps.choose import choose, choose_none
from sorad.engine.steps.context import StepContext, seller_of
from sorad.engine.steps.pictures import go_on
from sorad.engine.steps.redo import another_take
from sorad.engine.steps.retarget import STILL_PAID, retarget
from sorad.engine.steps.reuse import is_reused_and_missing, take_again
from sorad.engine.steps.takeover import take_create_over, take_over_below
from sorad.ledger.chain import is_waiting
from sorad.ledger.copied import is_copied
from sorad.ledger.errors import ClaimLost, IdOwned, IllegalMove
from sorad.ledger.values import Change, Command
from sorad.messages import N_, _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.intents import waits_for_foreign
from sorad.receipts.rescued import is_rescued
from sorad.receipts.writing import drop_intent

Result = dict[str, Any]


class Commands:
    """Carries commands out, in the engine's thread."""

    def __init__(
        self,
        context: StepContext,
        rescan: Callable[[Optional[str]], None],
        claims: Optional[Claims] = None,
        others: Sequence[StepContext] = (),
        note: Callable[[str], int] = lambda path: 0,
    ) -> None:
        """``context``: the first provider's; ``others``: those of the others, which are paused with it."""
        self._context = context
        self._others = others
        self._rescan = rescan
        self._verbs: dict[str, Callable[[Mapping[str, Any]], Result]] = {
            "retry": self._retry,
            "cancel": self._cancel,
            "redo": self._redo,
            "approve": self._approve,
            "resolve": self._resolve,
            "pause": lambda args: self._pause(),
            "resume": self._resume,
            "scan": self._scan,
            "retarget": self._retarget,
            "choose": self._choose,
            "note": lambda args: {"ok": True, "count": note(str(args["path"]))},
        }
        if claims is not None:
            self._verbs["claim"] = lambda args: self._claim(claims, str(args["path"]))
            self._verbs["release"] = lambda args: _done(claims.release(str(args["path"])))

    def run(self) -> bool:
        """All that waits; true if there was any."""
        waiting = self._context.ledger.commands()
        for command in waiting:
            result = self._carry_out(command)
            self._context.ledger.answer(command.id, result, self._context.clock.time())
            logger.info(_("command {verb}: {count}"), verb=command.verb, count=result.get("count", 0))
        return bool(waiting)

    def _carry_out(self, command: Command) -> Result:
        verb = self._verbs.get(command.verb)
        if verb is None:
            return _refused(
                Problem("command.unknown", N_("no command {verb} here."), "", {"verb": command.verb})
            )
        return verb(command.args)

    # --- verbs -------------------------------------------------------------------------------------

    def _claim(self, claims: Claims, path: str) -> Result:
        """This machine buys there from now on, and looks up what another one left open."""
        problem = claims.take(path)
        if problem is None:
            ledger, now = self._context.ledger, self._context.clock.time()
            take_over_below(ledger, path, claims.payer, ledger.recall("currency") or "USD", now)
        return _done(problem)

    def _retry(self, args: Mapping[str, Any]) -> Result:
        states = {State.FAILED}
        if "storyboard" in args:
            states.add(State.DONE)  # those whose video is missing; never of all storyboards at once
        # Without being named, what no storyboard asks for any more is not bought.
        takes = [
            take
            for take in self._named(args, states)
            if "ids" in args or take.wanted or take.state is State.DONE
        ]
        result = self._each((take for take in takes if not is_reused_and_missing(take)), self._retried)
        return self._reused_again([take for take in takes if is_reused_and_missing(take)], result)

    def _reused_again(self, gone: Sequence[Take], result: Result) -> Result:
        """The same for reused videos that are missing: they are taken again, or it is said what helps."""
        left = [take for take in gone if not take_again(self._context, take)]
        count = result["count"] + len(gone) - len(left)
        return {**(_refused(_source_gone(left[0])) if left else result), "count": count}

    def _retried(self, take: Take) -> Optional[Change]:
        now = self._context.clock.time()
        if take.state is State.DONE and is_rescued(take) and Path(take.output).exists():
            return None  # it is there, if not in its own place
        if take.state is State.DONE and take.remote_id and take.error is not None:
            return transitions.fetch_again(now)
        if take.state not in (State.FAILED, State.CANCELLED):
            return None
        if take.remote_id and take.error is not None and take.error.code in STILL_PAID:
            return transitions.look_again(now)
        # Failed, as the provider said: asked after first. Refused: a create of its own.
        return transitions.ask_first(now) if take.remote_id else transitions.buy_anew(now)

    def _cancel(self, args: Mapping[str, Any]) -> Result:
        ended = {State.QUEUED, State.HELD, State.FAILED}

        def cancelled(take: Take) -> Optional[Change]:
            if take.state in ended:
                return Change(State.CANCELLED, "cancel", error=_by_user(take))
            waits = take.state in (State.GENERATING, State.DOWNLOADING) and "ids" in args
            if waits and take.error is not None and take.error.code == NO_KEY:
                return Change(State.FAILED, "cancel", error=take.error)  # `retry` looks again
            return None

        return self._each(self._named(args, ended), cancelled)

    def _approve(self, args: Mapping[str, Any]) -> Result:
        now = self._context.clock.time()
        by_name = "ids" in args or "storyboard" in args
        takes = list(self._named(args, {State.HELD}))
        for root in {take.root for take in takes}:
            self._rescan(root)  # whoever approves does not wait for the end of an edit
        return self._each(
            takes,
            lambda take: (
                Change(State.QUEUED, "approved", due_at=now, clear_error=True, approved=True)
                if take.state is State.HELD
                and (by_name or not is_copied(take))
                and not waits_for_foreign(take)
                and not is_waiting(take)  # it goes on by itself, and not without its frame
                else None
            ),
        )

    def _redo(self, args: Mapping[str, Any]) -> Result:
        count = 0
        for take in list(self._named(args, set(State))):
            count += another_take(
                self._context.ledger, take, self._context.clock.time(), self._context.config
            )
        return {"ok": True, "count": count}

    def _retarget(self, args: Mapping[str, Any]) -> Result:
        name, context = str(args["provider"]), self._context
        config = next((one for one in context.providers if one.title == name), None)
        if config is None:
            return _refused(no_provider(name, [one.title for one in context.providers]))
        found = [
            retarget(context, take, config, str(args.get("model", "")))
            for take in list(self._named(args, set()))
        ]
        why = next((one for one in found if isinstance(one, Problem)), None)
        count = sum(one is True for one in found)
        return {**({"ok": True} if why is None else _refused(why)), "count": count}

    def _choose(self, args: Mapping[str, Any]) -> Result:
        move = choose_none if args.get("none") else choose
        return {"ok": True, "count": move(self._context, self._named(args, {State.DONE}))}

    def _resolve(self, args: Mapping[str, Any]) -> Result:
        """Each take by itself: of several, those that cannot be resolved leave the others alone."""
        if args.get("how") == "seen":
            numbers = {int(number) for number in args["ids"]}
            return {"ok": True, "count": doubles.see(self._context.ledger, lambda one: one.take in numbers)}
        done = [self._resolve_one(int(number), args) for number in args.get("ids") or [args["id"]]]
        count = sum(one["count"] for one in done)
        return {**next((one for one in done if not one["ok"]), done[0]), "count": count}

    def _taken_over(self, number: int) -> Optional[Take]:
        """The take of a number; what another sorad left open of it is ours from now on."""
        context = self._context
        take = context.ledger.take(number)
        if take is None or not waits_for_foreign(take):
            return take
        currency = seller_of(context, take).currency
        return take_create_over(
            context.ledger, take, context.claims.payer(take.root), currency, context.clock.time()
        )

    def _resolve_one(self, number: int, args: Mapping[str, Any]) -> Result:
        take, how = self._taken_over(number), args.get("how")
        failed = take is not None and take.state is State.FAILED and how == "adopt"
        if take is None or not (failed or take.state is State.UNKNOWN):
            return _refused(_not_unknown(number))
        if take.claim:
            return {"ok": False, "count": 0, "problem": _busy(1).to_json()}  # it is being looked up just now
        now = self._context.clock.time()
        if how == "adopt":
            return self._adopt(take, str(args.get("remote_id", "")), now)
        if how == "resend":
            change = Change(State.QUEUED, "resend", due_at=now, attempt=0, clear_error=True, fresh=True)
        else:
            change = Change(State.CANCELLED, "dropped", error=_by_user(take))
        result = self._each([take], lambda _take: change)
        if result["ok"]:  # where a task is adopted, the receipt takes its place first
            drop_intent(self._context.claims.payer(take.root), take)
        return result

    def _adopt(self, take: Take, remote_id: str, now: float) -> Result:
        failed = take.state is State.FAILED
        own = {one.remote_id for one in self._context.ledger.bought(take.id)} if failed else set()
        if remote_id not in own and self._context.ledger.owned([remote_id], take.place):
            return _refused(_owned(remote_id))
        change = adopt(take, remote_id, now)
        if failed:
            # It has given its slot up, and the money of a task of its own counts since then.
            told = replace(change, accepted_at=None) if remote_id in own else change
            change = replace(told, parked=True, watched=self._context.config.polling.give_up_after)
        return self._each([take], lambda _take: change)

    def _pause(self) -> Result:
        for context in (self._context, *self._others):
            context.control.pause(paused=True)
        return {"ok": True, "count": 1}

    def _resume(self, args: Mapping[str, Any]) -> Result:
        if "pictures" in args:
            return self._resume_pictures(str(args["pictures"]))
        for context in (self._context, *self._others):
            context.control.resume()
        return {"ok": True, "count": 1}

    def _resume_pictures(self, name: str) -> Result:
        """Buying with pictures goes on at a provider, whatever its videos looked like."""
        contexts = {
            context.name or context.config.provider.title: context
            for context in (self._context, *self._others)
        }
        context = contexts.get(name)
        if context is None:
            return _refused(no_provider(name, contexts))
        context.control.pictures.vouch()
        now = context.clock.time()
        return {"ok": True, "count": go_on(context.ledger, now, lambda take: False, context.targets)}

    def _scan(self, args: Mapping[str, Any]) -> Result:
        self._rescan(args.get("path"))
        return {"ok": True, "count": 1}

    # --- helpers -----------------------------------------------------------------------------------

    def _named(self, args: Mapping[str, Any], states: set[State]) -> Iterator[Take]:
        """The takes a command speaks of: by ids, by storyboard (and segment), or all in ``states``."""
        if "ids" in args:
            found = (self._context.ledger.take(int(number)) for number in args["ids"])
            return (take for take in found if take is not None)
        return self._context.ledger.takes(
            states=states, storyboard=args.get("storyboard"), segment=args.get("segment")
        )

    def _each(self, takes: Any, decide: Callable[[Take], Optional[Change]]) -> Result:
        count, busy = 0, 0
        for take in list(takes):
            change = decide(take)
            if change is None:
                continue
            try:
                self._context.ledger.record(take, change, self._context.clock.time())
                count += 1
            except IdOwned as error:  # found on the list just now
                return {**_refused(_owned(str(error))), "count": count}
            except (ClaimLost, IllegalMove):
                busy += 1
        if busy:
            return {"ok": False, "count": count, "problem": _busy(busy).to_json()}
        return {"ok": True, "count": count}


def _by_user(take: Take) -> Problem:
    return Problem(
        "take.cancelled",
        N_("cancelled by you."),
        N_("`sorad retry {take}` queues it again."),
        {"take": take.id},
    )


def _source_gone(take: Take) -> Problem:
    return Problem(
        "command.reused",
        N_(
            "take {take} owns no task: its video was reused from the task {remote_id}, whose video is gone, too."
        ),
        N_("`sorad retry` of the take of that task fetches it anew; `sorad redo {take}` buys one more."),
        {"take": take.id, "remote_id": take.reused},
    )


def _done(problem: Optional[Problem]) -> Result:
    return {"ok": True, "count": 1} if problem is None else _refused(problem)


def _refused(problem: Problem) -> Result:
    return {"ok": False, "count": 0, "problem": problem.to_json()}


def _not_unknown(number: int) -> Problem:
    return Problem(
        "command.resolve",
        N_("take {take} does not wait to be resolved."),
        N_("`sorad list --state unknown` shows those that do."),
        {"take": number},
    )


def _owned(remote_id: str) -> Problem:
    return Problem(
        "command.owned",
        N_("the task {remote_id} belongs to another take already."),
        N_("`sorad list --json` shows which."),
        {"remote_id": remote_id},
    )


def _busy(count: int) -> Problem:
    return Problem(
        "command.busy",
        N_("Left as they are, for they were being worked on just then: {count}."),
        N_("Try again in a moment."),
        {"count": count},
    )

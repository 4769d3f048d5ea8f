"""`sorad simulate`: the built-in simulated API, with faults on request."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.common import complain, say
from sorad.messages import N_, _

if TYPE_CHECKING:
    from sorad.simulator import Simulator
    from sorad.simulator.script import Script
    from sorad.simulator.wire import Exchange

# Tasks take 3 to 30 minutes in life; at this speed a rehearsal of them takes 9 to 90 seconds.
SPEED = 20.0

EPILOG = N_(
    """\
Faults are written KIND[=RATE][,OPTION=VALUE...], and --fault may be given many times:
  --fault rate=0.1            every tenth create gets 429
  --fault cut,count=3         the next three downloads break off
  --fault fail,match=storm    tasks with "storm" in the prompt fail
  --fault fail,seconds=90     tasks are said to have failed, and are videos 90 seconds later
  --fault server,status=503,target=poll

Kinds, by what they strike:
  any call    rate, server, reset_before, reset_after, slow, slow_headers, html
  create      no_id, balance, blocked, person, retired, repeated
  API calls   key
  poll        lost_task
  new tasks   stuck, fail, ignore_picture, flawed, labelled
  download    cut, slow_download, crawl, redirect, expired, html_download, wrong_length, no_moov
  the list    list_lag, list_cap, list_repeat, list_size, list_more, list_empty, list_stub,
              list_dates, list_text, list_ended, list_forget
  the clock   clock_skew
Options:
  rate        the share that is struck, 0 to 1
  count       how many times
  match       only where the prompt has these words
  target      create, poll, list, account, delete, download, any
  status, seconds, retry_after
  rows        of the list, or of a page of it
  how         what the list makes of texts: lower, at, halfwidth, translated, rewritten, none
  accepted    true: the call takes effect all the same
  location    where a redirect leads

While it runs, at the same address, from this machine only:
  GET    /control/stats       requests, accepted creates by prompt, money, keys sent to a wrong host
  POST   /control/faults      "rate=0.5" or {"kind": "rate", "rate": 0.5}, or a list of them
  DELETE /control/faults      all, or ?kind=rate
  POST   /control/balance     {"balance": 50}
  POST   /control/capacity    {"capacity": 20}: tasks at once; null: no limit
"""
)

SAMPLE = """\
  {"create": [{"status": 408, "body": {"error": {"message": "Timeout"}}}],
   "poll":   [{"body": {"id": "{id}", "status": "completed",
                        "url": "http://{host}/files/a.mp4"}}]}"""

SCRIPT = N_(
    """\
A script is a JSON object of answers, given one after the other, the last one for ever:
{sample}
  create, poll, content (the video from the API itself), list
  status (200), headers, body: JSON or text, with {fields} filled in
  accept      of a create: whether the task is taken and charged for (true)
  id          beside them: the id of every task
"""
)


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "simulate",
        parents=common,
        help=_("a simulated API on this machine, for rehearsals"),
        description=_(
            "Serves a simulated generation API on this machine, in the formats of all kinds of providers: no key, no "
            "network, no money. docs/rehearsing.md has the base_url of each. Ctrl+C ends it."
        ),
        epilog=f"{_(EPILOG)}\n{_(SCRIPT).format(sample=SAMPLE, fields='{id} {host} {now}')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option(
        "--host", default="127.0.0.1", metavar=_("HOST"), help=_("a loopback address (default: 127.0.0.1)")
    )
    option(
        "--port",
        type=int,
        default=8799,
        metavar=_("PORT"),
        help=_("the port of the API (default: 8799; 0: any)"),
    )
    option(
        "--files-port",
        type=int,
        metavar=_("PORT"),
        help=_("the port of the downloads, which are another host's (default: 10000 above that, or any)"),
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed",
        type=_above_zero,
        default=SPEED,
        metavar=_("N"),
        help=_("how many times faster than in life, where tasks take 3 to 30 minutes (default: 20)"),
    )
    pace.add_argument(
        "--task-seconds",
        type=_not_negative,
        nargs=2,
        metavar=(_("MIN"), _("MAX")),
        help=_("how long tasks take, instead"),
    )
    option(
        "--size", type=_size, default="10.6 MB", metavar=_("SIZE"), help=_("of a video (default: 10.6 MB)")
    )
    option(
        "--balance",
        type=_not_negative,
        default=50.0,
        metavar=_("N"),
        help=_("dollars to spend (default: 50)"),
    )
    option("--capacity", type=int, metavar=_("N"), help=_("tasks at once; more get 429 (default: no limit)"))
    option("--fault", action="append", default=[], metavar=_("FAULT"), help=_("what goes wrong; see below"))
    option("--script", metavar=_("FILE"), help=_("answer from this file of answers (JSON); see below"))
    option("--seed", type=int, metavar=_("N"), help=_("the same again: ids, times and faults"))
    option("--key", metavar=_("KEY"), help=_("the only key that is taken (default: any)"))
    option(
        "--url-seconds",
        type=_not_negative,
        default=172_800.0,
        metavar=_("S"),
        help=_("life of a download URL"),
    )
    option("--state", metavar=_("FILE"), help=_("keep the tasks in this file over restarts"))
    option("--verbose", "-v", action="store_true", help=_("a line for each request"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Serve until Ctrl+C."""
    from sorad.cli.shared.signals import Ending

    with Ending() as ending:
        simulator = make(args)
        try:
            complain(_("The simulator runs; Ctrl+C ends it. For config.toml:"))
            say(config_lines(simulator), flush=True)
            ending.wait()
        finally:
            simulator.close()
    return 0


def config_lines(simulator: Simulator) -> str:
    """What goes into config.toml."""
    return f'[provider]\nkind = "simulator"\nbase_url = "{simulator.base_url}"'


def make(args: argparse.Namespace) -> Simulator:
    """The simulator that the flags ask for, started; :class:`SoradError` where it cannot be."""
    import random

    from sorad.problems import Problem, SoradError
    from sorad.simulator import Simulator
    from sorad.simulator.control import is_loopback

    if not is_loopback(args.host):
        message = N_("the simulator only serves this machine, and {host} is no loopback address.")
        problem = Problem(
            "simulate.host", message, N_("Leave --host out, or say 127.0.0.1."), {"host": args.host}
        )
        raise SoradError(problem, exit_code=2)
    try:
        simulator = Simulator(
            seed=random.SystemRandom().getrandbits(32) if args.seed is None else args.seed,
            task_seconds=tuple(sorted(args.task_seconds)) if args.task_seconds else None,
            speed=args.speed,
            file_size=args.size,
            balance=args.balance,
            capacity=args.capacity,
            faults=args.fault,
            host=args.host,
            port=args.port,
            files_port=args.files_port,
            key=args.key,
            url_seconds=args.url_seconds,
            persist=args.state,
            watch=show if args.verbose else None,
            script=read_script(args.script) if args.script is not None else None,
        )
    except (OSError, ValueError, KeyError) as error:
        message = N_("the state file {path} cannot be used: {error}.")
        fix = N_("Name another file with --state, or leave it out.")
        problem = Problem("simulate.state", message, fix, {"path": str(args.state), "error": str(error)})
        raise SoradError(problem) from error
    try:
        return simulator.start()
    except (OSError, OverflowError) as error:
        simulator.close()
        message = N_(
            "the simulator cannot listen on port {port} of {host}, or on {files_port} for the files: {error}."
        )
        fix = N_("Choose another with --port and --files-port; 0 takes any that is free.")
        params = {
            "port": args.port,
            "files_port": simulator.files_port,
            "host": args.host,
            "error": getattr(error, "strerror", None) or str(error),
        }
        raise SoradError(Problem("simulate.port", message, fix, params)) from error


def read_script(path: str) -> Script:
    """The script in a file; :class:`SoradError` where there is none."""
    from sorad.problems import Problem, SoradError
    from sorad.simulator.script import parse

    fix = N_("How a script is written is shown by `sorad simulate --help`.")
    try:
        return parse(Path(path).read_text("utf-8-sig"))
    except SoradError as error:
        message = N_("the script {path} cannot be played: {reason}")
        reason: Problem | str = error.problem
    except (OSError, ValueError) as error:
        message = N_("the script {path} cannot be read: {reason}.")
        reason = getattr(error, "strerror", None) or str(error)
    raise SoradError(Problem("simulate.script", message, fix, {"path": path, "reason": reason}), exit_code=2)


def show(exchange: Exchange) -> None:
    """One line for an exchange."""
    status = str(exchange.status) if exchange.status else _("cut")
    note = f"  {exchange.note}" if exchange.note else ""
    complain(f"{exchange.request_id}  {status}  {exchange.method} {exchange.path}{note}")


def _size(text: str) -> int:
    from sorad.units import parse_size

    try:
        return parse_size(int(text) if text.isdecimal() else text)
    except ValueError:
        raise argparse.ArgumentTypeError(_('{value} is no size; write "2 MB".').format(value=text)) from None


def _not_negative(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(_("{value} is no number from 0 on.").format(value=text))
    return value


def _above_zero(text: str) -> float:
    value = _not_negative(text)
    if not value:
        raise argparse.ArgumentTypeError(_("it must be above 0."))
    return value

"""Whether messages and the ping could go out: what is installed, and whether their addresses can be found.

Nothing is sent: `sorad notify --test` does that.
"""

from __future__ import annotations

from collections.abc import Iterator

from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok
from sorad.messages import N_, ngettext
from sorad.notify.sender import missing
from sorad.notify.targets import readable_by_others, resolved, targets
from sorad.problems import SoradError


def check(context: Context) -> Iterator[Finding]:
    """Look and judge; nothing where nobody is to be told."""
    config = context.config
    if config is None:
        return
    # a variable of the service's own is not seen from a shell
    level = Level.WARNING if context.shell_unseen else Level.PROBLEM
    if config.notify.urls or config.notify.urls_file is not None:
        lacking = missing()
        if lacking is not None:
            yield Finding("notify", Level.PROBLEM, lacking)
        unwise = readable_by_others(config.notify)
        if unwise is not None:
            yield Finding("notify", Level.WARNING, unwise)
        try:
            count = len(targets(config.notify, context.env))
        except SoradError as error:
            yield Finding("notify", level, error.problem)
        else:
            if lacking is None:
                yield ok(
                    "notify",
                    "notify.ok",
                    N_("{addresses}; `sorad notify --test` tries them"),
                    addresses=ngettext("{count} address", "{count} addresses", count).format(count=count),
                )
    for url in filter(None, (config.ping.url, config.ping.fail_url)):
        try:
            resolved(url, context.env)
        except SoradError as error:
            yield Finding("ping", level, error.problem)

"""All checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable, NamedTuple

from sorad.doctor import (
    account,
    daemon,
    disk,
    folders,
    labels,
    ledger,
    media,
    notify,
    proxy,
    service,
    setup,
    state,
    versions,
)
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding
from sorad.messages import N_

# What each check is called for people; the names themselves are for programs.
TITLES = {
    "config": N_("config"),
    "key": N_("key"),
    "provider": N_("provider"),
    "balance": N_("balance"),
    "clock": N_("clock"),
    "proxy": N_("proxy"),
    "notify": N_("messages"),
    "ping": N_("ping"),
    "root": N_("folder"),
    "inotify": N_("watch limit"),
    "storyboards": N_("storyboards"),
    "media": N_("pictures"),
    "disk": N_("disk"),
    "labels": N_("labels"),
    "state_dir": N_("state_dir"),
    "ledger": N_("ledger"),
    "log": N_("log"),
    "lock": N_("lock"),
    "daemon": N_("daemon"),
    "status": N_("status"),
    "service": N_("service"),
    "lingering": N_("lingering"),
    "sandbox": N_("sandbox"),
    "versions": N_("versions"),
}


class Group(NamedTuple):
    """Checks that belong together; each looks and judges, and may tell of several names."""

    name: str
    title: str
    checks: tuple[Callable[[Context], Iterator[Finding]], ...]


GROUPS = (
    Group("setup", N_("Config and provider"), (setup.check, account.check, proxy.check, notify.check)),
    Group("folders", N_("Folders"), (folders.check, media.check, labels.check, disk.check)),
    Group("state", N_("Ledger and log"), (state.check, ledger.check)),
    Group("daemon", N_("Daemon and service"), (daemon.check, service.check)),
    Group("versions", N_("Versions"), (versions.check,)),
)


def examine(context: Context) -> Iterator[tuple[Group, Finding]]:
    """All findings, each as soon as it is there: some wait for a network."""
    for group in GROUPS:
        for check in group.checks:
            for finding in check(context):
                yield group, finding

"""Labels in what was delivered lately: whether each provider's videos say that they were generated.

What the law asks of whom is no matter of a check: it tells what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sorad.doctor.context import Context, within
from sorad.doctor.finding import Finding, ok
from sorad.files.labels import Labels
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.messages import N_
from sorad.model import Take
from sorad.problems import SoradError
from sorad.receipts.writing import labels_at

ANSWER = 5.0  # seconds
_LATEST = 20  # videos that are looked at


def check(context: Context) -> Iterator[Finding]:
    """Look and judge; nothing where no video was delivered, or none can be read in time."""
    found = within(ANSWER, lambda: look(context))
    yield from judge(found or {})


def look(context: Context) -> Mapping[str, Sequence[Labels]]:
    """The labels of the latest videos, by provider."""
    found: dict[str, list[Labels]] = defaultdict(list)
    for take in _takes(context):
        if Path(take.output).is_file():
            found[take.provider].append(labels_at(Path(take.output)))
    return found


def _takes(context: Context) -> Sequence[Take]:
    if context.state_dir is None:
        return ()
    try:
        ledger = SqliteLedger.attach(ledger_path(context.state_dir))
        try:
            return ledger.latest(_LATEST)
        finally:
            ledger.close()
    except (SoradError, LedgerUnavailable, LedgerDamaged):
        return ()  # another check tells of it


def judge(found: Mapping[str, Sequence[Labels]]) -> Iterator[Finding]:
    """What the latest videos have."""
    for provider, labels in sorted(found.items()):
        yield ok(
            "labels",
            "labels",
            N_("{provider}: of its last {count} videos {aigc} have AIGC metadata, {c2pa} a C2PA manifest."),
            provider=provider or "?",
            count=len(labels),
            aigc=sum(bool(one.aigc) for one in labels),
            c2pa=sum(one.c2pa for one in labels),
        )

"""The pages of the endpoint, and what they are made from."""

from __future__ import annotations

from typing import Optional

from sorad.http.exposition import CONTENT_TYPE
from sorad.http.latency import Latencies
from sorad.http.pages import health, metrics
from sorad.http.server import Page, Pages, json_page, plain_page
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.model import State
from sorad.notify.view import Viewer


def pages(look: Viewer, ledger: Ledger, latencies: Latencies) -> Pages:
    """Makes a page when it is asked for."""

    def page(path: str) -> Optional[Page]:
        if path == "/health":
            return json_page(*health(look()))
        if path == "/metrics":
            view = look()
            try:
                oldest = oldest_queued(ledger) if view.facts.counts[State.QUEUED] else None
                text = metrics(view, latencies.read(), oldest)
            except LedgerUnavailable:
                # no numbers are better than old ones that look new; `up` turns 0 in Prometheus
                return plain_page(503, "The ledger cannot be read just now.")
            return Page(200, CONTENT_TYPE, text.encode())
        return None

    return page


def oldest_queued(ledger: Ledger) -> Optional[float]:
    """Since when (epoch seconds) the first take in the queue waits to be bought, refused tries included."""
    take = next(iter(ledger.takes(states=[State.QUEUED], limit=1)), None)
    if take is None:
        return None
    since = take.created_at
    for event in reversed(ledger.history(take.id)):
        if event.state not in (State.QUEUED, State.SUBMITTING):
            break  # it failed, was held or cancelled before, and began to wait again after that
        since = event.at
    return since

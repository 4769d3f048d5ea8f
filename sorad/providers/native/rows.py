"""A row of a native API's list of tasks, read along data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from sorad.providers.answers import ids, statuses
from sorad.providers.answers.listing import Page
from sorad.providers.base import Fault, RemoteTask, Trouble
from sorad.providers.errors import faults
from sorad.providers.wire import reading


@dataclass(frozen=True)
class Row:
    """Where a row has what, as dotted paths; ``""``: it does not have it. ``shown``: by the names of
    :data:`sorad.providers.finding.SHAPE`."""

    id: str = "id"
    status: str = "status"
    created: tuple[str, ...] = ("created_at",)
    prompt: str = ""
    own_id: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)


def page_of(
    body: Any, form: Row, rows: str, total: str = "", more: str = "", after: str = ""
) -> Union[Page, Fault]:
    """A page; a fault, where ``rows`` is no list. ``total``, ``more``, ``after``: where it says how many there are,
    whether more follow, and where the next page begins."""
    found = reading.at(body, rows)
    if not isinstance(found, list):
        return Fault(Trouble.SERVER, faults.answer(reading.sentence(body), 200))
    return Page(
        [task_of(row, form) for row in found],
        total=reading.whole(reading.at(body, total)) if total else None,
        more=reading.truth(reading.at(body, more)) if more else None,
        after=reading.identifier(reading.at(body, after)) if after else "",
    )


def task_of(row: Any, form: Row) -> Optional[RemoteTask]:
    """The task in a row; ``None`` where it names none."""
    remote_id = ids.identifier(reading.at(row, form.id))
    if not remote_id:
        return None
    created = map(reading.epoch, (reading.at(row, path) for path in form.created))
    shown = {name: reading.at(row, path) for name, path in form.shown.items()}
    ended = (statuses.COMPLETED, statuses.FAILED)
    return RemoteTask(
        remote_id,
        _text(row, form.prompt),
        next((one for one in created if one is not None), None),
        own_id=_text(row, form.own_id) if form.own_id else None,
        shown={name: _plain(name, value) for name, value in shown.items() if value not in (None, "")},
        running=bool(form.status) and statuses.meaning(reading.at(row, form.status)) not in ended,
    )


def _text(row: Any, path: str) -> str:
    """A text as it stands; ``""`` where there is none."""
    found = reading.at(row, path) if path else ""
    return found if isinstance(found, str) else ""


def _plain(name: str, value: Any) -> Any:
    if name == "seconds":
        return reading.whole(value)
    return value if isinstance(value, bool) else reading.text(value)

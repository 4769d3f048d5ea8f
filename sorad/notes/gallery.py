"""One page that shows storyboards with their takes side by side: static, self-contained, from what notes show. Pure.

Everything that users or providers wrote is escaped. The videos stay where they are; the page links to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from sorad.messages import _, language
from sorad.model import STATE_NAMES, State, units
from sorad.notes.view import TakeView, View
from sorad.plaintext import one_line, printable

TEMPLATE = Path(__file__).with_name("gallery.html.jinja")


def page(views: Sequence[View], made: str) -> str:
    """The page; ``made``: when, for people. ``views`` have paths from the page's folder."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return str(
        template.render(
            language=language(),
            made=made,
            boards=[_board(view) for view in views],
            words={
                "segment": _("Segment {number}"),
                "steps": _("← → step, ↑ ↓ segments, Space plays, C copies the command that chooses"),
                "copied": _("Copied:"),
                "older": _("of an earlier text"),
                "chosen": _("chosen"),
                "counts": _("counts until you choose"),
                "none": _("nothing yet"),
            },
        )
    )


def _board(view: View) -> dict[str, object]:
    spent = " · ".join(f"{units(amount):.2f} {one_line(name)}" for name, amount in view.spent.items())
    counts = " · ".join(
        f"{_(STATE_NAMES[state])} {view.counts[state]}" for state in STATE_NAMES if view.counts.get(state)
    )
    return {
        "name": one_line(view.name),
        "counts": counts,
        "spent": spent,
        "segments": [
            {
                "number": segment.number,
                "prompt": printable(segment.prompt),
                "takes": [_take(take) for take in segment.takes],
            }
            for segment in view.segments
        ],
    }


def _take(view: TakeView) -> dict[str, object]:
    take = view.take
    is_there = take.state is State.DONE and (take.error is None or take.error.code != "take.missing")
    return {
        "id": take.id,
        "name": f"T{take.take}",
        "state": _(STATE_NAMES[take.state]),
        "length": _("{count} s").format(count=take.request.seconds),
        "price": "" if take.cost is None else f"{units(take.cost):.2f} {one_line(take.currency)}".strip(),
        "error": "" if take.error is None else one_line(take.error.text()),
        "video": address(view.video) if is_there else "",
        "poster": address(view.poster) if view.poster else "",
        "flaws": [one_line(one) for one in view.flaws],
        "older": view.older,
        "chosen": view.chosen,
        "shown": view.shown,
        "can_choose": take.state is State.DONE,
    }


def address(path: str) -> str:
    """A path from the page's folder, or an absolute one, as a page may name it."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path, safe="/")

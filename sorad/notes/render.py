"""From what a note shows to its lines. Pure except for the language in force."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from sorad.messages import _
from sorad.model import STATE_NAMES, State, units
from sorad.notes.boxes import written
from sorad.notes.view import SegmentView, TakeView, View
from sorad.plaintext import one_line, printable

# Whatever Markdown, Obsidian or its plugins could take for more than a letter.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|!~^$%=:])")
_UNFIT = re.compile(r"[\[\]|#^%]")  # in a wiki link
POSTER_WIDTH = "240"  # pixels, as Obsidian reads them from a picture's label
LONGEST_PROMPT = 1_200  # characters; the rest stands in the storyboard


def properties_of(view: View, updated: str) -> dict[str, str]:
    """The note's properties, flat, as YAML values. ``updated``: a date and time."""
    spent = next(iter(view.spent.items()), ("", 0))
    return {
        "sorad_storyboard": _quoted(f"[[{view.name}]]"),
        "sorad_state": view.state,
        "sorad_done": str(view.counts.get(State.DONE, 0)),
        "sorad_total": str(view.total),
        "sorad_failed": str(view.counts.get(State.FAILED, 0)),
        "sorad_cost": f"{units(spent[1]):.2f}",
        "sorad_currency": _quoted(spent[0]),
        **({"sorad_poster": _quoted(f"[[{PurePosixPath(view.poster).name}]]")} if view.poster else {}),
        "sorad_updated": updated,
    }


def block(view: View, *, markdown_links: bool, advice: str = "") -> list[str]:
    """The lines between the markers. ``advice``: a line for whom nothing can be looked at; "": none."""
    lines = [
        _summary(view),
        "",
        _("What stands between the sorad marks is written anew; write above or below."),
        "",
    ]
    lines += [advice, ""] if advice else []
    for segment in view.segments:
        lines += [*_segment(segment, markdown_links), ""]
    return lines[:-1]


def advice(reason: str, command: str) -> str:
    """A line that says why there are no pictures, and which command brings them."""
    told = _("No posters and checks: {reason}").format(reason=text(reason))
    return f"{told} `{one_line(command).replace('`', '')}`"


def _summary(view: View) -> str:
    counts = [
        f"{_(STATE_NAMES[state])} {view.counts[state]}" for state in STATE_NAMES if view.counts.get(state)
    ]
    spent = [f"{units(amount):.2f} {text(currency)}" for currency, amount in view.spent.items()]
    nothing = _("nothing yet")
    return f"**{' · '.join([*counts, *spent]) or nothing}**"


def _segment(segment: SegmentView, markdown_links: bool) -> Iterator[str]:
    title = _("Segment {number}").format(number=segment.number)
    yield f"## {title}"
    yield ""
    prompt = (
        segment.prompt if len(segment.prompt) <= LONGEST_PROMPT else f"{segment.prompt[:LONGEST_PROMPT]}…"
    )
    for line in printable(prompt).split("\n"):
        yield f"> {text(line)}".rstrip()
    yield ""
    shown = next((one for one in segment.takes if one.shown), None)
    if shown is not None:
        yield link(shown.video, "", markdown_links, embed=True)
        yield ""
    if segment.told:
        yield f"**{text(segment.told)}**"
        yield ""
    for take in segment.takes:
        yield _line(take, markdown_links)
        if take.poster:
            yield f"  {link(take.poster, POSTER_WIDTH, markdown_links, embed=True)}"


def _line(view: TakeView, markdown_links: bool) -> str:
    take = view.take
    name = f"T{take.take}"
    parts = [
        link(view.video, name, markdown_links) if take.state is State.DONE else name,
        _(STATE_NAMES[take.state]),
    ]
    parts.append(_("{count} s").format(count=take.request.seconds))
    if take.cost is not None:
        parts.append(f"{units(take.cost):.2f} {text(take.currency)}".strip())
    parts += [_("of an earlier text")] if view.older else []
    parts += [_("chosen")] if view.chosen else [_("counts until you choose")] if view.shown else []
    parts += map(text, view.flaws)
    parts += [text(one_line(take.error.text()))] if take.error is not None else []
    parts.append(f"`sorad {'choose' if take.state is State.DONE else 'show'} {take.id}`")
    box = "[x] " if view.chosen else "[ ] " if view.box else ""
    return f"- {box}{' · '.join(parts)}{f' {written(view.box)}' if view.box else ''}"


def link(path: str, label: str, markdown_links: bool, *, embed: bool = False) -> str:
    """A link to a file beside the note; ``embed``: that shows it. Wiki links name the file alone, which is unique."""
    mark = "!" if embed else ""
    name = path.rpartition("/")[2]
    if markdown_links or _UNFIT.search(name):
        return f"{mark}[{text(label)}](<{quote(path, safe='/')}>)"
    return f"{mark}[[{name}{f'|{label}' if label else ''}]]"


def text(words: str) -> str:
    """Words of users or providers in one line, so that nothing in them means anything to Markdown."""
    return _SIGNS.sub(r"\\\1", one_line(words))


def _quoted(value: str) -> str:
    return json.dumps(one_line(value), ensure_ascii=False)


# --- the note of a whole vault ----------------------------------------------------------------------------


def vault_block(
    views: Sequence[tuple[View, str]], today: Mapping[str, int], waits: Sequence[str], *, markdown_links: bool
) -> list[str]:
    """The lines of the note of a watched folder. ``views``: each with the path of its note, "" where there is none;
    ``today``: micro-units spent by currency; ``waits``: what waits for the user."""
    spent = " · ".join(f"{units(amount):.2f} {text(name)}" for name, amount in today.items())
    lines = [_("Spent today: {spent}").format(spent=spent or "0"), ""]
    lines += [*(f"- {text(one)}" for one in waits), ""] if waits else []
    for view, note in views:
        name = link(note, view.name, markdown_links) if note else text(view.name)
        lines.append(f"- {name} {_summary(view)}")
    return lines

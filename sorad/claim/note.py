"""The note in a vault that says who buys there: its text, written and read. Pure.

It is Markdown, because that is what every sync service carries (Obsidian Sync leaves dot-folders behind and
may leave JSON behind). Obsidian Sync merges Markdown and may repeat or mangle text, others leave conflict
copies: so every claim is one line with a checksum, several of them are all believed, and one that cannot be
read any more is told from none.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

NAME = "sorad-claim.md"
BEGIN, END = "%% sorad:begin %%", "%% sorad:end %%"

_TOKEN = "sorad-claim v"
_CLAIM = re.compile(
    r"sorad-claim v1 generation=(?P<generation>\d{1,9}) machine=(?P<machine>[0-9a-f]{16}) "
    r"home=(?P<home>[0-9a-f]{16}|-) since=(?P<since>[0-9TZ:-]{1,20}) state=(?P<state>held|released) "
    r"name=(?P<name>\S*) sum=(?P<sum>[0-9a-f]{8})"
)
# The last beginning before an end: what stands between two beginnings is somebody else's text.
_BLOCK = re.compile(rf"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}\n?", re.DOTALL)
_STRAY = re.compile(rf"(?m)^.*(?:{re.escape(BEGIN)}|{re.escape(END)}|{_TOKEN}).*$\n?")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Claim:
    """One machine's claim to be the one that buys. The highest generation counts; the time never does."""

    machine: str  # 16 hex digits
    generation: int  # from 1 on; every takeover and release adds one
    name: str = ""  # of the computer, for people
    home: str = ""  # what tells an installation that lost its identity (see sorad.claim.machine)
    since: str = ""  # ISO time, for people
    released: bool = False  # nobody's: the next machine may claim

    def line(self) -> str:
        """The machine-readable line."""
        body = (
            f"sorad-claim v1 generation={self.generation} machine={self.machine} home={self.home or '-'} "
            f"since={self.since or '-'} state={'released' if self.released else 'held'} "
            f"name={quote(self.name[:_LONGEST_NAME], errors='replace')}"
        )
        return f"{body} sum={_sum(body)}"


@dataclass(frozen=True)
class Reading:
    """What the notes of a vault say."""

    claims: tuple[Claim, ...] = ()
    damaged: bool = False  # a claim was there and cannot be read any more
    copies: tuple[Claim, ...] = ()  # claims in conflict copies of the note


def read(text: str) -> Reading:
    """The claims in a note, wherever they stand in it."""
    claims = []
    for found in _CLAIM.finditer(text):
        body = found[0].rpartition(" sum=")[0]
        if _sum(body) == found["sum"]:
            claims.append(_claim_of(found))
    damaged = text.count(_TOKEN) > len(claims) or (BEGIN in text and not claims)
    return Reading(tuple(dict.fromkeys(claims)), damaged)


def write(text: str, claim: Claim) -> str:
    """The note with ``claim`` as its only one; what people wrote around it stays."""
    first = min((at for at in (text.find(BEGIN), text.find(_TOKEN)) if at >= 0), default=len(text))
    before = text[: text.rfind("\n", 0, first) + 1] if first < len(text) else text
    after = text[len(before) :]
    before = before.rstrip("\n") + "\n\n" if before.strip() else ""
    after = _STRAY.sub("", _BLOCK.sub("", after)).strip("\n")
    return before + _block(claim) + (f"\n{after}\n" if after else "")


def _block(claim: Claim) -> str:
    name = re.sub(r"[^\w .-]", "", claim.name)[:_LONGEST_NAME] or claim.machine
    if claim.released:
        zh = f"电脑 {name} 已不再为这里购买视频；下一台运行 sorad 的电脑会接手。"
        en = f"The computer {name} no longer buys videos here; the next one that runs sorad takes over."
    else:
        zh = f"这里的视频只由电脑 {name} 购买，以免重复付费。要换一台：在那台上运行 `sorad claim`。请保留此笔记。"
        en = (
            f"Only the computer {name} buys videos here, so that nothing is paid for twice. "
            "To let another one do it, run `sorad claim` there. Please keep this note."
        )
    return f"{BEGIN}\n{zh}\n\n{en}\n\n`{claim.line()}`\n{END}\n"


def _claim_of(found: re.Match[str]) -> Claim:
    return Claim(
        machine=found["machine"],
        generation=int(found["generation"]),
        name=unquote(found["name"]),
        home="" if found["home"] == "-" else found["home"],
        since="" if found["since"] == "-" else found["since"],
        released=found["state"] == "released",
    )


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:8]

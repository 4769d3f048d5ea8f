"""The screen of `sorad status` on terminals of any size: what gives way, what stays, and that it fits."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad import messages
from sorad.cli.look.status_sections import _advice, everything, plain_lines, screen
from sorad.cli.shared.columns import clip, fold, width
from sorad.cli.shared.fit import Line, Section, Step, fit
from sorad.clock import iso
from sorad.health.facts import Facts
from sorad.health.report import report
from sorad.health.vendors import Vendor
from sorad.ledger.values import Generation, RootRow
from sorad.lock import Holder
from sorad.model import Request, State, Take
from sorad.problems import Problem

NOW = time.mktime((2026, 11, 23, 14, 0, 0, 0, 0, -1))
RUNNING = Holder(7, NOW - 7200, "run", "here", "birth")
TEXT = st.text(st.sampled_from("ab 中文，。（）`x-é\u0301"), max_size=60)


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(messages, "_current", messages.gettext.NullTranslations())


def take(number: int, state: State, error: Problem | None = None, **members) -> Take:
    board = "/home/lin/影片/第一集：雨夜的城市/storyboard_第一集.json"
    request = Request(f"cat {number}")
    sent = {"provider": "sora_hk", "base_url": "u", "intent_at": NOW - 60, "accepted_at": NOW - 60}
    made = {**sent, "error": error, "updated_at": NOW - 60, **members}
    return Take(
        number,
        1,
        "/home/lin/影片",
        board,
        number,
        1,
        "f",
        request,
        state,
        f"{board}_{number}.mp4",
        NOW,
        **made,
    )


def failed(code: str, count: int, first: int) -> tuple[Take, ...]:
    why = Problem(
        code,
        "it went wrong in the way of {code}. It says: 此内容可能违反相关规定。",
        "Mend it.",
        {"code": code},
    )
    return tuple(take(first + n, State.FAILED, why) for n in range(count))


def busy(**members) -> dict:
    """3 roots, 20 in flight, 40 failed of 4 kinds, some waiting for approval."""
    dear = Problem("budget.approve", "the storyboard costs 7.20 USD, more than 5.00.")
    kinds = ("provider.moderation", "provider.busy", "provider.task_timeout", "provider.picture_refused")
    facts = Facts(
        now=NOW,
        holder=RUNNING,
        counts={
            **dict.fromkeys(State, 0),
            State.GENERATING: 20,
            State.FAILED: 40,
            State.HELD: 3,
            State.QUEUED: 35,
        },
        roots=(
            RootRow("/home/lin/影片", "watching", "1"),
            RootRow("/home/lin/Documents/Vault", "watching", "1"),
            RootRow("/mnt/nas/剧集", "polling", "1"),
        ),
        failed=tuple(one for n, kind in enumerate(kinds) for one in failed(kind, 10, 100 + 10 * n)),
        held=tuple(take(n, State.HELD, dear) for n in range(3)),
        in_flight=tuple(take(10 + n, State.GENERATING) for n in range(20)),
        delivered=tuple(
            replace(take(70 + n, State.DONE), output=f"/v/猫_S00{n}_T1_0f1e2d3c.mp4", finished_at=NOW - n)
            for n in range(5)
        ),
        queued=(take(50, State.QUEUED),),
        next_up=(take(50, State.QUEUED),),
        finished=tuple(Generation("sora_hk", "u", 10, False, took, 0.0) for took in (240.0, 300.0, 420.0)),
        concurrency=20,
        vendors=(
            Vendor("sora_hk", kind="sora_hk", account="a", currency="USD", concurrency=20, in_flight=20),
        ),
        spent_by_currency={"USD": (300_000, 300_000)},
        gate={"delay": 8.0, "until": NOW + 60},
        disk=({"path": "/home/lin/影片", "free": 82_000_000_000, "needed": 2_000_000_000, "ok": True},),
    )
    return report(facts.__class__(**{**facts.__dict__, **members}))


def text(found) -> str:
    return "\n".join(plain_lines(found))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 23), (60, 15), (40, 12), (20, 8), (200, 60)])
def test_it_fits(columns, rows):
    lines = screen(busy(), columns, rows)
    assert len(lines) <= rows
    assert max(width(one) for one in plain_lines(lines)) <= columns


@given(st.integers(16, 220), st.integers(5, 80))
@settings(max_examples=40, deadline=None)
def test_it_fits_every_terminal(columns, rows):
    lines = screen(busy(), columns, rows)
    assert len(lines) <= rows
    assert max(width(one) for one in plain_lines(lines)) <= columns
    assert "sorad run" in lines[0].text


@pytest.mark.parametrize("rows", [23, 14, 9])
def test_80_by_24_tells_of_a_refusal_the_reason_and_the_advice(rows):
    """Also where there is little room: no path from the root of the disk, no command that buys the same again."""
    why = Problem(
        "provider.moderation",
        "The provider's content rules refuse this segment. It says: " + "it may break the rules, " * 12,
        "Reword the prompt or change the picture; the edited segment is bought as a new take.",
    )
    shown = text(screen(busy(failed=(take(100, State.FAILED, why),), held=(), roots=()), 80, rows))
    assert "Take 100 failed: The provider's content rules refuse this segment." in shown
    assert "/home/lin" not in shown.split("Takes")[0]
    if rows > 9:
        assert "Reword the prompt or change the picture" in shown
    else:
        assert "retry" not in shown


@pytest.mark.parametrize(
    ("fix", "advice"),
    [
        ("", ""),
        ("Make room there.", "Make room there."),
        ("Reword it. `sorad retry 3` tries again.", "Reword it."),
        ("`sorad retry 3` tries again.", ""),
        ("Run `sorad service install` again.", ""),
        ("Look at your account. It is there: `sorad resolve 3`.", "Look at your account. It is there"),
        ("请改写提示词；改过的会重新购买。`sorad retry 3` 重试。", "请改写提示词；改过的会重新购买。"),
    ],
)
def test_advice_is_what_comes_before_the_commands(fix, advice):
    assert _advice(fix) == advice


def test_80_by_24_tells_every_kind_of_trouble_and_the_commands():
    shown = text(screen(busy(), 80, 23))
    assert shown.count("10 takes failed") == 4
    assert "3 takes wait for you" in shown
    assert shown.index("wait for you") < shown.index("takes failed")  # what waits for me comes first
    for words in (
        "`sorad approve ",
        "`sorad list --state failed`",
        "`sorad retry`",
        "queued 35 · held 3 · generating 20 · failed 40",
        "more in flight: `sorad list --state generating`",
        "all ready by about 14:1",
        "a 10 s video usually takes 4–7 min",
        "and 2 more folders, all seen",
        "note: `sorad status --all`",
    ):
        assert words in shown, words


@pytest.mark.parametrize(("rows", "names"), [(100, 5), (23, 0)])
def test_what_came_last_is_named_where_somebody_watches_and_there_is_room(rows, names):
    shown = text(screen(busy(), 80, rows, latest=True))
    assert shown.count("_T1_0f1e2d3c.mp4") == names
    assert len(shown.splitlines()) <= rows
    assert "_T1_0f1e2d3c.mp4" not in text(screen(busy(), 80, rows))
    assert "Delivered last" not in text(screen(busy(delivered=()), 80, 100, latest=True))
    assert text(list(everything(busy(), latest=True))).count("_T1_0f1e2d3c.mp4") == 5


def test_nothing_is_left_out_where_there_is_room():
    shown = text(screen(busy(), 100, 100))
    assert "and 10 more in flight" in shown  # ten are named, however large the screen
    assert "more folders" not in shown
    assert "The provider takes nothing just now" in shown
    assert shown.count("Mend it.") == 4


def test_a_pipe_gets_all_of_it_in_whole_lines():
    lines = plain_lines(list(everything(busy())))
    assert sum("Mend it. `sorad list --state failed` shows them" in line for line in lines) == 4
    assert any(line.endswith("storyboard_第一集.json` drops them.") for line in lines)


def test_a_folder_in_trouble_is_the_last_to_go():
    away = RootRow(
        "/mnt/usb", "offline", "", Problem("root.missing", "{path} is away", "", {"path": "/mnt/usb"})
    )
    roots = (*(RootRow(f"/vault/{n}", "watching", "1") for n in range(30)), away)
    shown = text(screen(busy(roots=roots), 80, 23))
    assert "/mnt/usb" in shown.split("Folders")[1]
    assert "30 more folders, all seen" in shown


def test_since_when_and_till_when():
    flying = (
        take(1, State.GENERATING),
        take(2, State.GENERATING, accepted_at=NOW - 3000, intent_at=NOW - 3000),
        take(3, State.DOWNLOADING),
    )
    counts = {**dict.fromkeys(State, 0), State.GENERATING: 2, State.DOWNLOADING: 1}
    members = {"in_flight": flying, "counts": counts, "failed": (), "held": (), "queued": ()}
    shown = text(screen(busy(**members), 80, 40))
    assert "take 1: generating since 13:59, ready about 14:04; 1_v1 of …" in shown
    assert "take 2: generating since 13:10, longer than usual; 2_v1 of …" in shown
    assert "take 3: downloading since 13:59; 3_v1 of …" in shown


def test_yesterday_is_told_by_its_date():
    early = take(1, State.GENERATING, intent_at=NOW - 86_400, accepted_at=NOW - 86_400)
    assert "since 11-22 14:00" in text(screen(busy(in_flight=(early,)), 80, 40))


def test_what_was_not_learnt_is_not_said():
    told = busy(finished=())
    assert told["queue_done_at"] is None
    assert told["pace"] == []
    assert [one["expected"] for one in told["in_flight"]] == [None] * 20
    shown = text(screen(told, 80, 60))
    assert "ready" not in shown
    assert "usually" not in shown


@pytest.mark.parametrize(
    "members",
    [
        {"holder": None},
        {"paused": {"since": NOW}},
        {"halt": {"since": NOW, "problem": Problem("provider.key", "no key").to_json()}},
        {"disk": ({"path": "/v", "free": 1, "needed": 2, "ok": False},)},
        {"roots": (RootRow(take(1, State.QUEUED).root, "offline", ""),)},
    ],
    ids=["dead", "paused", "halted", "disk full", "folder away"],
)
def test_no_end_is_told_while_buying_stands_still(members):
    assert busy()["queue_done_at"] is not None
    assert busy(**members)["queue_done_at"] is None


def test_the_json_tells_till_when():
    told = busy()
    (first, *_rest) = told["in_flight"]
    assert first["expected"] == iso(NOW + 240)
    assert first["latest"] == iso(NOW - 60 + 396)
    assert first["overdue"] is False
    assert len(told["in_flight"]) == 20
    assert told["pace"] == [
        {
            "provider": "sora_hk",
            "base_url": "u",
            "seconds": 10,
            "pro": False,
            "quick": 252.0,
            "median": 300.0,
            "slow": 396.0,
            "samples": 3,
        }
    ]


# --- the parts ---------------------------------------------------------------------------------------------


def section(count: int) -> Section:
    items = [[[Line(f"{n} long"), Line("its rest")], [Line(f"{n}")]] for n in range(count)]
    return Section([Line("title")], items, lambda left: Line(f"{left} more"))


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (9, ["title", "0 long", "its rest", "1 long", "its rest", "2 long", "its rest"]),
        (6, ["title", "0 long", "its rest", "1 long", "its rest", "2"]),
        (4, ["title", "0", "1", "2"]),
        (3, ["title", "0", "2 more"]),
        (1, ["title"]),
    ],
)
def test_items_get_shorter_then_go_and_are_counted(rows, shown):
    one = section(3)
    lines = fit([one], [Step(one, way=1), Step(one, least=1)], 80, rows)
    assert [line.text for line in lines] == shown


@given(TEXT, st.integers(4, 40))
def test_folded_lines_fit_and_lose_nothing(words, columns):
    lines = fold(words, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


@given(TEXT, st.integers(2, 40))
def test_clipping_keeps_the_beginning_within_the_width(words, columns):
    short = clip(words, columns)
    assert width(short) <= columns
    assert words.startswith(short.rstrip("…")) or short == words


def test_a_command_is_not_broken_where_it_fits_a_line():
    lines = fold("Now run `sorad approve /文档/第一集/storyboard.json`, and wait.", 50)
    assert any("`sorad approve /文档/第一集/storyboard.json`," in line for line in lines)


@pytest.mark.parametrize("folder", ["docs", "docs/zh"])
def test_the_chapter_on_monitoring_shows_the_json_as_it_is(folder):
    told = (Path(__file__).parents[2] / folder / "monitoring.md").read_text("utf-8")
    (block,) = [text for text in re.findall(r"```json\n(.*?)```", told, re.DOTALL) if "queue_done_at" in text]
    shown = json.loads(block)
    real = busy()

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items()}
        return [shape(value[0])] if isinstance(value, list) and value else None

    real["daemon"]["threads"] = shown["daemon"]["threads"]  # without a daemon there are none
    assert shape(shown) == shape(real)

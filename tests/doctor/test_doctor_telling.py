"""Doctor on messages and the ping: what is missing, and nothing of the addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.config.model import Config, Notify, Ping
from sorad.doctor import notify
from sorad.doctor.context import Context
from sorad.doctor.finding import Level

URL = "json://127.0.0.1/0123456789abcdef"


def found(config: Config, env: dict[str, str] | None = None) -> dict[str, Level]:
    return {one.code: one.level for one in notify.check(Context(0.0, config=config, env=env or {}))}


def test_nothing_is_said_where_nobody_is_to_be_told():
    assert found(Config()) == {}
    assert list(notify.check(Context(0.0))) == []


def test_addresses_that_can_be_found_are_counted_and_not_shown():
    context = Context(
        0.0, config=Config(notify=Notify(urls=(URL, "$HERE"))), env={"HERE": "json://127.0.0.1/b"}
    )
    (one,) = notify.check(context)
    assert (one.code, one.level) == ("notify.ok", Level.OK)
    assert "2 addresses" in one.problem.text()
    assert "0123456789abcdef" not in str(one)


@pytest.mark.parametrize(
    ("config", "codes"),
    [
        (Config(notify=Notify(urls=("$NOWHERE",))), {"notify.variable"}),
        (Config(notify=Notify(urls_file=Path("/no/such/file"))), {"notify.unreadable"}),
        (Config(ping=Ping(url="$NOWHERE")), {"notify.variable"}),
    ],
)
def test_what_cannot_be_found_is_a_problem(config, codes):
    assert found(config) == dict.fromkeys(codes, Level.PROBLEM)


def test_without_apprise_the_line_to_install_it_is_told(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (one,) = notify.check(Context(0.0, config=Config(notify=Notify(urls=(URL,)))))
    assert one.code == "notify.extra"
    assert "pip install" in one.problem.fix_text()

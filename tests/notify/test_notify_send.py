"""Sending: a process of its own, real loopback servers, nothing secret where it can be seen."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

import pytest
from notify_samples import Inbox, trouble

from sorad.config.model import Notify
from sorad.masking import mask
from sorad.messages import set_language
from sorad.notify import send as child
from sorad.notify.memory import Item
from sorad.notify.sender import Sender, child_environment, missing
from sorad.notify.targets import readable_by_others, resolved, targets
from sorad.notify.text import LONGEST, Message, message
from sorad.problems import SoradError

pytest.importorskip("apprise")

HELLO = Message("sorad on box: trouble", "The disk is full.", "failure")


def target(url: str):
    return targets(Notify(urls=(url,)))[0]


def test_a_message_arrives_with_title_body_and_mood(box: Inbox):
    assert Sender("")(target(f"json://{box.address}/hook"), HELLO) == ""
    (post,) = box.posts
    assert (post.told["title"], post.told["message"], post.told["type"]) == HELLO


def test_a_refusal_is_told_in_the_services_own_words(box: Inbox):
    box.answer = lambda post: (403, b'{"code": 9499, "msg": "Bad Request"}')
    error = Sender("")(target(f"json://{box.address}/hook"), HELLO)
    assert "403" in error
    assert "Bad Request (9499)" in error


def test_nobody_there_is_told_without_the_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = target(f"json://user:pa55word@127.0.0.1:{port}/0123456789abcdef?x=a1b2c3d4e5")
    error = Sender("")(where, HELLO)
    assert "refused" in error
    for secret in ("pa55word", "0123456789abcdef", "a1b2c3d4e5"):
        assert secret not in error + where.name + repr(where)


@pytest.mark.parametrize("url", ["nonsense://x", "feishu://", "tgram://no"])
def test_what_is_no_address_is_told(url):
    assert Sender("")(target(url), HELLO) != ""


def test_a_service_that_never_answers_is_ended(box: Inbox):
    stuck = threading.Event()
    box.answer = lambda post: ((stuck.wait(30) and 200) or 200, b"{}")
    began = time.monotonic()
    try:
        assert "time" in Sender("", limit=2.0)(target(f"json://{box.address}/hook"), HELLO)
        assert time.monotonic() - began < 20
    finally:
        stuck.set()


def test_the_end_of_the_daemon_ends_a_sending(box: Inbox):
    stuck = threading.Event()
    box.answer = lambda post: ((stuck.wait(30) and 200) or 200, b"{}")
    try:
        assert Sender("", limit=60.0)(target(f"json://{box.address}/h"), HELLO, lambda: not box.posts) != ""
    finally:
        stuck.set()


def test_the_child_sees_no_key_and_no_socket_of_systemd(box: Inbox, monkeypatch, tmp_path):
    monkeypatch.setenv("SORA_API_KEY", "sk-secret")
    monkeypatch.setenv("MY_KEY", "sk-secret")
    spy = tmp_path / "spy"
    probe = (
        "import json,os,sys; job=json.load(sys.stdin); open(os.environ['SPY'],'w').write(repr(dict(os.environ))"
        "+repr(sys.argv)); print(json.dumps({'error': ''}))"
    )
    real = sys.executable
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {real} -c "$PROBE" "$@"\n', "utf-8")
    script.chmod(0o700)
    monkeypatch.setenv("SPY", str(spy))
    monkeypatch.setenv("PROBE", probe)
    monkeypatch.setattr(sys, "executable", str(script))
    assert Sender("", ["MY_KEY"])(target("json://127.0.0.1:1/0123456789abcdef"), HELLO) == ""
    seen = spy.read_text("utf-8")
    assert "sk-secret" not in seen
    assert "0123456789abcdef" not in seen, "an address on the command line is seen by every user"


def test_the_environment_of_the_child():
    env = {
        "PATH": "/bin",
        "DBUS_SESSION_BUS_ADDRESS": "unix:/x",
        "SORA_API_KEY": "1",
        "GATEWAY": "2",
        "CREDENTIALS_DIRECTORY": "3",
        "NOTIFY_SOCKET": "4",
        "WATCHDOG_USEC": "5",
        "https_proxy": "http://old:1",
    }
    kept = child_environment(env, "", ["GATEWAY", "OTHER"])
    assert kept.keys() - {"PYTHONUTF8"} == {"PATH", "DBUS_SESSION_BUS_ADDRESS", "https_proxy"}
    assert "https_proxy" not in child_environment(env, "none", ())
    assert child_environment(env, "http://new:2", "")["https_proxy"] == "http://new:2"


# --- services that answer 200 to everything -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "module", "name", "address", "answer"),
    [
        ("feishu://0123-abcd", "feishu", "NotifyFeishu", "notify_url",
         b'{"code": 19024, "msg": "Key Words Not Found"}'),
        ("dingtalk://SEC0123@0123456789abcdef", "dingtalk", "NotifyDingTalk", "notify_url",
         b'{"errcode": 310000, "errmsg": "sign not match"}'),
        ("wecombot://0123-abcd", "wecombot", "NotifyWeComBot", "notify_url",
         b'{"errcode": 93000, "errmsg": "invalid webhook url"}'),
    ],
)  # fmt: skip
def test_a_200_with_a_refusal_in_it_is_a_refusal(box, monkeypatch, url, module, name, address, answer):
    plugin = getattr(__import__(f"apprise.plugins.{module}", fromlist=[name]), name)
    monkeypatch.setattr(plugin, address, box.url)
    box.answer = lambda post: (200, answer)
    error = child.deliver(url, *HELLO)
    assert box.posts, "the message went elsewhere"
    assert error.endswith(")")
    said = json.loads(answer)
    assert (said.get("msg") or said["errmsg"]) in error, "in the service's own words, whatever apprise adds"
    box.answer = lambda post: (200, b'{"errcode": 0, "code": 0, "errmsg": "ok", "msg": "success"}')
    assert child.deliver(url, *HELLO) == ""


def test_every_service_of_the_example_is_one_that_apprise_knows():
    import re
    from pathlib import Path

    import apprise

    text = (Path(__file__).parents[2] / "config.example.toml").read_text("utf-8")
    told = re.findall(r'^#   .*?"(\w+://[^"]*)"', text, re.MULTILINE)
    assert {url.partition("://")[0] for url in told} >= {
        "mailtos", "tgram", "feishu", "dingtalk", "wecombot", "barks", "ntfys", "dbus",
    }  # fmt: skip
    tokens = {"BOT_TOKEN": "123456789:ABCdefGHIjklMNOpqrsTUVwxyz123456789", "CHAT_ID": "987654321"}
    for url in told:
        for name, value in tokens.items():
            url = url.replace(name, value)
        known = apprise.Apprise.instantiate(url.replace("_", "0"))
        # a desktop can be instantiated only where there is one
        assert known is not None or url.partition("://")[0] in ("dbus", "macosx", "windows"), url


# --- addresses ------------------------------------------------------------------------------------------------


def test_addresses_come_from_the_config_a_file_and_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "urls"
    file.write_text("# phones\n\nntfys://ntfy.sh/my-topic\njson://127.0.0.1/a\n", "utf-8")
    monkeypatch.setenv("WHERE", "barks://api.day.app/AbCdEf0123456789")
    found = targets(Notify(urls=("$WHERE", "json://127.0.0.1/a"), urls_file=file), os.environ)
    assert [one.name for one in found] == [
        "barks://api.day.app/sk-******",
        "json://127.0.0.1/sk-******",
        "ntfys://ntfy.sh/sk-******",
    ], "each once"
    assert len({one.id for one in found}) == 3
    assert mask("to AbCdEf0123456789 and barks://api.day.app/AbCdEf0123456789").count("AbCdEf") == 0


def test_an_address_that_cannot_be_found_is_a_sentence_with_a_mend(tmp_path, monkeypatch):
    set_language("en")
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(SoradError, match="NOWHERE"):
        resolved("${NOWHERE}")
    with pytest.raises(SoradError, match="no_such"):
        targets(Notify(urls_file=tmp_path / "no_such"))


@pytest.mark.skipif(os.name == "nt", reason="no modes there")
def test_a_file_that_others_can_read_is_told(tmp_path):
    file = tmp_path / "urls"
    file.write_text("json://127.0.0.1/a\n", "utf-8")
    file.chmod(0o644)
    told = readable_by_others(Notify(urls_file=file))
    assert told is not None
    assert "chmod 600" in told.fix_text()
    file.chmod(0o600)
    assert readable_by_others(Notify(urls_file=file)) is None


@pytest.mark.parametrize(
    "url",
    [
        "tgram://123456789:ABCdefGHIjklMNOpqrsTUVwxyz/987654321",
        "feishu://01234567-89ab-cdef-0123-456789abcdef",
        "dingtalk://SEC0123456789@abcdef0123456789",
        "wecombot://01234567-89ab-cdef-0123-456789abcdef",
        "mailtos://you:hunter22@qq.com?to=other@qq.com",
    ],
)
def test_the_name_of_an_address_shows_nothing_of_it(url):
    one = target(url)
    shown = f"{one.name} {one} {one.clean(f'Could not load {url}, {url.partition(chr(58))[2]}')}"
    for piece in ("ABCdef", "123456789", "987654321", "456789abcdef", "hunter22", "other@"):
        assert piece not in shown.replace(one.id, "")


# --- words ----------------------------------------------------------------------------------------------------


def items(count: int, kind: str = "done", text: str = "ready"):
    problem = trouble(text).problem
    return [Item(kind, str(number), 0.0, problem, ("phone",)) for number in range(count)]


def test_several_things_are_one_message_that_is_not_too_long():
    set_language("en")
    told = message(items(400, text="x" * 50), "box")
    assert len(told.body) < LONGEST + 200
    assert "more: `sorad status`" in told.body
    told = message([*items(1), *items(1, "trouble")], "box")
    assert (told.title, told.mood) == ("sorad on box: news", "failure")
    assert message(items(2), "box").title == "sorad on box: done"


def test_the_end_of_a_trouble_says_of_which():
    set_language("en")
    assert "the disk is full" in message(items(1, "over", "the disk is full"), "box").body


def test_without_apprise_the_line_to_install_it_is_told(monkeypatch):
    import importlib.util

    set_language("en")
    assert missing() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = missing()
    assert told is not None
    assert f'{sys.executable} -m pip install "apprise>=' in told.fix_text()

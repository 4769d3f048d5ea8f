"""A server that answers from a script, and what is wrong with a script that cannot be played."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_customer import NATIVE, VIDEOS, Customer

from sorad.cli.setup import simulate
from sorad.messages import set_language
from sorad.problems import SoradError
from sorad.simulator import Simulator
from sorad.simulator.script import Script, parse


@contextmanager
def serving(**script: Any) -> Iterator[Customer]:
    with Simulator(script=parse(json.dumps(script)), file_size=20_000) as simulator:
        yield Customer(simulator)


@pytest.mark.parametrize("wire", [NATIVE, VIDEOS])
def test_answers_come_one_after_the_other_and_the_last_one_for_ever(wire: str) -> None:
    refused = {"status": 429, "accept": False, "headers": {"Retry-After": "3"}, "body": {"code": 429}}
    with serving(
        create=[refused, {"body": {"id": "{id}", "at": "{now}", "from": "from {host}"}}]
    ) as customer:
        first, second, third = (customer.create(wire) for _ in range(3))
        assert (first.status, first.headers["retry-after"]) == (429, "3")
        assert [task.id for task in customer.simulator.accepted] == [second.json["id"], third.json["id"]]
        assert isinstance(second.json["at"], int)
        assert second.json["from"] == "from " + urlsplit(customer.simulator.base_url).netloc
        assert customer.control("GET", "stats").json["accepted"] == 2


def test_a_task_is_taken_and_charged_for_whatever_is_answered() -> None:
    with serving(create=[{"status": 500, "body": "<html>"}], poll=[{"body": {}}]) as customer:
        money = customer.simulator.account.balance
        answered = customer.create(VIDEOS)
        assert (answered.status, answered.body) == (500, b"<html>")
        assert customer.simulator.account.balance < money
        assert customer.simulator.creates("a lighthouse") == 1


def test_each_task_is_polled_through_the_answers_from_the_first_one_on() -> None:
    polls = [{"body": {"id": "{id}", "status": "queued"}}, {"body": {"id": "{id}", "status": "completed"}}]
    with serving(poll=polls) as customer:
        seen = [customer.get(f"/videos/{name}").json for name in ("a", "a", "b", "a")]
        assert [answer["status"] for answer in seen] == ["queued", "completed", "queued", "completed"]
        assert [answer["id"] for answer in seen] == ["a", "a", "b", "a"]


def test_the_id_beside_the_answers_is_every_task_s() -> None:
    with serving(id="task_fixed", create=[{"body": {"id": "{id}"}}]) as customer:
        assert [customer.create(VIDEOS).json["id"] for _ in range(2)] == ["task_fixed", "task_fixed"]
        assert [task.id for task in customer.simulator.accepted] == ["task_fixed", "task_fixed"]


def test_content_is_the_video_unless_the_script_says_otherwise() -> None:
    with serving(create=[{}]) as customer:
        assert b"moov" in customer.get("/videos/a/content").body
    with serving(content=[{"status": 404, "body": {"error": "gone"}}, {}]) as customer:
        assert customer.get("/videos/a/content").status == 404
        assert b"moov" in customer.get("/videos/a/content").body
        assert customer.control("GET", "stats").json["requests"]["download"] == 2


def test_any_name_of_a_file_is_a_video() -> None:
    with serving(create=[{}]) as customer:
        assert len(customer.get(customer.simulator.base_url[:-3] + "/files/whatever.mp4").body) == 20_000


@pytest.mark.parametrize("wire", [NATIVE, VIDEOS])
def test_a_list_that_is_not_scripted_is_not_there(wire: str) -> None:
    with serving(create=[{}]) as customer:
        assert customer.list(wire).status == 404
    with serving(list=[{"body": {"data": []}}]) as customer:
        assert customer.list(wire).json == {"data": []}


def test_what_is_not_scripted_the_simulator_answers_itself() -> None:
    with serving(content=[{"status": 404}]) as customer:
        task_id = customer.order(NATIVE)
        assert customer.status(NATIVE, task_id)
        assert customer.get("/balance").status == 200


WRONG: dict[str, tuple[str, str]] = {
    "": ("line 1, column 1", "第 1 行"),
    "{,}": ("column 2", "第 2 列"),
    "[]": ("object", "对象"),
    '{"crate": []}': ("crate: nothing of this name is known; possible are id, create", "crate"),
    '{"create": []}': ("create: it must be a list of answers", "create"),
    '{"create": {}}': ("create: it must be a list of answers", "create"),
    '{"create": [3]}': ("create no. 1: it must be an object", "create"),
    '{"poll": [{}, {"status": "200"}]}': ("poll no. 2, status: it must be a number from 200", "status"),
    '{"poll": [{"status": 99}]}': ("poll no. 1, status", "status"),
    '{"create": [{"accept": 1}]}': ("create no. 1, accept: it must be true or false", "accept"),
    '{"poll": [{"headers": []}]}': ("poll no. 1, headers", "headers"),
    '{"poll": [{"headers": {"a b": "c"}}]}': ("poll no. 1, headers.a b", "headers.a b"),
    '{"poll": [{"headers": {"a": "b\\r\\nc: d"}}]}': ("poll no. 1, headers.a", "headers.a"),
    '{"poll": [{"headers": {"a": "中"}}]}': ("poll no. 1, headers.a", "headers.a"),
    '{"poll": [{"delay": 3}]}': ("poll no. 1, delay: nothing of this name", "delay"),
    '{"id": 3}': ("id: it must be a text", "id"),
    '{"poll": [{"body": ' + "[" * 200 + "]" * 200 + "}]}": ("nested too deeply", "body"),
    "[" * 100_000: ("nested too deeply", "嵌套"),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_what_is_wrong_with_a_script_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text, "utf-8")
    for lang, said in zip(("en", "zh"), WRONG[text]):
        with pytest.raises(SoradError) as error:
            simulate.read_script(str(path))
        set_language(lang)
        assert said in str(error.value), str(error.value)
        assert "sorad simulate --help" in str(error.value)
        assert error.value.exit_code == 2


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    simulate.add(parser.add_subparsers(), [])
    args = parser.parse_args(["simulate", "--port", "0", "--script", str(tmp_path / "nothere.json")])
    with pytest.raises(SoradError, match=r"nothere\.json cannot be read: No such file"):
        simulate.make(args)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["create", "poll", "status", "body", "headers", "id", "_"]), inner
            )
        ),
    )
)
def test_whatever_stands_in_a_script_it_is_read_or_told(raw: Any) -> None:
    try:
        found = parse(json.dumps(raw))
    except SoradError as error:
        found = error.problem
    assert isinstance(found, Script) or found.code == "simulate.script"

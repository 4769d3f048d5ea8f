"""The native format, over sockets."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from simulator_customer import NATIVE, Customer, HandClock, Start


def test_the_life_of_a_task(customer: Customer, clock: HandClock) -> None:
    body = {"prompt": "一只狐狸", "duration": 15, "resolution": "vertical", "remove_watermark": False}
    created = customer.post("/create", body)
    task_id = created.json["data"]["task_id"]
    assert created.status == 200
    assert created.json == {
        "code": 200,
        "message": "success",
        "data": {"task_id": task_id, "status": "pending", "cost": 3},
    }
    assert customer.status(NATIVE, task_id) == "pending"
    clock.now += 5
    half = customer.poll(NATIVE, task_id).json["data"]
    assert (half["status"], half["progress"], half["video_url"], half["completed_at"]) == (
        "processing",
        50,
        None,
        None,
    )
    clock.now += 5
    done = customer.poll(NATIVE, task_id).json
    data = done["data"]
    assert done["code"] == 200
    assert set(data) == {
        "task_id", "status", "progress", "prompt", "video_url", "error_msg", "is_pro", "duration",
        "resolution", "quality", "image_url", "remove_watermark", "created_at", "completed_at",
    }  # fmt: skip
    assert (data["status"], data["progress"], data["prompt"]) == ("completed", 100, "一只狐狸")
    assert (data["duration"], data["resolution"], data["remove_watermark"]) == (15, "vertical", False)
    assert customer.get(data["video_url"]).status == 200


def test_every_answer_has_a_request_id_of_its_own(customer: Customer) -> None:
    answers = [customer.get("/balance"), customer.get("/nowhere"), customer.get("/tasks/unknown")]
    answers += [customer.call("PUT", "/create", {}), customer.control("GET", "stats")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 5


def test_a_failed_task_is_a_good_answer_with_a_reason(start: Start, clock: HandClock) -> None:
    customer = start(faults=["fail"])
    task_id = customer.order(NATIVE)
    clock.now += 10
    answer = customer.poll(NATIVE, task_id)
    data = answer.json["data"]
    assert (answer.status, answer.json["code"]) == (200, 200)
    assert (data["status"], data["progress"], data["video_url"]) == ("failed", 97, None)
    assert re.search("[\u4e00-\u9fff]", data["error_msg"])


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": ""},
        {"prompt": "  "},
        {"prompt": 7},
        {"duration": 12},
        {"duration": "10"},
        {"duration": 25},
        {"duration": True},
        {"is_pro": "yes"},
        {"resolution": "square"},
        {"remove_watermark": 1},
        {"image_url": 5},
    ],
)
def test_bad_parameters_are_1001_under_http_200(customer: Customer, change: dict[str, Any]) -> None:
    answer = customer.post("/create", {"prompt": "a fox", **change})
    assert (answer.status, answer.json["code"]) == (200, 1001)
    assert next(iter(change)) in answer.json["message"]
    assert customer.simulator.accepted == []


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"[]", b"\xff"])
def test_what_is_no_json_object_is_1001(customer: Customer, body: bytes) -> None:
    assert customer.post("/create", body).json["code"] == 1001


def test_pro_takes_25_seconds_and_costs_more(customer: Customer) -> None:
    answer = customer.post("/create", {"prompt": "a fox", "is_pro": True, "duration": 25}).json
    assert answer["data"]["cost"] == 30
    assert customer.get("/pricing").json["data"] == {
        "normal_price": 3,
        "pro_price": 30,
        "currency": "USD",
        "unit": "cents",
    }
    assert customer.get("/balance").json["data"] == {"balance": 100_000 - 30}


@pytest.mark.parametrize("key", ["", "sk-other"])
def test_a_missing_or_wrong_key_is_401(customer: Customer, key: str) -> None:
    customer.key = key
    for answer in (customer.create(NATIVE), customer.get("/balance"), customer.get("/tasks")):
        assert (answer.status, answer.json["code"]) == (401, 401)
    assert customer.simulator.accepted == []


def test_any_key_will_do_where_none_is_set(start: Start) -> None:
    customer = start(key=None)
    customer.key = "sora-whatever"
    assert customer.create(NATIVE).json["code"] == 200
    customer.key = ""
    assert customer.create(NATIVE).status == 401


def test_an_empty_balance_is_1012_and_mends(start: Start) -> None:
    customer = start(balance=0.05)
    codes = [customer.create(NATIVE).json["code"] for _ in range(2)]
    assert codes == [200, 1012]
    customer.control("POST", "balance", {"balance": 1})
    assert customer.create(NATIVE).json["code"] == 200
    assert customer.get("/balance").json["data"]["balance"] == 97


def test_an_unknown_task_is_not_found(customer: Customer) -> None:
    answer = customer.poll(NATIVE, "unknown")
    assert (answer.status, answer.json["code"]) == (404, 404)


def test_the_list_pages_newest_first(customer: Customer, clock: HandClock) -> None:
    ids = []
    for number in range(5):
        ids.append(customer.order(NATIVE, f"shot {number}"))
        clock.now += 3
    pages = [customer.get(f"/tasks?page={page}&page_size=2").json["data"] for page in (1, 2, 3, 4)]
    assert [[task["task_id"] for task in page["list"]] for page in pages] == [
        [ids[4], ids[3]],
        [ids[2], ids[1]],
        [ids[0]],
        [],
    ]
    assert {page["total"] for page in pages} == {5}
    done = customer.get("/tasks?status=completed").json["data"]["list"]
    assert [task["task_id"] for task in done] == [ids[1], ids[0]]
    assert customer.get("/tasks?page=0").json["code"] == 1001
    assert customer.get("/tasks?page_size=many").json["code"] == 1001


@pytest.mark.parametrize("shape", ["list", "items", "tasks", "data"])
def test_the_shape_of_the_list_can_be_chosen(start: Start, shape: str) -> None:
    customer = start(list_shape=shape)
    task_id = customer.order(NATIVE)
    data = customer.get("/tasks").json["data"]
    assert [task["task_id"] for task in (data if shape == "data" else data[shape])] == [task_id]


def test_both_styles_of_time_stamps_are_seen_and_right(customer: Customer, clock: HandClock) -> None:
    stamps = []
    for number in range(20):
        customer.order(NATIVE, f"shot {number}")
    for task in customer.get("/tasks").json["data"]["list"]:
        stamps.append(task["created_at"])
    zulu = [stamp for stamp in stamps if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)]
    china = [
        stamp for stamp in stamps if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", stamp)
    ]
    assert zulu
    assert china
    assert len(zulu) + len(china) == 20
    now = datetime.fromtimestamp(clock.now, timezone.utc)
    assert {datetime.fromisoformat(stamp.replace("Z", "+00:00")) for stamp in stamps} == {now}


def test_a_skewed_clock_shows_in_stamps_and_the_date(start: Start, clock: HandClock) -> None:
    customer = start(faults=["clock_skew,seconds=600"])
    task_id = customer.order(NATIVE)
    answer = customer.poll(NATIVE, task_id)
    stamp = datetime.fromisoformat(answer.json["data"]["created_at"].replace("Z", "+00:00"))
    assert stamp.timestamp() == clock.now + 600
    date = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
    assert date.replace(tzinfo=timezone.utc).timestamp() == clock.now + 600
    customer.simulator.faults.clear("clock_skew")
    stamp = datetime.fromisoformat(
        customer.poll(NATIVE, task_id).json["data"]["created_at"].replace("Z", "+00:00")
    )
    assert stamp.timestamp() == clock.now

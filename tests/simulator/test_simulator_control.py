"""The control endpoint: what it changes, what it counts, and whom it talks to."""

from __future__ import annotations

import hashlib

import pytest
from simulator_customer import NATIVE, VIDEOS, Customer, HandClock

from sorad.simulator.control import is_loopback


def test_faults_are_added_listed_and_cleared(customer: Customer) -> None:
    customer.control("POST", "faults", "rate,count=1")
    customer.control("POST", "faults", [{"kind": "server", "status": 503, "count": 1}, "cut=0.5"])
    kinds = [fault["kind"] for fault in customer.control("GET", "faults").json]
    assert kinds == ["rate", "server", "cut"]
    assert [customer.create(NATIVE).status for _ in range(3)] == [429, 503, 200]
    left = customer.control("DELETE", "faults?kind=rate").json
    assert [(fault["kind"], fault["fired"]) for fault in left] == [("server", 1), ("cut", 0)]
    assert customer.control("DELETE", "faults").json == []


def test_a_fault_that_is_none_is_refused_and_none_of_its_list_is_added(customer: Customer) -> None:
    answer = customer.control("POST", "faults", ["rate", "bogus"])
    assert answer.status == 400
    assert "bogus" in answer.json["error"]
    assert customer.control("GET", "faults").json == []


def test_the_stats_count_requests_creates_and_money(customer: Customer, clock: HandClock) -> None:
    customer.create(NATIVE, "a fox")
    customer.create(VIDEOS, "a fox")
    task_id = customer.order(NATIVE, "雾")
    customer.poll(NATIVE, task_id)
    customer.post("/create", {"prompt": ""})
    stats = customer.control("GET", "stats").json
    assert stats["requests"] == {"create": 4, "poll": 1}
    assert stats["accepted"] == 3
    assert stats["accepted_by_prompt"] == {"a fox": 2, "雾": 1}
    assert sorted(stats["accepted_by_fingerprint"].values()) == [1, 1, 1]
    assert (stats["running"], stats["most_running"], stats["capacity"]) == (3, 3, None)
    assert stats["balance"] == 999.91
    clock.now += 10
    assert customer.control("GET", "stats").json["running"] == 0


def test_balance_and_capacity_can_be_set(customer: Customer) -> None:
    assert customer.control("POST", "balance", {"balance": 0.03}).json == {"balance": 0.03}
    assert [customer.create(NATIVE).json["code"] for _ in range(2)] == [200, 1012]
    customer.control("POST", "balance", {"balance": 10})
    assert customer.control("POST", "capacity", {"capacity": 1}).json == {"capacity": 1}
    assert customer.create(NATIVE).status == 429
    assert customer.control("POST", "capacity", {"capacity": None}).json == {"capacity": None}
    assert customer.create(NATIVE).status == 200


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("balance", {}),
        ("balance", {"balance": "much"}),
        ("balance", {"balance": -1}),
        ("balance", [5]),
        ("capacity", {}),
        ("capacity", {"capacity": True}),
        ("faults", None),
    ],
)
def test_bad_bodies_are_refused(customer: Customer, name: str, body: object) -> None:
    assert customer.control("POST", name, body).status == 400


def test_unknown_places_tell_the_known_ones(customer: Customer) -> None:
    answer = customer.control("GET", "nothing")
    assert answer.status == 404
    assert "stats" in answer.json["error"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8799", "10.0.0.1", "127.0.0.1.evil.example", "["]
)
def test_a_foreign_host_name_is_refused(customer: Customer, host: str) -> None:
    assert customer.control("GET", "stats", Host=host).status == 403
    assert customer.control("POST", "faults", "rate", Host=host).status == 403
    assert customer.simulator.faults.as_json() == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8799", "127.0.0.1", "127.8.9.1:1", "[::1]:80"])
def test_every_loopback_name_is_taken(customer: Customer, host: str) -> None:
    assert customer.control("GET", "stats", Host=host).status == 200


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("http://localhost:3000", 200), ("null", 403)]
)
def test_a_page_of_another_origin_is_refused(customer: Customer, origin: str, status: int) -> None:
    assert customer.control("GET", "stats", Origin=origin).status == status


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("", False)],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_tasks_tell_what_they_were_given(customer: Customer) -> None:
    data = "data:image/png;base64,iVBORw0KGgo="
    body = {
        "prompt": "a fox",
        "seconds": "4",
        "metadata": {"tail": data},
        "generate_audio": False,
        "images": [data],
    }
    customer.post("/videos", body)
    customer.create("sora_hk", "a cat")
    fox, cat = customer.control("GET", "tasks").json
    digest = "sha256:" + hashlib.sha256(data.encode()).hexdigest()
    assert (fox["prompt"], fox["first_frame"]) == ("a fox", digest)
    assert fox["given"] == {
        "seconds": "4",
        "metadata": {"tail": digest},
        "generate_audio": False,
        "images": [digest],
    }
    assert (cat["prompt"], cat["first_frame"]) == ("a cat", "")

"""Every fault of the API over real sockets, in both formats: what arrives, and what was accepted."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any

import pytest
from simulator_customer import NATIVE, VIDEOS, Customer, HandClock, Start, wait_for

PROMPT = "a lighthouse"


@pytest.fixture(params=[NATIVE, VIDEOS])
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_rate_is_429_with_retry_after_and_nothing_is_accepted(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("rate,count=1,retry_after=7")
    refused = customer.create(wire)
    assert (refused.status, refused.headers["retry-after"]) == (429, "7")
    assert customer.simulator.creates(PROMPT) == 0
    assert customer.create(wire).status == 200
    assert customer.simulator.creates(PROMPT) == 1


def test_rate_without_retry_after(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("rate,retry_after=0")
    assert "retry-after" not in customer.create(wire).headers


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_carry_the_apis_own_body(customer: Customer, wire: str, status: int) -> None:
    customer.simulator.faults.add("server", status=status)
    answer = customer.create(wire)
    assert answer.status == status
    if wire == NATIVE:
        assert answer.json["code"] == status
    else:
        assert answer.json["error"]["code"] == "server_error"
    assert customer.simulator.creates(PROMPT) == 0


def test_a_server_error_may_hide_that_it_was_accepted(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("server,status=502,accepted=true")
    assert customer.create(wire).status == 502
    assert customer.simulator.creates(PROMPT) == 1


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_cuts_the_connection(customer: Customer, wire: str, kind: str, accepted: int) -> None:
    customer.simulator.faults.add(kind)
    with pytest.raises(ConnectionResetError) as cut:
        customer.create(wire)
    assert type(cut.value) is ConnectionResetError  # not its subclass for an orderly end without an answer
    assert customer.simulator.creates(PROMPT) == accepted


@pytest.mark.parametrize(("accepted", "count"), [("true", 1), ("false", 0)])
def test_slow_outlasts_the_clients_time_out(customer: Customer, wire: str, accepted: str, count: int) -> None:
    customer.simulator.faults.add(f"slow,seconds=600,accepted={accepted}")
    customer.timeout = 0.2
    with pytest.raises(socket.timeout):
        customer.create(wire)
    assert customer.simulator.creates(PROMPT) == count


def test_slow_answers_in_the_end(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("slow,seconds=0.1")
    began = time.monotonic()
    assert customer.create(wire).status == 200
    assert time.monotonic() - began >= 0.1


def test_slow_headers_outlast_any_single_read(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("slow_headers,seconds=0.5")
    customer.timeout = 0.4  # of each read; the answer takes longer and yet arrives
    began = time.monotonic()
    assert customer.create(wire).status == 200
    assert time.monotonic() - began >= 0.5
    assert customer.simulator.creates(PROMPT) == 1


@pytest.mark.parametrize(("accepted", "count"), [(None, 1), (False, 0)])
def test_no_id_is_a_good_answer_without_one(
    customer: Customer, wire: str, accepted: bool | None, count: int
) -> None:
    customer.simulator.faults.add("no_id", accepted=accepted)
    answer = customer.create(wire)
    assert answer.status == 200
    assert "task_id" not in answer.json.get("data", {})
    assert "id" not in answer.json
    assert customer.simulator.creates(PROMPT) == count


def test_html_is_a_web_page_in_place_of_json(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("html,count=1")
    customer.simulator.faults.add("html,status=502,accepted=true")
    pages = [customer.create(wire) for _ in range(2)]
    assert [page.status for page in pages] == [200, 502]
    assert all(page.headers["content-type"].startswith("text/html") for page in pages)
    assert customer.simulator.creates(PROMPT) == 1


def test_a_key_can_be_revoked_and_restored(customer: Customer, wire: str) -> None:
    task_id = customer.order(wire)
    customer.simulator.faults.add("key")
    refused = [customer.create(wire), customer.poll(wire, task_id), customer.list(wire)]
    assert {answer.status for answer in refused} == {401}
    customer.simulator.faults.clear("key")
    assert customer.poll(wire, task_id).status == 200
    assert customer.simulator.creates(PROMPT) == 1


def test_native_errors_can_come_under_http_200(customer: Customer) -> None:
    customer.simulator.faults.add("key,status=200,count=1,target=create")
    customer.simulator.faults.add("server,status=200,count=1")
    customer.simulator.faults.add("rate,status=200,count=1")
    answers = [customer.create(NATIVE) for _ in range(3)]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [
        (200, 401),
        (200, 500),
        (200, 429),
    ]


def test_an_empty_balance(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("balance")
    answer = customer.create(wire)
    assert (answer.status, answer.json.get("code")) == ((200, 1012) if wire == NATIVE else (402, None))
    assert customer.simulator.creates(PROMPT) == 0


def test_a_retired_model(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("retired,count=1")
    customer.simulator.faults.add("retired,status=410")
    answers = [customer.create(wire), customer.create(wire)]
    assert [answer.status for answer in answers] == [404, 410]
    assert all(b"model not found" in answer.body for answer in answers)
    assert customer.simulator.creates(PROMPT) == 0


def test_a_lost_task_is_not_found(customer: Customer, wire: str) -> None:
    task_id = customer.order(wire)
    customer.simulator.faults.add("lost_task,count=1")
    assert customer.poll(wire, task_id).status == 404
    assert customer.poll(wire, task_id).status == 200


def test_a_lost_video_as_some_gateways_tell_it(customer: Customer) -> None:
    task_id = customer.order(VIDEOS)
    customer.simulator.faults.add("lost_task,status=400")
    answer = customer.poll(VIDEOS, task_id)
    assert (answer.status, answer.json["code"]) == (400, "task_not_exist")


def test_a_stuck_task_stays_under_way(start: Start, clock: HandClock, wire: str) -> None:
    customer = start(faults=["stuck,match=light"])
    stuck, good = customer.order(wire), customer.order(wire, "a harbour")
    clock.now += 1e6
    assert customer.status(wire, stuck) == ("processing" if wire == NATIVE else "in_progress")
    assert customer.status(wire, good) == "completed"


@pytest.mark.parametrize("target", ["poll", "list", "account"])
def test_other_calls_than_creates_can_be_struck(customer: Customer, target: str) -> None:
    task_id = customer.order(NATIVE)
    calls = {
        "poll": lambda: customer.poll(NATIVE, task_id),
        "list": lambda: customer.list(NATIVE),
        "account": lambda: customer.get("/balance"),
    }
    customer.simulator.faults.add("server", target=target)
    assert {name: call().status for name, call in calls.items()} == {
        name: 500 if name == target else 200 for name in calls
    }


def test_capacity_is_answered_with_429(start: Start, clock: HandClock, wire: str) -> None:
    customer = start(capacity=1)
    assert customer.create(wire).status == 200
    full = customer.create(wire)
    assert (full.status, full.headers["retry-after"]) == (429, "2")
    clock.now += 10
    assert customer.create(wire).status == 200
    assert customer.simulator.creates(PROMPT) == 2
    assert customer.simulator.stats()["most_running"] == 1


def test_the_same_seed_gives_the_same_day(start: Start) -> None:
    def day(seed: int) -> list[tuple[int, Any]]:
        customer = start(seed=seed, faults=["rate=0.3", "server=0.3"])
        answers = [customer.create(NATIVE, f"shot {number}") for number in range(12)]
        return [(answer.status, answer.json["data"]) for answer in answers]

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_a_kept_connection_serves_many_calls(customer: Customer) -> None:
    host = customer.simulator.base_url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=10)
    headers = {"Authorization": f"Bearer {customer.key}"}
    sockets = set()
    for _ in range(5):
        connection.request("GET", "/v1/balance", headers=headers)
        assert connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1
    assert None not in sockets


def test_what_is_no_http_is_refused_in_good_order(customer: Customer) -> None:
    host = customer.simulator.base_url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("POST", "/v1/create")
    connection.putheader("content-length", "many")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 411
    assert answer.getheader("x-request-id")
    connection.close()


def test_stopping_cuts_connections_and_starting_serves_at_the_same_place(customer: Customer) -> None:
    simulator = customer.simulator
    task_id = customer.order(NATIVE)
    host = simulator.base_url.split("/")[2]
    kept = http.client.HTTPConnection(host, timeout=10)
    kept.request("GET", "/v1/balance")
    kept.getresponse().read()
    simulator.stop()
    assert kept.sock.recv(1) == b""
    kept.close()
    with pytest.raises(ConnectionError):
        customer.create(NATIVE)
    simulator.start()
    assert simulator.base_url.split("/")[2] == host
    assert customer.poll(NATIVE, task_id).status == 200


def test_a_stop_does_not_wait_for_slow_answers(customer: Customer, wire: str) -> None:
    customer.simulator.faults.add("slow,seconds=600")
    customer.timeout = 0.1
    with pytest.raises(socket.timeout):
        customer.create(wire)
    began = time.monotonic()
    customer.simulator.stop()
    assert time.monotonic() - began < 10


def test_those_who_watch_are_told_of_every_exchange_without_its_signature(start: Start) -> None:
    seen: list[Any] = []
    customer = start(watch=seen.append, faults=["reset_before,count=1"], task_seconds=(0.0, 0.0))
    with pytest.raises(ConnectionError):
        customer.create(NATIVE)
    url = customer.video_url(NATIVE, customer.order(NATIVE))
    answer = customer.get(url)
    wait_for(lambda: len(seen) == 4)
    assert [(exchange.method, exchange.status, exchange.note) for exchange in seen] == [
        ("POST", 0, "reset_before"),
        ("POST", 200, ""),
        ("GET", 200, ""),
        ("GET", 200, ""),
    ]
    assert seen[3].request_id == answer.headers["x-request-id"]
    assert "signature" not in seen[3].path
    assert customer.simulator.stats()["answers"] == {"cut": 1, "200": 3}

"""Downloads: ranges, expiry, the host that must never see the key, and broken files."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from simulator_customer import NATIVE, VIDEOS, Customer, HandClock, Start

SIZE = 50_000


@pytest.fixture(params=[NATIVE, VIDEOS])
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def finished(clock: HandClock, wire: str) -> Callable[[Customer], str]:
    """Buys a video, waits for it, and returns where it is."""

    def buy(customer: Customer) -> str:
        task_id = customer.order(wire)
        clock.now += 10
        return customer.video_url(wire, task_id)

    return buy


@pytest.fixture
def url(customer: Customer, finished: Callable[[Customer], str]) -> str:
    return finished(customer)


def test_a_download_is_whole_and_says_what_it_is(customer: Customer, url: str) -> None:
    answer = customer.get(url)
    assert answer.status == 200
    assert answer.body[4:8] == b"ftyp"
    assert len(answer.body) == int(answer.headers["content-length"]) == SIZE
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    head = customer.call("HEAD", url) if url.startswith("http") else answer
    assert head.headers["content-length"] == str(SIZE)


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=30000-", 30_000, SIZE),
        ("bytes=100-199", 100, 200),
        ("bytes=49999-", 49_999, SIZE),
        ("bytes=0-99999999", 0, SIZE),
        ("bytes=-1000", SIZE - 1000, SIZE),
        ("bytes=-99999999", 0, SIZE),
    ],
)
def test_a_range_is_that_part(customer: Customer, url: str, asked: str, first: int, stop: int) -> None:
    whole = customer.get(url)
    for headers in ({}, {"If_Range": whole.headers["etag"]}):
        part = customer.get(url, Range=asked, **headers)
        assert part.status == 206
        assert part.headers["content-range"] == f"bytes {first}-{stop - 1}/{SIZE}"
        assert part.body == whole.body[first:stop]


@pytest.mark.parametrize("asked", ["bytes=50000-", "bytes=9-5", "bytes=-0", "bytes=-"])
def test_a_range_outside_is_416(customer: Customer, url: str, asked: str) -> None:
    answer = customer.get(url, Range=asked)
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("validator", ['"another"', "Mon, 23 Nov 2026 10:00:00 GMT"])
def test_a_part_of_another_file_gets_the_whole(customer: Customer, url: str, validator: str) -> None:
    answer = customer.get(url, Range="bytes=100-", If_Range=validator)
    assert (answer.status, len(answer.body)) == (200, SIZE)


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=0-1,5-6", "nonsense"])
def test_a_range_that_is_not_understood_is_left_out(customer: Customer, url: str, asked: str) -> None:
    assert customer.get(url, Range=asked).status == 200


def test_an_url_expires_and_a_poll_brings_a_new_one(start: Start, clock: HandClock) -> None:
    customer = start(url_seconds=60)
    task_id = customer.order(NATIVE)
    clock.now += 10
    url = customer.video_url(NATIVE, task_id)
    clock.now += 59
    assert customer.get(url).status == 200
    clock.now += 1
    assert customer.get(url).status == 403
    assert customer.get(customer.video_url(NATIVE, task_id)).status == 200


def test_an_url_that_was_tampered_with_opens_nothing(customer: Customer, clock: HandClock) -> None:
    one, other = customer.order(NATIVE, "one"), customer.order(NATIVE, "other")
    clock.now += 10
    url = customer.video_url(NATIVE, one)
    assert customer.get(url.replace(one, other)).status == 403
    assert customer.get(url.replace("expires=", "expires=9")).status == 403
    assert customer.get(url.partition("?")[0]).status == 403
    assert customer.get(url.replace(one, "nobody")).status == 404


def test_a_key_at_the_host_of_the_downloads_is_noticed(customer: Customer, clock: HandClock) -> None:
    task_id = customer.order(NATIVE)
    clock.now += 10
    url = customer.video_url(NATIVE, task_id)
    assert urlsplit(url).netloc != urlsplit(customer.simulator.base_url).netloc
    customer.get(url)
    assert customer.simulator.keys_at_wrong_host == 0
    customer.get(url, Authorization=f"Bearer {customer.key}")
    assert customer.simulator.keys_at_wrong_host == 1
    assert customer.simulator.stats()["keys_at_wrong_host"] == 1


def test_content_needs_the_key(customer: Customer, clock: HandClock) -> None:
    url = customer.video_url(VIDEOS, customer.order(VIDEOS))
    clock.now += 10
    customer.key = ""
    assert customer.get(url).status == 401


def test_the_videos_of_two_takes_differ(customer: Customer, clock: HandClock, wire: str) -> None:
    ids = [customer.order(wire) for _ in range(2)]
    clock.now += 10
    one, other = (customer.get(customer.video_url(wire, task_id)).body for task_id in ids)
    assert one != other
    assert ids[0].encode() in one
    assert ids[1].encode() in other


# --- faults -----------------------------------------------------------------------------------------


def test_cut_breaks_off_half_way_and_can_be_resumed(customer: Customer, url: str) -> None:
    whole = customer.get(url).body
    customer.simulator.faults.add("cut,count=1")
    with pytest.raises(http.client.IncompleteRead) as cut:
        customer.get(url)
    assert cut.value.partial == whole[: SIZE // 2]
    rest = customer.get(url, Range=f"bytes={SIZE // 2}-")
    assert cut.value.partial + rest.body == whole


def test_slow_download_takes_its_time_and_arrives_whole(customer: Customer, url: str) -> None:
    whole = customer.get(url).body
    customer.simulator.faults.add("slow_download,seconds=0.1")
    assert customer.get(url).body == whole
    customer.simulator.faults.clear()
    customer.simulator.faults.add("slow_download,seconds=600")
    customer.timeout = 0.2
    with pytest.raises(socket.timeout):
        customer.get(url)


def test_expired_is_refused_as_each_host_does(customer: Customer, url: str) -> None:
    customer.simulator.faults.add("expired,count=1")
    refused = customer.get(url)
    assert refused.status == (403 if url.startswith("http") else 404)
    assert customer.get(url).status == 200


def test_html_download_is_a_web_page_under_200(customer: Customer, url: str) -> None:
    customer.simulator.faults.add("html_download")
    page = customer.get(url)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body.startswith(b"<!DOCTYPE html>")


def test_wrong_length_is_a_short_file_that_calls_itself_whole(customer: Customer, url: str) -> None:
    whole = customer.get(url).body
    customer.simulator.faults.add("wrong_length")
    short = customer.get(url)
    assert (short.status, short.headers["content-length"]) == (200, str(len(short.body)))
    assert short.body == whole[: SIZE * 9 // 10]


def test_no_moov_has_no_index(customer: Customer, url: str) -> None:
    whole = customer.get(url).body
    customer.simulator.faults.add("no_moov")
    broken = customer.get(url).body
    assert broken == whole.replace(b"moov", b"skip", 1)
    assert b"moov" not in broken[:200]


@pytest.mark.parametrize(("fault", "status"), [("server", 500), ("server,status=503", 503), ("rate", 429)])
def test_api_faults_can_strike_downloads(customer: Customer, url: str, fault: str, status: int) -> None:
    customer.simulator.faults.add(f"{fault},target=download,count=1")
    answer = customer.get(url)
    assert answer.status == status
    assert ("retry-after" in answer.headers) == (status == 429)
    assert customer.get(url).status == 200


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_download_can_be_reset(customer: Customer, url: str, kind: str) -> None:
    customer.simulator.faults.add(kind, target="download", count=1)
    with pytest.raises(ConnectionError):
        customer.get(url)
    assert customer.get(url).status == 200


def test_a_large_file_leaves_in_large_pieces(start: Start, clock: HandClock) -> None:
    customer = start(file_size=30_000_000)
    task_id = customer.order(NATIVE)
    clock.now += 10
    [task] = customer.simulator.accepted
    pieces = [len(piece) for piece in customer.simulator._book.movie(task).pieces()]
    assert len(pieces) < 40
    assert len(customer.get(customer.video_url(NATIVE, task_id)).body) == 30_000_000

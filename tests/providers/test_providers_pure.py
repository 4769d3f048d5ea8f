"""The parts that only read: headers, shapes of answers, rules. Nothing that a server sends makes them raise."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from dialects import KEY, REQUEST, OpenAiVideos, SoraHk
from hypothesis import given
from hypothesis import strategies as st
from scripted_http import Reply, ScriptedServer

from sorad.budget import PRICE_ASKED
from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.problems import Problem, SoradError
from sorad.providers import account_of, capabilities_of, make, validator_of
from sorad.providers.base import Accepted, Created, Fault, Refused, Trouble, Unknown
from sorad.providers.errors import faults
from sorad.providers.openai_videos import answers as openai_answers
from sorad.providers.openai_videos.answers import Paths
from sorad.providers.sora_hk import answers as sora_hk_answers
from sorad.providers.sora_hk.api import SoraHk as SoraHkProvider
from sorad.providers.sora_hk.prices import PRICE_AGE, Prices
from sorad.providers.wire import headers, reading
from sorad.providers.wire.answer import Answer, Broken
from sorad.providers.wire.http import origin

PATHS = Paths.of(ProviderConfig(kind="openai_videos"))

WORDS = st.sampled_from(
    [
        "code",
        "message",
        "data",
        "task_id",
        "id",
        "status",
        "error",
        "video_url",
        "url",
        "progress",
        "list",
        "items",
        "prompt",
        "created_at",
        "completed",
        "failed",
        "queued",
        "200",
        "401",
        "500",
        "1001",
        "1012",
        "insufficient_quota",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.text(max_size=8)
    | st.sampled_from([0, 200, 401, 404, 429, 500, 503, 1001, 1012])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.binary(max_size=30) | TREES.map(lambda tree: json.dumps(tree).encode())
STATUSES = st.sampled_from(
    [100, 200, 201, 204, 301, 302, 400, 401, 403, 404, 408, 429, 499, 500, 502, 503, 504, 524, 999]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "retry-after-ms", "date", "location", "x-request-id", "openai-poll-after-ms"]
    ),
    st.text(max_size=20),
)
ANSWERS = st.builds(Answer, STATUSES, HEADERS, BODIES)


def outcomes(came: Answer) -> list[Created]:
    return [
        sora_hk_answers.after_create(came),
        openai_answers.after_create(came, PATHS),
    ]


@given(ANSWERS)
def test_no_answer_makes_anything_raise(came: Answer) -> None:
    for found in outcomes(came):
        assert isinstance(found, (Accepted, Refused, Unknown))
    sora_hk_answers.after_poll(came)
    sora_hk_answers.rows_of(came.json())
    openai_answers.after_poll(came, PATHS, "https://api.test/content")
    openai_answers.content(came.json(), PATHS)
    for fault in (sora_hk_answers.fault_of(came), openai_answers.fault_of(came, PATHS)):
        assert fault is None or fault.problem.text()


@given(ANSWERS)
def test_only_a_2xx_buys_and_no_5xx_refuses(came: Answer) -> None:
    for found in outcomes(came):
        if isinstance(found, Accepted):
            assert 200 <= came.status < 300
            assert found.remote_id
        if came.status >= 500 or came.status in (408, 499):
            assert isinstance(found, Unknown)
        if came.status in (401, 403, 404, 429) and not came.json():
            assert isinstance(found, Refused)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "trouble"),
    [
        (200, {"code": 200, "data": {"task_id": "t"}}, Accepted, None),
        (200, {"code": 0, "data": {"task_id": "t"}}, Accepted, None),
        (200, {"code": "200", "data": {"task_id": 5}}, Accepted, None),
        (201, {"data": {"task_id": "t"}}, Accepted, None),
        (200, {"code": 200, "data": {}}, Unknown, Trouble.SERVER),
        (200, {"code": 401, "message": "x"}, Refused, Trouble.KEY),
        (200, {"code": 403, "message": "x"}, Refused, Trouble.KEY),
        (200, {"code": 1001, "message": "x"}, Refused, Trouble.REQUEST),
        (200, {"code": 1012, "message": "x"}, Refused, Trouble.BALANCE),
        (200, {"code": 429, "message": "x"}, Refused, Trouble.RATE),
        (200, {"code": 500, "message": "x"}, Unknown, Trouble.SERVER),
        (200, {"code": 7777, "message": "x"}, Unknown, Trouble.SERVER),
        (200, {"code": 1012, "data": {"task_id": "t"}}, Unknown, Trouble.SERVER),
        (400, {"code": 1001}, Refused, Trouble.REQUEST),
        (400, {"code": 1012}, Refused, Trouble.BALANCE),
        (400, {"code": 500}, Unknown, Trouble.SERVER),
        (402, {}, Refused, Trouble.BALANCE),
        (403, {}, Refused, Trouble.KEY),
        (422, {}, Unknown, Trouble.SERVER),
        (422, {"message": "no such length"}, Refused, Trouble.REQUEST),
        (422, {"detail": "no such length"}, Refused, Trouble.REQUEST),
        (404, {"code": 404}, Refused, Trouble.RETIRED),
        (408, {}, Unknown, Trouble.SERVER),
        (500, {"code": 500}, Unknown, Trouble.SERVER),
        (503, {"code": 503}, Unknown, Trouble.SERVER),
        (500, {"code": 1012}, Unknown, Trouble.SERVER),
        (503, {"code": 429}, Unknown, Trouble.SERVER),
        (502, {"code": 1012}, Unknown, Trouble.SERVER),
    ],
)
def test_creates_in_the_native_format(status: int, body: Any, outcome: type, trouble: Trouble | None) -> None:
    found = sora_hk_answers.after_create(Answer(status, {}, Reply(body).encoded().partition(b"\r\n\r\n")[2]))
    assert type(found) is outcome
    if not isinstance(found, Accepted):
        assert found.fault.trouble is trouble


# --- headers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e99"}, 86_400.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "4"}, 4.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.0),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:30 GMT"}, None),
    ],
)
def test_retry_after(given_: dict[str, str], seconds: float | None) -> None:
    assert headers.retry_after(given_, 1_700_000_000.0) == seconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 5-9/10", (5, 9, 10)),
        ("bytes 5-9/*", (5, 9, None)),
        ("bytes */10", (None, None, 10)),
        ("bytes 9-5/10", None),
        ("bytes 5-10/10", None),
        ("5-9/10", None),
        ("", None),
    ],
)
def test_content_range(value: str, expected: Any) -> None:
    found = headers.content_range({"content-range": value})
    assert (found and (found.first, found.last, found.total)) == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"etag": '"a1"'}, '"a1"'),
        ({"etag": 'W/"a1"'}, ""),
        ({"etag": "a1"}, ""),
        ({"last-modified": "Tue, 14 Nov 2023 22:13:30 GMT"}, ""),
        (
            {"last-modified": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "Tue, 14 Nov 2023 22:20:00 GMT"},
            "Tue, 14 Nov 2023 22:13:30 GMT",
        ),
        ({"last-modified": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "Tue, 14 Nov 2023 22:13:40 GMT"}, ""),
        ({}, ""),
    ],
)
def test_only_strong_names_of_a_version_count(given_: dict[str, str], expected: str) -> None:
    assert headers.validator(given_) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-19T12:00:00Z", 1_760_875_200.0),
        ("2025-10-19T20:00:00.000+08:00", 1_760_875_200.0),
        ("2025-10-19T12:00:00.5Z", 1_760_875_200.5),
        ("2025-10-19T07:00:00-0500", 1_760_875_200.0),
        (1_760_875_200, 1_760_875_200.0),
        ("1760875200", 1_760_875_200.0),
        (1_760_875_200_000, 1_760_875_200.0),
        (0, None),  # no date
        (-1_760_875_200, None),
        ("2025-10-19T12:00:00", None),
        ("2025-13-19T12:00:00Z", None),
        ("yesterday", None),
        (None, None),
        (True, None),
    ],
)
def test_timestamps(value: Any, expected: float | None) -> None:
    assert reading.epoch(value) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.test", "https://A.test:443/x?y", True),
        ("https://a.test", "http://a.test", False),
        ("https://a.test", "https://a.test:8443", False),
        ("https://a.test", "https://a.test.evil.test", False),
        ("https://a.test", "https://a.test@evil.test", False),
    ],
)
def test_origins(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


@given(st.text(max_size=2_000))
def test_words_are_bounded_and_on_one_line(words: str) -> None:
    found = faults.said(words, 500)
    assert 0 < len(found) <= 300
    assert "\n" not in found


# --- rules ----------------------------------------------------------------------------------------------

HK, GATEWAY = SoraHk().config(""), OpenAiVideos().config("https://api.test", seconds=(4, 8), seconds_pro=(8,))
LOCAL = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("config", "request_", "codes"),
    [
        (HK, Request("a", seconds=10), []),
        (HK, Request("a", seconds=5), ["request.seconds"]),
        (HK, Request("a", seconds=25), ["request.seconds"]),
        (HK, Request("a", seconds=25, pro=True), []),
        (HK, Request(" \n"), ["request.prompt"]),
        (HK, Request("a" * 32_001), ["request.prompt"]),
        (HK, Request("a", orientation="square"), ["request.aspect_ratio"]),
        (HK, Request("a", image="https://cdn.test/a.png"), []),
        (HK, Request("a", image=LOCAL, image_path="/tmp/a.png"), ["request.image"]),
        (
            HK,
            Request("", seconds=1, orientation=""),
            ["request.prompt", "request.seconds", "request.aspect_ratio"],
        ),
        (GATEWAY, Request("a", seconds=4), []),
        (GATEWAY, Request("a", seconds=4, pro=True), ["request.seconds"]),
        (GATEWAY, Request("a", seconds=8, image=LOCAL), []),
        (
            GATEWAY.model_copy(update={"reference": "none"}),
            Request("a", seconds=8, image=LOCAL),
            ["request.image"],
        ),
        (GATEWAY.model_copy(update={"model_pro": ""}), Request("a", seconds=8, pro=True), ["request.pro"]),
        (GATEWAY.model_copy(update={"seconds_pro": ()}), Request("a", seconds=4, pro=True), []),
        (GATEWAY.model_copy(update={"prompt_max": 3}), Request("abcd", seconds=4), ["request.prompt"]),
    ],
)
def test_rules(config: ProviderConfig, request_: Request, codes: list[str]) -> None:
    found = validator_of(config)(request_)
    assert [problem.code for problem in found] == codes
    assert all(problem.fix_text() and "{" not in str(problem) for problem in found)


def test_refused_length_names_the_allowed_ones() -> None:
    (found,) = validator_of(HK)(Request("a", seconds=5))
    assert "sora_hk does not offer 5 seconds" in found.text()
    assert "10, 15" in found.fix_text()


def test_rules_need_neither_a_key_nor_the_network_libraries() -> None:
    code = (
        "import sys; from sorad import providers; from sorad.config.model import ProviderConfig; "
        "providers.validator_of(ProviderConfig()); providers.capabilities_of(ProviderConfig()); "
        "sys.exit('requests' in sys.modules or 'urllib3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_capabilities() -> None:
    hk, gateway = capabilities_of(HK), capabilities_of(GATEWAY)
    assert (hk.lists_tasks, hk.has_balance, hk.local_images) == (True, True, False)
    assert (gateway.seconds, gateway.seconds_pro, gateway.local_images) == ((4, 8), (8,), True)
    assert not capabilities_of(GATEWAY.model_copy(update={"lists_tasks": False})).lists_tasks


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (ProviderConfig(kind="openai_videos", base_url="https://api.test"), "model"),
        (ProviderConfig(kind="openai_videos", model="veo"), "base_url"),
        (ProviderConfig(base_url="api.sora.hk/v1"), "base_url"),
        (ProviderConfig(base_url="https://user:pw@api.sora.hk/v1"), "base_url"),
        (ProviderConfig(base_url="https://[::1"), "base_url"),
    ],
)
def test_config_that_will_not_do_names_its_key(config: ProviderConfig, name: str) -> None:
    with pytest.raises(SoradError) as error:
        make(config, lambda: KEY)
    assert f"provider.{name}" in error.value.problem.text()
    assert error.value.exit_code == 78


def test_provider_is_made_without_asking_for_the_key() -> None:
    def no_key() -> str:
        raise AssertionError

    assert make(ProviderConfig(), no_key).base_url == "https://api.sora.hk/v1"


def test_accounts_differ_by_kind_address_and_key() -> None:
    names = {
        account_of(kind, url, key)
        for kind in "ab"
        for url in ("https://a", "https://b")
        for key in ("k1", "k2")
    }
    assert len(names) == 8
    assert all(len(name) == 12 for name in names)
    assert account_of("a", "https://a/", "k1") == account_of("a", "https://a", "k1")


@pytest.mark.parametrize(
    "config",
    [ProviderConfig(), ProviderConfig(kind="openai_videos", base_url="https://a.test/v1", model="m")],
)
def test_an_account_is_that_of_the_key_that_is_set_now(config: ProviderConfig) -> None:
    keys = ["k1", "k2"]

    def key() -> str:
        if not keys:
            raise SoradError(Problem("key.missing", "gone"))
        return keys.pop(0)

    provider = make(config, key)
    first, second = provider.account, provider.account
    assert first != second
    assert provider.account == second  # while there is none
    with pytest.raises(SoradError):
        _ = make(config, key).account


# --- prices ---------------------------------------------------------------------------------------------


def test_prices_are_asked_for_once_an_hour(server: ScriptedServer) -> None:
    now = [0.0]
    provider = SoraHkProvider(SoraHk().config(server.url), lambda: KEY, lambda: now[0])

    def told(normal: Any, unit: str = "cents") -> Reply:
        return Reply({"code": 200, "data": {"normal_price": normal, "pro_price": 30, "unit": unit}})

    server.script(Reply(b"", 503), told(3), told(0.05, "USD"), Reply(b"", 503))
    assert provider.price(REQUEST) is None  # not known, and not guessed
    now[0] += 61
    assert provider.price(REQUEST) == 30_000
    assert provider.price(Request("a", pro=True)) == 300_000
    now[0] += PRICE_AGE - 1
    assert provider.price(REQUEST) == 30_000
    assert len(server.asked) == 2
    now[0] += 1
    assert provider.price(REQUEST) == 50_000
    now[0] += PRICE_AGE
    assert provider.price(REQUEST) == 50_000  # an old price is better than none


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (30, 300_000),
        ("30", 300_000),
        (-5, -50_000),
        (1e308, None),
        ("1e400", None),
        (9 * 10**90, None),
        ([], None),
    ],
)
def test_a_sum_that_no_ledger_could_hold_is_none(value: Any, micros: int | None) -> None:
    assert reading.amount(value, 10_000) == micros


class HangingWire:
    """Answers once it is told to."""

    def __init__(self) -> None:
        self.may, self.asked = threading.Event(), 0

    def get(self) -> Broken:
        self.asked += 1
        self.may.wait(20)
        return Broken(True, Problem("provider.timeout", "timed out"))


def test_a_price_list_that_hangs_holds_nobody_up_and_is_asked_once() -> None:
    wire, now = HangingWire(), [0.0]
    prices = Prices(wire.get, lambda: now[0], patience=0.05)
    began = time.monotonic()
    assert prices.of(REQUEST) is None
    now[0] += 1.0
    assert [prices.of(REQUEST) for _ in range(100)] == [None] * 100
    assert time.monotonic() - began < 5.0
    assert prices.trouble is not None
    assert prices.trouble.code == PRICE_ASKED
    assert wire.asked == 1
    wire.may.set()
    while prices.trouble.code == "provider.prices":
        time.sleep(0.005)
    assert prices.of(REQUEST) is None  # asked again a minute later
    assert wire.asked == 1


@pytest.mark.parametrize(
    "data", [None, {}, {"normal_price": "x"}, {"normal_price": 3, "unit": "points"}, {"normal_price": -1}]
)
def test_price_that_is_not_understood_is_not_known(server: ScriptedServer, data: Any) -> None:
    server.script(Reply({"code": 200, "data": data}))
    assert SoraHk().make(server.url).price(REQUEST) is None


@pytest.mark.parametrize(
    ("data", "amount"), [({"balance": 5000}, 50_000_000), (5000, 50_000_000), ({}, None)]
)
def test_balance_is_in_cents(server: ScriptedServer, data: Any, amount: int | None) -> None:
    server.script(Reply({"code": 200, "data": data}))
    found = SoraHk().make(server.url).balance()
    assert isinstance(found, Fault) if amount is None else found.amount == amount  # type: ignore[union-attr]

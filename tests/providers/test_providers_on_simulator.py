"""Every provider against the built-in simulator: the whole life of a take, and each fault of the API."""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.providers import make
from sorad.providers.base import (
    Accepted,
    Balance,
    Download,
    DownloadCut,
    Fault,
    Finished,
    Listed,
    Missing,
    Provider,
    Refused,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
)
from sorad.simulator import KEY, Simulator

OWN_TEXT = ("sora_hk", "simulator", "openai_videos")  # whose lists show the text at once
# What the others need in a config beside their kind; a model of ``is_pro`` is one that the simulator knows as such.
NATIVE: dict[str, dict[str, Any]] = {
    "ark": {"model_pro": "doubao-seedance-2-5-260628"},
    "kling": {"model_pro": "kling-3.0-turbo"},
    "dashscope": {"model_pro": "wan3.0-video-prime"},
    "minimax": {"model_pro": "MiniMax-H3-Max"},
    "vidu": {"model_pro": "viduq3-pro"},
    "fal": {"model": "fal-ai/one/text-to-video", "model_pro": "fal-ai/one/pro/text-to-video"},
    "replicate": {"model": "vendor/one", "model_pro": "vendor/one-pro"},
    "google_omni": {"model_pro": "gemini-omni-1.1-flash"},
    "openrouter": {"model": "vendor/one", "model_pro": "vendor/one-pro"},
}
MANY = ("fal", "replicate", "openrouter")  # whose models are as many as vendors
KINDS = (*OWN_TEXT, *NATIVE)
LISTING = [kind for kind in KINDS if kind not in ("google_omni", "openrouter")]
# Whose rows show the text; that of DashScope after the end.
TELLING = ("dashscope", "vidu", "fal", "replicate")
SIZE = 400_000
# as much of a picture as is looked at: its size must be that of the video
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5x", 13, b"IHDR", 1280, 720)


@pytest.fixture
def api() -> Iterator[Simulator]:
    with Simulator(task_seconds=(0.0, 0.0), file_size=SIZE) as running:
        yield running


def provider_of(kind: str, api: Simulator, key: str = KEY, **more: Any) -> Provider:
    usual: dict[str, Any] = {"kind": kind, "base_url": api.base_url_of(kind), "request_timeout": 30.0}
    usual.update(NATIVE.get(kind, {}), create_timeout=more.get("request_timeout", 30.0))
    if kind in MANY:
        usual.update(seconds=(10, 15))
    if kind == "openai_videos":
        usual.update(model="sim-1", model_pro="sim-1-pro", seconds=(10, 15), lists_tasks=True)
    return make(ProviderConfig(**{**usual, **more}), lambda: key, pictures=(Path("/"),))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bought(provider: Provider, request: Request) -> str:
    found = provider.create(request)
    assert isinstance(found, Accepted), found
    assert found.request_id
    return found.remote_id


def finished(provider: Provider, remote_id: str) -> Finished:
    found = provider.poll(remote_id)
    assert isinstance(found, Finished), found
    return found


def read(found: Download | Fault) -> bytes:
    assert isinstance(found, Download), found
    return b"".join(found.pieces)


def collect(found: Download, into: bytearray) -> None:
    for piece in found.pieces:
        into += piece


@pytest.mark.parametrize("pro", [False, True])
def test_the_life_of_a_take(kind: str, api: Simulator, pro: bool) -> None:
    provider = provider_of(kind, api)
    request = Request("灯笼漂在河上 @moon \n夜", seconds=10, orientation="vertical", pro=pro)
    assert provider.validate(request) == []
    remote_id = bought(provider, request)
    (task,) = api.accepted
    order = task.order
    assert (order.prompt, order.seconds, order.orientation, order.pro) == (
        request.prompt,
        10,
        "vertical",
        pro,
    )
    found = finished(provider, remote_id)
    whole = read(provider.open_video(remote_id, found.video, 0, ""))
    assert len(whole) == pytest.approx(SIZE, rel=0.1)
    assert whole[4:8] == b"ftyp"
    rest = provider.open_video(remote_id, found.video, 100_000, "")
    assert read(rest) == whole[100_000:]
    assert isinstance(rest, Download)
    assert rest.offset == 100_000
    assert (api.stats()["requests"]["create"], api.keys_at_wrong_host) == (1, 0)


@pytest.mark.parametrize("kind", NATIVE)
def test_a_video_is_rendered_from_the_pictures_that_came(kind: str, api: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    name, frames = f"sha256:{hashlib.sha256(PNG).hexdigest()}", {"picture_field": "image_url"}
    shop = provider_of(kind, api, **(frames if kind in MANY else {}))
    asked = Request("a prompt", seconds=shop.capabilities.seconds[0], image=name, image_path=str(path))
    assert isinstance(shop.create(asked), Accepted)
    (task,) = api.accepted
    assert api._book.album.get(task.order.image) == PNG


def test_running_task(kind: str) -> None:
    with Simulator(task_seconds=(60.0, 60.0)) as api:
        provider = provider_of(kind, api)
        assert isinstance(provider.poll(bought(provider, Request("a"))), Running)


# By fault of a create: what becomes of it, by what trouble, and how many tasks there are then.
OUTCOMES: list[tuple[str, type, Trouble, int]] = [
    ("rate,retry_after=3", Refused, Trouble.RATE, 0),
    ("key", Refused, Trouble.KEY, 0),
    ("balance", Refused, Trouble.BALANCE, 0),
    ("retired", Refused, Trouble.RETIRED, 0),
    ("blocked", Refused, Trouble.REQUEST, 0),
    ("person", Refused, Trouble.REQUEST, 0),
    ("server", Unknown, Trouble.SERVER, 0),
    ("server,status=502", Unknown, Trouble.SERVER, 0),
    ("server,status=503", Unknown, Trouble.SERVER, 0),
    ("server,status=504,accepted=true", Unknown, Trouble.SERVER, 1),
    ("reset_before", Unknown, Trouble.TRANSPORT, 0),
    ("reset_after", Unknown, Trouble.TRANSPORT, 1),
    ("slow,seconds=30", Unknown, Trouble.TRANSPORT, 1),
    ("slow_headers,seconds=30", Unknown, Trouble.TRANSPORT, 1),
    ("no_id", Unknown, Trouble.SERVER, 1),
    ("html", Unknown, Trouble.SERVER, 0),
]
# What is a matter of the line is so with all of them: a native one stands for the others.
OF_THE_LINE = ("reset", "slow", "html")


@pytest.mark.parametrize(
    ("kind", "fault", "outcome", "trouble", "accepted"),
    [
        (kind, *row)
        for kind in KINDS
        for row in OUTCOMES
        if kind in (*OWN_TEXT, "dashscope") or not row[0].startswith(OF_THE_LINE)
    ],
)
def test_outcome_of_a_create_under_each_fault(
    kind: str, api: Simulator, fault: str, outcome: type, trouble: Trouble, accepted: int
) -> None:
    api.faults.add(fault)
    provider = provider_of(kind, api, request_timeout=0.5 if fault.startswith("slow") else 10.0)
    found = provider.create(Request("a prompt"))
    assert type(found) is outcome
    assert not isinstance(found, Accepted)
    assert found.fault.trouble is trouble
    assert found.fault.retry_after == (3.0 if fault.startswith("rate") else None)
    assert bool(found.fault.request_id) == (trouble is not Trouble.TRANSPORT)
    assert (api.stats()["requests"]["create"], api.creates("a prompt")) == (1, accepted)


@pytest.mark.parametrize("kind", LISTING)
def test_lost_answers_are_found_on_the_list(kind: str, api: Simulator) -> None:
    provider = provider_of(kind, api)
    request = Request("a prompt\nof two lines", seconds=15, orientation="vertical")
    before = time.time()
    for number in range(45):
        bought(provider, Request(f"another {number}"))
    api.faults.add("reset_after,count=1,target=create")
    assert isinstance(provider.create(request), Unknown)
    listed = provider.recent(before)
    assert isinstance(listed, Listed)
    assert len(listed.tasks) == 46
    (task,) = api.accepted[-1:]
    lost = [one for one in listed.tasks if one.remote_id.endswith(task.id)]
    assert [one.prompt for one in lost] == [request.prompt if kind in (*OWN_TEXT, *TELLING) else ""]
    shape = (lost[0].seconds, lost[0].orientation, lost[0].pro)
    assert shape == ((15, "vertical", False) if kind in OWN_TEXT else (None, None, None))
    assert lost[0].shown.items() <= provider.sent(request).items()
    assert lost[0].created_at == pytest.approx(time.time(), abs=30)


@pytest.mark.parametrize("shape", ["data", "list", "items", "tasks"])
def test_every_shape_of_the_list_is_read(shape: str) -> None:
    with Simulator(task_seconds=(0.0, 0.0), list_shape=shape) as api:
        provider = provider_of("sora_hk", api)
        nothing = provider.recent(time.time())
        assert isinstance(nothing, Listed)
        assert (nothing.tasks, nothing.ended) == ((), True)
        for number in range(25):
            bought(provider, Request(f"prompt {number}"))
        listed = provider.recent(time.time() - 60)
        assert isinstance(listed, Listed)
        assert [task.prompt for task in sorted(listed.tasks, key=lambda one: int(one.prompt.split()[1]))] == [
            f"prompt {number}" for number in range(25)
        ]


@pytest.mark.parametrize("kind", LISTING)
@pytest.mark.parametrize("fault", ["rate", "server", "reset_before", "html", "key"])
def test_half_a_list_is_no_list(kind: str, api: Simulator, fault: str) -> None:
    provider = provider_of(kind, api)
    bought(provider, Request("a"))
    api.faults.add(f"{fault},target=list")
    assert isinstance(provider.recent(time.time() - 60), Fault)


@pytest.mark.parametrize("kind", LISTING)
def test_a_stub_of_a_list_and_one_of_another_zone_are_read_as_they_are(kind: str, api: Simulator) -> None:
    provider = provider_of(kind, api)
    remote_id = bought(provider, Request("a"))
    api.faults.add("list_dates,seconds=3600")
    listed = provider.recent(time.time() - 2 * 3600)
    assert isinstance(listed, Listed)
    assert listed.dates == {remote_id: pytest.approx(time.time() - 3600, abs=30)}
    api.faults.add("list_stub")
    stub = provider.recent(time.time() - 60)
    assert isinstance(stub, Listed)
    assert (stub.ids, stub.counted or stub.ended) == (frozenset(), True)


@pytest.mark.parametrize("kind", ["openai_videos", "minimax"])
def test_lists_that_show_a_task_late_or_forget_it_say_so_of_none(kind: str) -> None:
    with Simulator(task_seconds=(600.0, 600.0)) as api:
        provider = provider_of(kind, api)
        remote_id = bought(provider, Request("a"))

        def shown() -> frozenset[str]:
            listed = provider.recent(time.time() - 60)
            assert isinstance(listed, Listed)
            return listed.ids

        assert shown() == {remote_id}
        for fault in ("list_ended", "list_forget,seconds=0"):
            api.faults.add(fault)
            assert shown() == frozenset()
            api.faults.clear()


def test_refused_task_is_told_as_moderation(kind: str, api: Simulator) -> None:
    api.faults.add("fail")
    provider = provider_of(kind, api)
    found = provider.poll(bought(provider, Request("a")))
    assert isinstance(found, TaskFailed)
    assert found.problem.code == "provider.moderation"
    assert found.problem.params["said"]
    assert found.request_id


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("rate,retry_after=2,target=poll", Trouble.RATE),
        ("server,target=poll", Trouble.SERVER),
        ("reset_before,target=poll", Trouble.TRANSPORT),
        ("html,target=poll", Trouble.SERVER),
        ("key,target=poll", Trouble.KEY),
    ],
)
def test_trouble_with_a_poll(kind: str, api: Simulator, fault: str, trouble: Trouble) -> None:
    provider = provider_of(kind, api)
    remote_id = bought(provider, Request("a"))
    api.faults.add(fault)
    found = provider.poll(remote_id)
    assert isinstance(found, Fault)
    assert found.trouble is trouble


def test_task_that_is_not_known(kind: str, api: Simulator) -> None:
    provider = provider_of(kind, api)
    assert isinstance(provider.poll("never-heard-of"), Missing)


def test_cut_download_goes_on_from_where_it_was(kind: str, api: Simulator) -> None:
    provider = provider_of(kind, api)
    remote_id = bought(provider, Request("a"))
    video = finished(provider, remote_id).video
    whole = read(provider.open_video(remote_id, video, 0, ""))
    api.faults.add("cut,count=1")
    found = provider.open_video(remote_id, video, 0, "")
    assert isinstance(found, Download)
    got = bytearray()
    with pytest.raises(DownloadCut):
        collect(found, got)
    assert 0 < len(got) < len(whole)
    rest = provider.open_video(remote_id, video, len(got), found.validator)
    assert isinstance(rest, Download)
    assert rest.offset == len(got)
    got += b"".join(rest.pieces)
    assert hashlib.sha256(got).digest() == hashlib.sha256(whole).digest()


def test_expired_address_is_told(kind: str, api: Simulator) -> None:
    provider = provider_of(kind, api)
    remote_id = bought(provider, Request("a"))
    api.faults.add("expired")
    found = provider.open_video(remote_id, finished(provider, remote_id).video, 0, "")
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.EXPIRED


def test_key_check_and_balance(kind: str, api: Simulator) -> None:
    assert provider_of(kind, api).check() is None
    wrong = provider_of(kind, api, key="sk-somebody-elses").check()
    assert isinstance(wrong, Fault)
    assert wrong.trouble is Trouble.KEY


def test_money_of_the_native_format(api: Simulator) -> None:
    provider = provider_of("sora_hk", api)
    assert provider.balance() == Balance(1_000_000_000)
    normal, pro = Request("a"), Request("a", pro=True)
    assert (provider.price(normal), provider.price(pro)) == (30_000, 300_000)
    found = provider.create(pro)
    assert isinstance(found, Accepted)
    assert found.cost == 300_000
    assert provider.balance() == Balance(999_700_000)


def test_simulator_needs_no_key(api: Simulator) -> None:
    provider = provider_of("simulator", api, key="")
    bought(provider, Request("a"))


@pytest.mark.parametrize("way", ["multipart", "data_url"])
def test_local_picture_is_sent_along(api: Simulator, tmp_path: Path, way: str) -> None:
    path = tmp_path / "参考图.png"
    path.write_bytes(PNG)
    image = f"sha256:{hashlib.sha256(PNG).hexdigest()}"
    provider = provider_of("openai_videos", api, reference=way)
    request = Request("a “prompt”\nof two lines", image=image, image_path=str(path))
    assert provider.validate(request) == []
    bought(provider, request)
    (task,) = api.accepted
    assert task.order.prompt == request.prompt
    assert task.order.image


# --- our own ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "more"), [("kling", {}), ("vidu", {}), ("ark", {"tag_creates": True})])
def test_a_create_is_found_by_the_id_it_brought(kind: str, more: dict[str, Any], api: Simulator) -> None:
    provider, request = provider_of(kind, api, **more), Request("a lantern", seconds=10)
    api.faults.add("reset_after,count=1,target=create")
    assert isinstance(provider.create(request, "sorad-lost"), Unknown)
    bought(provider, request)
    listed = provider.recent(time.time() - 60, "sorad-lost")
    assert isinstance(listed, Listed)
    assert provider.capabilities.finding.how.by_id
    lost = [one.remote_id for one in listed.tasks if one.own_id == "sorad-lost"]
    assert lost == [api.accepted[0].id]


def test_kling_refuses_an_id_twice(api: Simulator) -> None:
    provider, request = provider_of("kling", api), Request("a lantern", seconds=10)
    assert isinstance(provider.create(request, "sorad-1"), Accepted)
    again = provider.create(request, "sorad-1")
    assert isinstance(again, Refused)
    assert again.fault.trouble is Trouble.REQUEST
    assert len(api.accepted) == 1


def test_ark_without_a_tag_shows_no_id(api: Simulator) -> None:
    provider, request = provider_of("ark", api), Request("a lantern", seconds=10)
    provider.create(request, "sorad-1")
    listed = provider.recent(time.time() - 60, "sorad-1")
    assert isinstance(listed, Listed)
    assert [one.own_id for one in listed.tasks] == [""]
    assert api.accepted[0].order.details.get("safety_identifier") is None


def test_what_a_task_cost_is_told_by_its_poll(api: Simulator) -> None:
    request = Request("a lantern", seconds=10)
    ark, kling = provider_of("ark", api), provider_of("kling", api)
    found = ark.poll(bought(ark, request))
    assert isinstance(found, Finished)
    assert found.cost == ark.price(request) == 9_936_000
    found = kling.poll(bought(kling, request))
    assert isinstance(found, Finished)
    assert found.cost == 30_000, "as the simulator says, in cash"

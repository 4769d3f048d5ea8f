"""The vendors' own Python clients drive the simulator: create, poll, download. So it is held against what others wrote.

They come with the extra ``dev-sdk``; what is not installed is skipped.
"""

from __future__ import annotations

import ssl
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sorad.simulator import KEY, Simulator

SIZE = 100_000
PROMPT = "a lantern on the river"


@pytest.fixture
def api() -> Iterator[Simulator]:
    with Simulator(task_seconds=(0.2, 0.2), file_size=SIZE) as running:
        yield running


def root_of(api: Simulator) -> str:
    return api.base_url[: -len("/v1")]


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def until(done: Any) -> Any:
    """What ``done`` gives once it is something."""
    for _turn in range(100):
        found = done()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never ended")


def is_video(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and len(data) == pytest.approx(SIZE, rel=0.2)


def test_dashscope(api: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    dashscope = pytest.importorskip("dashscope")
    monkeypatch.setattr(dashscope, "base_http_api_url", root_of(api) + "/api/v1")
    made = dashscope.VideoSynthesis.async_call(
        api_key=KEY, model="wan3.0-video", prompt=PROMPT, duration=5, resolution="720P"
    )
    assert made.output.task_status == "PENDING"

    def done() -> Any:
        found = dashscope.VideoSynthesis.fetch(made, api_key=KEY)
        return found if found.output.task_status == "SUCCEEDED" else None

    assert is_video(fetched(until(done).output.video_url))
    refused = dashscope.VideoSynthesis.async_call(api_key="sk-other", model="wan3.0-video", prompt=PROMPT)
    assert (refused.status_code, refused.code) == (401, "InvalidApiKey")
    assert api.creates(PROMPT) == 1


def test_volcengine_ark(api: Simulator) -> None:
    ark = pytest.importorskip("volcenginesdkarkruntime")
    tasks = ark.Ark(base_url=api.base_url_of("ark"), api_key=KEY).content_generation.tasks
    content = [{"type": "text", "text": PROMPT}]
    shape = {"resolution": "720p", "ratio": "16:9", "duration": 5, "generate_audio": True}
    made = tasks.create(model="doubao-seedance-2-0-260128", content=content, **shape)

    def done() -> Any:
        found = tasks.get(task_id=made.id)
        return found if found.status == "succeeded" else None

    assert is_video(fetched(until(done).content.video_url))
    assert [one.id for one in tasks.list(page_num=1, page_size=5).items] == [made.id]
    api.faults.add("balance,count=1")
    with pytest.raises(Exception, match="AccountOverdueError"):
        tasks.create(model="doubao-seedance-2-0-260128", content=content, **shape)


def test_replicate(api: Simulator) -> None:
    replicate = pytest.importorskip("replicate")
    client = replicate.Client(api_token=KEY, base_url=root_of(api))
    made = client.models.predictions.create(("vendor", "one"), input={"prompt": PROMPT, "duration": 5})

    def done() -> Any:
        made.reload()
        return made.output if made.status == "succeeded" else None

    assert is_video(fetched(str(until(done))))
    assert [(one.id, one.input["prompt"]) for one in client.predictions.list()] == [(made.id, PROMPT)]


def test_google_genai(api: Simulator) -> None:
    genai = pytest.importorskip("google.genai")
    client = genai.Client(api_key=KEY, http_options={"base_url": root_of(api), "api_version": "v1beta"})
    if not hasattr(client, "interactions"):
        pytest.skip("this google-genai is older than the interactions")
    wanted = {"type": "video", "aspect_ratio": "16:9", "resolution": "720p", "duration": "5s"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = client.interactions.create(
            model="gemini-omni-1.2-flash", input=PROMPT, background=True, store=True, response_format=wanted
        )

        def done() -> Any:
            found = client.interactions.get(id=made.id)
            return found.model_dump() if found.status == "completed" else None

        (step,) = until(done)["steps"]
    uri = step["content"][0]["uri"]
    request = urllib.request.Request(f"{uri}:download?alt=media", headers={"x-goog-api-key": KEY})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert is_video(answer.read())


def test_openai(api: Simulator) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=api.base_url, api_key=KEY, max_retries=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that the API of OpenAI itself is gone
        made = client.videos.create(model="sim-1", prompt=PROMPT, seconds="8", size="1280x720")
        until(lambda: client.videos.retrieve(made.id).status == "completed")
        assert is_video(client.videos.download_content(made.id).read())


def test_fal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fal, trustme = pytest.importorskip("fal_client"), pytest.importorskip("trustme")
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Simulator(task_seconds=(0.2, 0.2), file_size=SIZE, tls=tls) as api:
        monkeypatch.setattr(fal.client, "QUEUE_URL_FORMAT", f"{root_of(api)}/")
        client = fal.SyncClient(key=KEY)
        made = client.submit("fal-ai/one/text-to-video", {"prompt": PROMPT, "duration": "5"})
        until(lambda: isinstance(client.status("fal-ai/one/text-to-video", made.request_id), fal.Completed))
        assert is_video(fetched(made.get()["video"]["url"]))
        assert api.creates(PROMPT) == 1

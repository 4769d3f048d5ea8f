"""What must not be read in a log: keys, credentials, signed URLs."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad import masking
from sorad.masking import MASK, SHORTEST_SECRET, mask, register_secret

KEY = "sk-4f9aQz81LmNoPqRsTuVw"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(masking, "_secrets", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"key {KEY}.", f"key {MASK}."),
        (f"密钥{KEY}无效", f"密钥{MASK}无效"),
        ("key sora-a1b2c3d4e5f6 refused", f"key {MASK} refused"),
        (f"Authorization: Bearer {KEY}", f"Authorization: Bearer {MASK}"),
        ("{'Authorization': 'Bearer abcdefgh'}", f"{{'Authorization': 'Bearer {MASK}'}}"),
        ("{'authorization': 'Basic dXNlcjpwYXNz'}", f"{{'authorization': 'Basic {MASK}'}}"),
        ("bearer abcdefgh.ijk-lmn", f"bearer {MASK}"),
        ('"x-api-key": "0123456789"', f'"x-api-key": "{MASK}"'),
        ("SORA_API_KEY=0123456789", f"SORA_API_KEY={MASK}"),
        ("https://cdn.example/v/a.mp4?sig=abc&se=2026", "https://cdn.example/v/a.mp4?******"),
        (
            "GET https://cdn.example/a.mp4?X-Amz-Signature=ff&X-Amz-Date=1 done",
            "GET https://cdn.example/a.mp4?****** done",
        ),
        (
            "Max retries exceeded with url: /a.mp4?token=abc (Caused by X)",
            "Max retries exceeded with url: /a.mp4?****** (Caused by X)",
        ),
        (
            '{"video_url":"https://cdn.example/a.mp4?e=1\\u0026sig=zz","id":1}',
            '{"video_url":"https://cdn.example/a.mp4?******","id":1}',
        ),
        ("https://cdn.example/片.mp4?name=片段&sig=zz 完", "https://cdn.example/片.mp4?****** 完"),
        ("proxy http://me:secret@10.0.0.1:3128 refused", "proxy http://******@10.0.0.1:3128 refused"),
        ("X-Amz-Signature=abcdef and more", "X-Amz-Signature=****** and more"),
    ],
)
def test_masking_hides(text, expected):
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "take 12: accepted as task-1234567890",
        "take 3: written to /home/me/sora-projects/ep01_assets/Segment_1/1_v1_a1b2c3d4.mp4",
        "model sora-2-pro is retired",
        "why? because of that",
        "这是什么？下一步=重试",
        "queued=3 done=4",
        "https://api.sora.hk/v1/tasks/12",
        "mail me@example.org",
        "risk-management is fine",
        "",
    ],
)
def test_masking_leaves_ordinary_lines_alone(text):
    assert mask(text) == text


@pytest.mark.parametrize("secret", ["p@ss/word+1 2", "钥匙钥匙钥匙", 'with"quote\\s'])
def test_a_registered_secret_is_hidden_in_every_spelling(secret):
    register_secret(secret)
    for spelling in (secret, quote(secret), quote(secret, safe=""), json.dumps(secret), repr(secret)):
        masked = mask(f"begin {spelling} end")
        assert MASK in masked
        assert secret not in masked
        assert spelling.strip("\"'") not in masked


SECRETS = st.text(min_size=SHORTEST_SECRET, max_size=30) | st.text(
    "sk-*a1=?&", min_size=SHORTEST_SECRET, max_size=12
)


@settings(max_examples=400)
@given(
    st.lists(SECRETS, min_size=1, max_size=3),
    st.lists(st.text(max_size=20) | st.text("sk-*a1=?&@: ", max_size=12), max_size=6),
    st.data(),
)
def test_a_registered_secret_never_survives(secrets, pieces, data):
    masking._secrets = ()
    for secret in secrets:
        register_secret(secret)
    where = data.draw(st.integers(0, len(pieces)))
    text = "".join([*pieces[:where], *secrets, *pieces[where:]])
    masked = mask(text)
    for secret in secrets:
        assert secret not in masked or secret in MASK


@given(st.text())
def test_masking_twice_changes_nothing_more(text):
    assert mask(mask(text)) == mask(text)

"""How LiteLLM's proxy names the tasks of those behind it: their id, wrapped together with where it came from.

An id seen in the account upstream is not the one that the proxy answers to, and the other way round. The form is that
of ``litellm/types/videos/utils.py``: ``video_`` and the base64 of
``litellm:custom_llm_provider:PROVIDER;model_id:MODEL;video_id:ID``.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple, Optional

_BEFORE = "video_"
# What every wrapped id begins with.
PREFIX = _BEFORE + base64.b64encode(b"litellm:").decode()[:10]
_LONGEST = 4_000


class Wrapped(NamedTuple):
    """What is in a wrapped id."""

    provider: str  # as LiteLLM calls it: "openai", "azure"…
    model: str  # the id of the deployment; "" where there is none
    remote_id: str  # of the task upstream


def wrap(what: Wrapped) -> str:
    """The id under which the proxy knows a task."""
    text = f"litellm:custom_llm_provider:{what.provider};model_id:{what.model};video_id:{what.remote_id}"
    return _BEFORE + base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def unwrap(remote_id: str) -> Optional[Wrapped]:
    """What is in an id; ``None`` where it is no wrapped one. Padding may be missing."""
    if not remote_id.startswith(PREFIX) or len(remote_id) > _LONGEST:
        return None
    code = remote_id[len(_BEFORE) :].rstrip("=")
    try:
        text = base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    parts = text.split(";", 2)
    names = ("litellm:custom_llm_provider:", "model_id:", "video_id:")
    if len(parts) != len(names) or not all(map(str.startswith, parts, names)):
        return None
    values = Wrapped(*(part[len(name) :] for part, name in zip(parts, names)))
    return values if values.remote_id else None

"""What LiteLLM's proxy says in its own way: the ids of tasks, and that it sent a create more than once.

It names the tasks of those behind it by their id, wrapped together with where it came from.

An id seen in the account upstream is not the one that the proxy answers to, and the other way round. The form is that
of ``litellm/types/videos/utils.py``: ``video_`` and the base64 of
``litellm:custom_llm_provider:PROVIDER;model_id:MODEL;video_id:ID``.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple, Optional

from sorad.model import MOST_REPEATS

_BEFORE = "video_"
# What every wrapped id begins with.
PREFIX = _BEFORE + base64.b64encode(b"litellm:").decode()[:10]
_LONGEST = 4_000
# In the words of an answer that is an error, whose headers tell nothing of it.
_FALLBACKS = re.compile(r"Fallback to ([^\n]{1,400}?) also failed")
_OLDER = re.compile(r"doing\sthe\sfallback")
_RETRIED = re.compile(r"LiteLLM Retried: (\d{1,3}) times")
_WORDS = 20_000


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


def repeats_in_words(error: bytes) -> int:
    """How often an error says that the proxy sent the request again by itself, here or elsewhere: 0 to 20.

    It tells the error of the first try, whatever became of the others: those may have been accepted.
    """
    text = error[:_WORDS].decode("utf-8", "replace")
    named = sum(1 + found.group(1).count(",") for found in _FALLBACKS.finditer(text))
    retried = max((int(found.group(1)) for found in _RETRIED.finditer(text)), default=0)
    return min(max(named, bool(_OLDER.search(text))) + retried, MOST_REPEATS)

"""What was tried for a take before, at other providers: kept with the take and in its receipt. Pure data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Optional

from sorad.model import LARGEST_COST

MOST = 50  # a config names far fewer providers; a stranger's receipt may tell of any number
_LONGEST = 300  # characters of a name, an id, a code


@dataclass(frozen=True)
class Attempt:
    """What came of one provider before the take went on to the next."""

    provider: str  # by its name in the config
    code: str  # of the problem for which it went on
    at: float  # epoch seconds
    kind: str = ""
    remote_id: str = ""  # of the task that failed; "": the create was refused
    cost: Optional[float] = None  # what counts as spent for it, in units of the currency; None: not known
    currency: str = ""
    creates: int = 0  # of the take until then, that were not clearly refused


def attempts_of(text: str) -> tuple[Attempt, ...]:
    """From the JSON that is kept; empty for ``""`` and for what is none."""
    try:
        return parse_attempts(json.loads(text)) if text else ()
    except ValueError:
        return ()


def as_json(attempts: Iterable[Attempt]) -> str:
    """What is kept; ``""`` for none."""
    rows = [asdict(one) for one in attempts]
    return json.dumps(rows, ensure_ascii=False, sort_keys=True) if rows else ""


def as_members(text: str) -> list[dict[str, Any]]:
    """The same as the member of a receipt."""
    return [asdict(one) for one in attempts_of(text)]


def parse_attempts(raw: Any) -> tuple[Attempt, ...]:
    """From a receipt: what is none, or cannot be believed, is left out and no reason to lose the rest."""
    rows = raw if isinstance(raw, list) else []
    return tuple(one for one in map(_parse, rows[:MOST]) if one is not None)


def _parse(raw: Any) -> Optional[Attempt]:
    if not isinstance(raw, dict):
        return None
    texts = {name: raw.get(name, "") for name in ("provider", "code", "kind", "remote_id", "currency")}
    numbers: dict[str, Any] = {name: raw.get(name) for name in ("at", "creates", "cost")}
    fit = bool(texts["provider"]) and all(map(_is_name, texts.values())) and _are_fit(**numbers)
    return Attempt(**texts, **numbers) if fit else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST


def _are_fit(at: Any, creates: Any, cost: Any) -> bool:
    whole = isinstance(creates, int) and _is_within(creates, 1_000_000)
    return whole and _is_within(at, 5e9) and (cost is None or _is_within(cost, LARGEST_COST))


def _is_within(value: Any, most: float) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value <= most

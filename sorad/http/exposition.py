"""Numbers in the text format of Prometheus (0.0.4). Pure.

Forty lines instead of a dependency: a client library keeps a registry and counters of its own, and ours stand
in the ledger and the pulse already. The tests read what comes out with that library's parser.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sorad.http.latency import BOUNDS, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    """One number. ``suffix`` goes behind the family's name (``_bucket``)."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """Numbers of one name. ``kind``: gauge, counter or histogram."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def gauge(name: str, help: str, *samples: Sample | float) -> Family:
    """A family of numbers that go up and down."""
    return Family(
        name, "gauge", help, tuple(one if isinstance(one, Sample) else Sample(one) for one in samples)
    )


def histogram(name: str, help: str, label: str, found: Mapping[str, Histogram]) -> Family:
    """One histogram for each value of ``label``."""
    samples = []
    for value, one in sorted(found.items()):
        below = 0
        for bound, count in zip((*BOUNDS, math.inf), one.counts):
            below += count
            samples.append(Sample(below, {label: value, "le": _number(bound)}, "_bucket"))
        samples += [Sample(one.total, {label: value}, "_sum"), Sample(below, {label: value}, "_count")]
    return Family(name, "histogram", help, tuple(samples))


def render(families: Iterable[Family]) -> str:
    """The whole page."""
    lines = []
    for one in families:
        text = one.help.replace("\\", "\\\\").replace("\n", "\\n")
        lines += [f"# HELP {one.name} {text}", f"# TYPE {one.name} {one.kind}"]
        for sample in one.samples:
            labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
            braces = f"{{{labels}}}" if labels else ""
            lines.append(f"{one.name}{sample.suffix}{braces} {_number(sample.value)}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    # names of folders may hold bytes that are no UTF-8
    text = value.encode("utf-8", "replace").decode()
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value)) if isinstance(value, float) and not value.is_integer() else str(int(value))

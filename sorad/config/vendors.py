"""The providers that sorad speaks to natively: their addresses by region, the currency there, a default model. Data.

Another one is a row here, its file in ``sorad/providers``, its models in the ``.toml`` beside that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import urlsplit

CHINA, ABROAD = "china", "abroad"


@dataclass(frozen=True)
class Region:
    """Where an account is. ``hosts``: ends of names of other hosts of that region."""

    url: str
    currency: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """One of them. The first region is the default. ``module``: its file and class in ``sorad.providers``."""

    label: str  # for people
    module: str
    regions: Mapping[str, Region] = field(default_factory=dict)
    model: str = ""  # where the config names none; "": it must name one
    has_balance: bool = False
    # the members of a create that sorad writes: no business of ``extra``
    sends: tuple[str, ...] = ()

    def region_of(self, region: str, base_url: str) -> str:
        """The region in force: that which is said, else that of the address, else the first."""
        if region in self.regions:
            return region
        host = _host_of(base_url)
        for name, one in self.regions.items():
            if host and (host == _host_of(one.url) or host.endswith(one.hosts)):
                return name
        return next(iter(self.regions))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


VENDORS: Mapping[str, Vendor] = {}


def vendor_of(kind: str) -> Optional[Vendor]:
    """The vendor of a kind; ``None`` for kinds that are none: sora.hk, gateways, the simulator."""
    return VENDORS.get(kind)

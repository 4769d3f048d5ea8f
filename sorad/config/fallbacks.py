"""What must hold for ``fallback``: each name is another provider's, and no way leads back to where it began. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sorad.config.finding import Finding
from sorad.config.lines import Loc
from sorad.config.model import Config
from sorad.messages import N_

Fallbacks = Mapping[str, Sequence[str]]  # by the names of providers


def fallbacks_of(config: Config) -> Fallbacks:
    """What each provider names."""
    return {one.title: one.fallback for one in config.providers}


def chain(first: str, fallbacks: Fallbacks) -> list[str]:
    """Where takes of a provider may go, in order: those that it names, then those that these name."""
    found = [first]
    for name in found:  # grows as it is read
        found += [one for one in dict.fromkeys(fallbacks.get(name, ())) if one not in found]
    return found[1:]


def of_fallbacks(config: Config) -> Iterator[Finding]:
    """What is wrong with them."""
    several = isinstance(config.provided, tuple)
    fallbacks = fallbacks_of(config)
    for number, provider in enumerate(config.providers):
        place: Loc = ("provider", number, "fallback") if several else ("provider", "fallback")
        others = ", ".join(sorted(fallbacks.keys() - {provider.title}))
        params = {"name": provider.title, "allowed": others or "-"}
        for name in dict.fromkeys(provider.fallback):
            if name == provider.title:
                message = N_("{place}: {name} names itself as its fallback.")
                fix = N_("Write others: {allowed}.")
                yield Finding(place, "config.fallback_self", message, fix, params=params)
            elif name not in fallbacks:
                message = N_("{place}: there is no provider {name}.")
                fix = N_("Write names of other providers: {allowed}.")
                yield Finding(place, "config.no_provider", message, fix, params={**params, "name": name})
            elif provider.title in chain(name, fallbacks):
                message = N_("{place}: the fallbacks of {name} and {other} lead back to each other.")
                fix = N_("Take one of the two out: a take that is refused at both would have nowhere to end.")
                yield Finding(place, "config.fallback_circle", message, fix, params={**params, "other": name})

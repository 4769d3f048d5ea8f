"""How the storyboards of a root are read: what the config says of it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Callable, Optional, Protocol

from sorad.claim.sync_signs import vault_of
from sorad.config.model import Config, Watch
from sorad.config.vendors import gives_last_frame
from sorad.media.questions import missing
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.capabilities.judge import no_such
from sorad.storyboard.image import Pictures
from sorad.storyboard.prompt import RULES
from sorad.storyboard.read import Rules
from sorad.vault.notes import storyboards_in

READ_BY = 3  # how storyboards are judged; raised where a later sorad must look at all of them again


class Judge(Protocol):
    """What reading a storyboard needs to know of a provider."""

    def validate(self, request: Request) -> list[Problem]:
        """What it would refuse."""
        ...


class Seller(Judge, Protocol):
    """What storyboards need to know of a provider: a part of :class:`sorad.providers.base.Provider`."""

    @property
    def currency(self) -> str:
        """Of its prices."""
        ...

    def price(self, request: Request) -> Optional[int]:
        """What a take costs."""
        ...

    def price_trouble(self) -> Optional[Problem]:
        """Why that is not known just now."""
        ...


# Whom takes of a target (a name from the config; "": the first) are wanted from.
Sellers = Callable[[str], Seller]
Judges = Callable[[str], Judge]
Validate = Callable[[Request], "list[Problem]"]


def target_of(request: Request, watch: Watch) -> str:
    """The provider that a request is wanted from, by name; ``""``: the first."""
    return request.provider or watch.provider


def validator(config: Config, watch: Watch, judges: Judges) -> Validate:
    """What the provider that a request is wanted from would refuse in it."""
    names = tuple(one.title for one in config.providers)

    def validate(request: Request) -> list[Problem]:
        if request.provider and request.provider not in names:
            return [no_such("provider", request.provider, names)]
        return judges(target_of(request, watch)).validate(request)

    return validate


def rules_of(config: Config, watch: Watch, judges: Judges) -> Rules:
    """How the storyboards of a root are read."""
    limits = config.storyboards
    return Rules(
        max_size=limits.max_size,
        max_segments=limits.max_segments,
        max_takes=limits.max_takes,
        takes=watch.takes,
        director_intent=config.prompt.director_intent,
        validate=validator(config, watch, judges),
        pictures=pictures_of(config, watch),
        no_frames=lambda before: _no_frame_of(before, config, watch),
        vault=lambda folder: _vault_of(folder, watch),
        asset_folder=watch.asset_folder,
        storyboards_in=storyboards_in,
    )


def _no_frame_of(before: Request, config: Config, watch: Watch) -> Optional[Problem]:
    """Why the last frame of a shot cannot be had: its provider gives none, and nothing here decodes."""
    kinds = {one.title: one.kind for one in config.providers}
    kind = kinds.get(target_of(before, watch), config.provider.kind)
    return None if gives_last_frame(kind) else missing()


def _vault_of(folder: Path, watch: Watch) -> Path:
    """Where links in the notes of a folder lead: in its vault, or in the watched folder where that is none."""
    vault = vault_of(folder)
    return watch.path if vault == folder else vault


def pictures_of(config: Config, watch: Optional[Watch] = None) -> Pictures:
    """Where pictures may lie that are sent. For a ``watch`` that is none of the config's: as `sorad once` has it."""
    folders = [one.path for one in config.watch]
    if watch is not None and watch.path not in folders:
        folders += [watch.path, vault_around(watch.path)]
    return Pictures(tuple(dict.fromkeys(folders)), config.storyboards.picture_folders)


def sendable(config: Config) -> tuple[Path, ...]:
    """Whence pictures may be sent: where the user's may lie, and where videos lie whose last frames are used."""
    outputs = (watch.output_dir for watch in config.watch if watch.output_dir is not None)
    return (*pictures_of(config).allowed, *outputs)


def vault_around(folder: Path) -> Path:
    """The Obsidian vault that a folder lies in, or the folder; never the whole home folder, nor a whole disk."""
    vault = vault_of(folder)
    return folder if vault in (Path(os.path.expanduser("~")), Path(vault.anchor)) else vault  # noqa: PTH111


def digest(config: Config) -> str:
    """A hash of all that changes what a storyboard means: other settings or another sorad, read everything again."""
    left_out = {
        "api_key_env",
        "api_key_file",
        "api_key_keyring",
        "request_timeout",
        "concurrency",
        "fallback",
        "per_day",
    }
    providers = [one.model_dump(mode="json", exclude=left_out) for one in config.providers]
    # What is left out does not change how a storyboard is read; `once` has no such waits.
    watches = [
        watch.model_dump(mode="json", exclude={"edit_seconds", "note_seconds"}) for watch in config.watch
    ]
    parts = [
        providers,
        [model.model_dump(mode="json") for model in config.model],
        watches,
        config.prompt.model_dump(),
        config.storyboards.model_dump(mode="json"),
        READ_BY,
        RULES,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

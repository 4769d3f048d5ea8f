"""How the storyboards of a root are read: what the config says of it."""

from __future__ import annotations

import hashlib
import json
from typing import Callable

from sorad.config.model import Config, Watch
from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.prompt import RULES
from sorad.storyboard.read import Rules

READ_BY = 2  # how storyboards are judged; raised where a later sorad must look at all of them again

Validate = Callable[[Request], "list[Problem]"]


def rules_of(config: Config, watch: Watch, validate: Validate) -> Rules:
    """How the storyboards of a root are read."""
    limits = config.storyboards
    return Rules(
        max_size=limits.max_size,
        max_segments=limits.max_segments,
        max_takes=limits.max_takes,
        takes=watch.takes,
        director_intent=config.prompt.director_intent,
        validate=validate,
    )


def digest(config: Config) -> str:
    """A hash of all that changes what a storyboard means: other settings or another sorad, read everything again."""
    provider = config.provider.model_dump(
        mode="json", exclude={"api_key_env", "api_key_file", "api_key_keyring", "request_timeout"}
    )
    # What is left out does not change how a storyboard is read; `once` has no wait for edits.
    watches = [watch.model_dump(mode="json", exclude={"edit_seconds"}) for watch in config.watch]
    parts = [provider, watches, config.prompt.model_dump(), config.storyboards.model_dump(), READ_BY, RULES]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

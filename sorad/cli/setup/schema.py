"""`sorad schema`: the JSON Schema of storyboards, for editors."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sorad.messages import _


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "schema",
        parents=common,
        help=_("print the JSON Schema of storyboards"),
        description=_(
            "Prints JSON Schema 2020-12. Saved to a file and named in an editor's settings, it completes and "
            "checks storyboards while they are written."
        ),
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Print it."""
    from sorad.storyboard.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    return 0

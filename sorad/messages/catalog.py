"""The catalog's tools, for developers: ``python -m sorad.messages.catalog update`` and ``compile``.

``update`` reads every sentence marked in ``sorad/`` and merges the new ones into the Chinese catalog, in the
order of the files; what nobody says any more is dropped. ``compile`` writes ``sorad.mo``, which sorad reads.
Both files belong into the repository. Needs Babel, which sorad itself does not.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

PACKAGE = Path(__file__).resolve().parent.parent
PO = Path(__file__).resolve().parent / "zh" / "LC_MESSAGES" / "sorad.po"
MO = PO.with_suffix(".mo")

_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
# Headers that say nothing about the catalog; the version of the tool would change it on each machine.
_IDLE = re.compile(rb'"(?:Generated-By|Report-Msgid-Bugs-To|Last-Translator|Language-Team):.*\n')
_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)[^{}]*\}|%%|%(?:\((\w+)\))?[-0-9.]*[srd]")


def extract() -> Catalog:
    """A template with every sentence marked in the package, and the files it stands in."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir

    template = Catalog(domain="sorad", fuzzy=False)
    found = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=_KEYWORDS)
    for file, line, message, _comments, _context in sorted(found, key=lambda one: (one[0], one[1])):
        if message:
            template.add(message, locations=[(f"sorad/{Path(file).as_posix()}", line)])
    return template


def read() -> Catalog:
    """The Chinese catalog as it is."""
    from babel.messages.pofile import read_po

    with PO.open("rb") as stream:
        return read_po(stream, locale="zh", domain="sorad")


def update() -> None:
    """Merge what is new into the catalog, drop what is gone, and write it in a fixed order."""
    from babel.messages.pofile import write_po

    catalog, template = read(), extract()
    header, dates = catalog.header_comment, (catalog.creation_date, catalog.revision_date)
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    catalog.header_comment, (catalog.creation_date, catalog.revision_date) = header, dates
    text = io.BytesIO()
    write_po(text, catalog, width=110, sort_by_file=True, include_lineno=False)
    PO.write_bytes(_IDLE.sub(b"", text.getvalue()))


def compiled() -> bytes:
    """What ``sorad.mo`` holds for the catalog as it is."""
    from babel.messages.mofile import write_mo

    out = io.BytesIO()
    write_mo(out, read())
    return out.getvalue()


def fields(text: str) -> list[str]:
    """The fields that are filled in, sorted: ``{count}``, ``%(prog)s``; ``%s`` and ``%r`` by their order."""
    names = []
    for found in _FIELD.finditer(text):
        if found[0] not in ("{{", "}}", "%%"):
            names.append(found[1] or found[2] or found[0])
    return sorted(set(names))


def main(argv: list[str]) -> int:
    """Run ``update``, ``compile`` or both."""
    if not argv or set(argv) - {"update", "compile"}:
        sys.stderr.write("python -m sorad.messages.catalog [update] [compile]\n")
        return 2
    if "update" in argv:
        update()
        missing = [message.id for message in read() if message.id and not _translated(message.string)]
        sys.stdout.write(f"{len(missing)} sentences wait for their translation\n")
    if "compile" in argv:
        MO.write_bytes(compiled())
    return 0


def _translated(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

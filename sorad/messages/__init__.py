"""The words sorad speaks, in English and Chinese.

Message ids are the English sentences. ``_`` translates now; ``N_`` only marks a sentence for the
catalog, to be translated where it is shown (an error stored by a Chinese daemon is read by an
English user). Sentences take named fields: ``_("{count} takes").format(count=3)``.

The catalogs are standard gettext: ``zh/LC_MESSAGES/sorad.po``, compiled beside it to ``sorad.mo``.
"""

from __future__ import annotations

import gettext
import locale
import os
import sys
from pathlib import Path

LANGUAGES = ("zh", "en")
_LOCALES = Path(__file__).parent

_current: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def N_(message: str) -> str:  # noqa: N802  (the name gettext tools look for)
    """Mark a sentence for the catalog without translating it."""
    return message


def _(message: str) -> str:
    """Translate a sentence into the language in force."""
    return _current.gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a counted sentence; the caller formats ``{count}`` into it."""
    return _current.ngettext(singular, plural, count)


def language() -> str:
    """The language in force: ``"zh"`` or ``"en"``."""
    return _language


def set_language(choice: str = "auto") -> str:
    """Put a language in force and return it. ``"auto"`` asks the locale, and falls back to Chinese."""
    global _current, _language
    _language = choice if choice in LANGUAGES else from_locale()
    _current = gettext.translation("sorad", _LOCALES, languages=[_language], fallback=True)
    return _language


def from_locale() -> str:
    """``"zh"`` or ``"en"``, as the environment asks: English for all that is not Chinese, ``C`` and ``POSIX`` too.

    Where nothing is set (a launchd agent, a bare systemd unit), Chinese.
    """
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    # LANGUAGE counts before the rest, except in the C locale: as GNU gettext ranks them
    wish = "" if _is_c(said) else os.environ.get("LANGUAGE", "").partition(":")[0]
    if not (wish or said) and sys.platform == "win32":  # which has none of the variables
        said = locale.getlocale()[0] or ""
    tongue = wish or said or "zh"
    return "zh" if tongue.lower().startswith(("zh", "chinese")) else "en"


def _is_c(name: str) -> bool:
    """Whether a locale's name is that of the C locale, in whatever encoding."""
    return name.partition(".")[0] in ("C", "POSIX")

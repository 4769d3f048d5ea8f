"""The API key: looked for each time it is needed, so that a mended key is used without a restart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sorad.config.model import ProviderConfig
from sorad.config.oskeyring import Keyring
from sorad.masking import MASK, register_secret
from sorad.messages import N_
from sorad.problems import EX_CONFIG, Param, Problem, SoradError

_QUOTES = "\"'“”‘’"
_LONGEST = 4096  # no key is: the file is another one


@dataclass(frozen=True)
class Key:
    """A key and where it was found.

    ``source`` is ``"credential"``, ``"file"``, ``"keyring"``, ``"env"``, ``"dotenv"`` or ``"none"``.
    """

    value: str = field(repr=False)
    source: str
    place: str  # the file, the keyring's entry or the variable

    def __str__(self) -> str:
        return MASK if self.value else ""


class KeySource:
    """Finds the key of a provider. The first of these that is there counts:

    1. the systemd credential ``sora_api_key`` (or ``api_key_env`` in small letters),
    2. ``api_key_file``,
    3. the OS keyring, where ``api_key_keyring`` names its entry; the user name there is ``api_key_env``,
    4. the environment variable ``api_key_env``,
    5. the same name in a ``.env`` file in ``folder`` (the working folder at the start).

    A file is read again when it has changed, and not taken while every user of the machine can read or
    change it. May be asked from several threads.
    """

    def __init__(
        self,
        provider: ProviderConfig,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        *,
        shared: bool = True,
    ) -> None:
        """``shared``: whether the credential that is named after no provider is this one's: the first's alone."""
        self._shared = shared
        self._provider = provider
        self._env = os.environ if env is None else env
        self._dotenv = (folder or Path.cwd()) / ".env"
        self._keyring = Keyring(provider.api_key_keyring, provider.api_key_env)
        self._read: dict[Path, tuple[tuple[int, ...], str]] = {}  # by file: its signature and what it held
        self._found: tuple[tuple[str, str, str], Key] | None = None  # what was told last, and the key in it

    def __call__(self) -> str:
        """The key; ``""`` for a simulator that is told none. Else :class:`SoradError` with exit code 78."""
        return self.find().value

    def find(self) -> Key:
        """The key and where it comes from. Raises as a call does."""
        if self._keyless():
            return Key("", "none", "")
        for candidate in self._candidates():
            known = self._found
            if known is not None and known[0] == candidate:
                return known[1]
            source, place, text = candidate
            value = clean_key(text, place)
            if value:
                register_secret(value)
                key = Key(value, source, place)
                self._found = candidate, key
                return key
        if self._provider.kind == "simulator":
            return Key("", "none", "")
        raise _error(self._missing())

    def doubt(self) -> None:
        """Its key was refused: what is kept of the keyring's answer no longer counts."""
        self._keyring.forget()

    def _keyless(self) -> bool:
        """A simulator takes any key, unless the config says where one is (`sorad simulate --key`)."""
        told = self._provider
        elsewhere = told.api_key_file is not None or bool(told.api_key_keyring)
        named = elsewhere or "api_key_env" in told.model_fields_set
        return told.kind == "simulator" and not named

    def warnings(self) -> tuple[Problem, ...]:
        """What is unwise about how the key is kept."""
        file = self._provider.api_key_file
        if file is None or os.name == "nt":
            return ()
        try:
            mode = file.stat().st_mode
        except OSError:
            return ()  # find() says so
        if not mode & 0o077:
            return ()
        return (
            Problem(
                "key.readable",
                N_("Other users of this machine can read the key file {path}."),
                N_("Run: chmod 600 {path}"),
                {"path": str(file)},
            ),
        )

    def __repr__(self) -> str:
        return (
            f"KeySource({self._provider.kind}, {self._provider.api_key_env}, {self._provider.api_key_file})"
        )

    def _candidates(self) -> Iterator[tuple[str, str, str]]:
        """Source, place and text of whatever there is, in order."""
        name = self._provider.api_key_env
        credentials = self._env.get("CREDENTIALS_DIRECTORY")
        if credentials:
            own = (name.lower(),) if not self._shared else ("sora_api_key", name.lower())
            for file in (Path(credentials) / one for one in own):
                if file.is_file():
                    yield "credential", str(file), self._text(file)
        if self._provider.api_key_file is not None:
            yield "file", str(self._provider.api_key_file), self._private(self._provider.api_key_file)
        if self._provider.api_key_keyring:
            yield "keyring", self._keyring.place, self._keyring.read()
        yield "env", f"${name}", self._env.get(name, "")
        if self._dotenv.is_file():
            yield "dotenv", str(self._dotenv), _from_dotenv(self._text(self._dotenv), name)

    def _private(self, path: Path) -> str:
        """The text of a key file that not everybody on this machine can read."""
        text = self._text(path)
        if open_to_all(path):
            raise _error(
                Problem(
                    "key.exposed",
                    N_(
                        "Every user of this machine can read or change the key file {path}; it is not used so."
                    ),
                    N_("Run: chmod 600 {path} (or move it to a disk that knows such rights)."),
                    {"path": str(path)},
                )
            )
        return text

    def _text(self, path: Path) -> str:
        try:
            found = path.stat()
            signature = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._read.get(path)
            if known is not None and known[0] == signature:
                return known[1]
            if found.st_size > _LONGEST and path != self._dotenv:
                raise _error(_bad(path, N_("The key file {place} is far too long to hold a key.")))
            text = path.read_bytes().decode("utf-8-sig", "replace")
        except OSError as error:
            raise _error(
                Problem(
                    "key.unreadable",
                    N_("The key file {place} cannot be read: {reason}."),
                    N_("Check that it is there and belongs to the user that runs sorad."),
                    {"place": str(path), "reason": error.strerror or str(error)},
                )
            ) from None
        self._read[path] = (signature, text)
        return text

    def _missing(self) -> Problem:
        return Problem(
            "key.missing",
            N_("There is no API key."),
            N_(
                "Give it in one of these ways: the environment variable {name}; a line {name}=… in {dotenv}; "
                'a file that holds the key alone, named by api_key_file = "…" below [provider]; the OS keyring, '
                'by api_key_keyring = "sorad" there; or, for a systemd service, the credential sora_api_key. '
                "To try sorad without a key: sorad demo."
            ),
            {"name": self._provider.api_key_env, "dotenv": str(self._dotenv)},
        )


def open_to_all(file: Path) -> bool:
    """Whether any user can read or change ``file``: by its own mode, and no folder above keeps them out."""
    if os.name == "nt":
        return False
    try:
        real = file.resolve()
        return bool(real.stat().st_mode & 0o006) and all(
            folder.stat().st_mode & 0o001 for folder in real.parents
        )
    except (OSError, RuntimeError):  # of 3.9 to 3.12, for a loop of links
        return False


def _from_dotenv(text: str, name: str) -> str:
    from io import StringIO

    from dotenv import dotenv_values  # takes its time, and few keep their key there

    return dotenv_values(stream=StringIO(text), interpolate=False).get(name) or ""


def clean_key(text: str, place: str) -> str:
    """The key without the white space and quotes around it. :class:`SoradError` where it fits no header."""
    value = text.strip().strip(_QUOTES).strip()
    if re.match(r"[A-Z][A-Z0-9_]*\s*=\s*[^\s=]", value):
        raise _error(_bad(place, N_("The key from {place} begins with a name and an equals sign.")))
    if re.match(r"(?i)bearer\s", value):
        raise _error(_bad(place, N_("The key from {place} begins with the word Bearer.")))
    if re.search(r"\s", value):
        raise _error(_bad(place, N_("The key from {place} has spaces or line breaks in it.")))
    if not value.isascii() or not value.isprintable():
        raise _error(_bad(place, N_("The key from {place} has characters in it that no key has.")))
    if "***" in value:
        raise _error(_bad(place, N_("The key from {place} is a masked copy, with asterisks in it.")))
    return value


def looks_like_key(name: str) -> bool:
    """Whether what should be the name of a variable is rather a key that was put in its place."""
    return len(name) >= 20 and bool(re.search(r"[a-z]", name)) and bool(re.search(r"\d", name))


def _bad(place: object, message: str) -> Problem:
    params: dict[str, Param] = {"place": str(place)}
    return Problem(
        "key.malformed", message, N_("Copy the key again, alone and whole, from the provider's page."), params
    )


def _error(problem: Problem) -> SoradError:
    return SoradError(problem, exit_code=EX_CONFIG)

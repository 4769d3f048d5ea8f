"""The API key from the OS keyring (macOS Keychain, Secret Service, KWallet, Windows Credential Manager).

The package ``keyring`` is an extra, loaded when a key is asked for. A keyring may answer by opening a window
that nobody sees, so it is asked in a thread of its own and waited for only for a while.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional

from sorad.messages import N_
from sorad.problems import EX_CONFIG, Problem, SoradError

# How long a keyring may take to answer, and how long its answer counts, in seconds. Each request needs the
# key; a key that was changed in the keyring is used within a minute.
PATIENCE, FRESH = 15.0, 60.0

_INSTALL = N_("Install it: pip install 'sorad[keyring]'. Or keep the key in a file (api_key_file).")
_UNLOCK = N_(
    "Log in to the desktop so that the keyring is open, or keep the key in a file (api_key_file) or, for a "
    "systemd service, in the credential sora_api_key."
)


class Keyring:
    """One entry of the keyring. May be asked from several threads."""

    def __init__(
        self,
        entry: str,
        user: str,
        *,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``entry`` is the keyring's name for the service, ``user`` its name for the user."""
        self._entry, self._user = entry, user
        self._patience, self._now = patience, now
        self._lock = threading.Lock()
        self._asked: Optional[_Question] = None
        self._known: Optional[tuple[float, str]] = None  # when it was answered, and what

    @property
    def place(self) -> str:
        """The entry, as people name it."""
        return f"keyring {self._entry}/{self._user}"

    def read(self) -> str:
        """The key. :class:`SoradError` (78) where there is no keyring, no such entry, or no answer."""
        with self._lock:
            if self._known is not None and self._now() - self._known[0] < FRESH:
                return self._known[1]
            if self._asked is None:
                self._asked = _Question(self._entry, self._user, self._now() + self._patience)
            if not self._asked.wait(self._asked.until - self._now()):  # whoever asks later waits no more
                raise self._error(
                    "silent", N_("The keyring does not answer; it may wait to be unlocked."), _UNLOCK
                )
            question, self._asked = self._asked, None
            value = self._judged(question)
            self._known = (self._now(), value)
            return value

    def forget(self) -> None:
        """The answer of before no longer counts: the key it gave was refused."""
        with self._lock:
            self._known = None

    def _judged(self, question: _Question) -> str:
        error = question.error
        if isinstance(error, ImportError):
            raise self._error(
                "package", N_("The package keyring, which reads the keyring, is missing."), _INSTALL
            )
        if error is not None:
            raise self._error(
                "closed",
                N_("The keyring cannot be read: {reason}."),
                _UNLOCK,
                reason=str(error).strip().rstrip(".") or type(error).__name__,
            )
        if not question.value:
            raise self._error(
                "empty",
                N_("The keyring has no key for {entry} / {user}, or is locked."),
                N_("Put it there with: python -m keyring set {entry} {user}"),
            )
        return question.value

    def _error(self, kind: str, message: str, fix: str, **params: str) -> SoradError:
        told = {"entry": self._entry, "user": self._user, **params}
        return SoradError(Problem(f"key.keyring_{kind}", message, fix, told), exit_code=EX_CONFIG)


class _Question:
    """One look into the keyring, in a thread of its own."""

    def __init__(self, entry: str, user: str, until: float) -> None:
        self.until = until  # monotonic: how long its answer is waited for
        self.value = ""
        self.error: Optional[Exception] = None
        self._answered = threading.Event()
        threading.Thread(target=self._ask, args=(entry, user), name="keyring", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Whether it was answered within ``seconds``."""
        return self._answered.wait(max(0.0, seconds))

    def _ask(self, entry: str, user: str) -> None:
        try:
            import keyring

            self.value = keyring.get_password(entry, user) or ""
        except Exception as error:  # noqa: BLE001  (a thread's root; backends raise what their systems raise)
            self.error = error
        finally:
            self._answered.set()

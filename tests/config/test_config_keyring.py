"""The key from the OS keyring: asked rarely, never waited for without end, every trouble told with its mend."""

from __future__ import annotations

import sys
import threading

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from sorad.config.key import KeySource
from sorad.config.model import ProviderConfig
from sorad.config.oskeyring import FRESH, Keyring
from sorad.messages import set_language
from sorad.problems import SoradError

KEY = "sk-4f9aQz81LmNoPqRsTuVw"


class Fake(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False
        self.open = threading.Event()
        self.open.set()
        self.asked = 0

    def get_password(self, service: str, username: str):
        self.asked += 1
        self.open.wait(120)
        if self.locked:
            raise KeyringLocked("Failed to unlock the collection!")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def backend(monkeypatch):
    set_language("en")
    fake, before = Fake(), keyring.get_keyring()
    keyring.set_keyring(fake)
    yield fake
    fake.open.set()
    keyring.set_keyring(before)


def told(keys) -> SoradError:
    with pytest.raises(SoradError) as caught:
        keys()
    return caught.value


def test_keyring_entry_is_used_and_named(backend, tmp_path):
    backend.set_password("sorad", "SORA_API_KEY", KEY)
    keys = KeySource(ProviderConfig(api_key_keyring="sorad"), {"SORA_API_KEY": "from-env"}, tmp_path)
    found = keys.find()
    assert (found.value, found.source, found.place) == (KEY, "keyring", "keyring sorad/SORA_API_KEY")


def test_keyring_is_asked_once_a_minute_and_a_mended_key_is_used_then(backend):
    now = [0.0]
    backend.set_password("sorad", "ME", "old-key-1")
    entry = Keyring("sorad", "ME", now=lambda: now[0])
    assert [entry.read() for _ in range(50)] == ["old-key-1"] * 50
    assert backend.asked == 1
    backend.set_password("sorad", "ME", "new-key-22")
    now[0] = FRESH
    assert entry.read() == "new-key-22"


def test_keyring_that_is_locked_says_how_to_open_it_and_is_asked_again(backend, tmp_path):
    backend.set_password("sorad", "SORA_API_KEY", KEY)
    backend.locked = True
    keys = KeySource(ProviderConfig(api_key_keyring="sorad"), {}, tmp_path)
    error = told(keys)
    assert (error.exit_code, error.problem.code) == (78, "key.keyring_closed")
    assert "Failed to unlock the collection" in str(error)
    assert "api_key_file" in error.problem.fix_text()
    backend.locked = False
    assert keys() == KEY


def test_keyring_without_the_entry_says_how_to_put_it_there(backend, tmp_path):
    error = told(KeySource(ProviderConfig(api_key_keyring="sorad", api_key_env="GW_KEY"), {}, tmp_path))
    assert error.problem.code == "key.keyring_empty"
    assert "python -m keyring set sorad GW_KEY" in error.problem.fix_text()


def test_keyring_that_does_not_answer_is_waited_for_once_and_heard_later(backend):
    backend.open.clear()
    backend.set_password("sorad", "ME", KEY)
    entry = Keyring("sorad", "ME", patience=0.05)
    assert told(entry.read).problem.code == "key.keyring_silent"
    assert told(entry.read).problem.code == "key.keyring_silent"
    assert backend.asked == 1  # one question stands, however often it is looked after
    backend.open.set()
    pause = threading.Event()
    for _ in range(200):
        try:
            assert entry.read() == KEY
            break
        except SoradError:
            pause.wait(0.02)
    else:
        pytest.fail("the answer was never heard")


def test_keyring_without_its_package_says_what_to_install(monkeypatch, tmp_path):
    set_language("en")
    monkeypatch.setitem(sys.modules, "keyring", None)
    error = told(KeySource(ProviderConfig(api_key_keyring="sorad"), {}, tmp_path))
    assert error.problem.code == "key.keyring_package"
    assert "sorad[keyring]" in error.problem.fix_text()


def test_keyring_backend_that_fails_in_its_own_way_is_told(backend, tmp_path, monkeypatch):
    def broken(_service, _user):
        raise RuntimeError("no such interface")

    monkeypatch.setattr(backend, "get_password", broken)
    error = told(KeySource(ProviderConfig(api_key_keyring="sorad"), {}, tmp_path))
    assert "no such interface" in str(error)


def test_keyring_package_is_not_loaded_for_whoever_does_not_use_it(tmp_path):
    import subprocess

    program = (
        "import sys\nfrom pathlib import Path\n"
        "from sorad.config.key import KeySource\nfrom sorad.config.model import ProviderConfig\n"
        "KeySource(ProviderConfig(), {'SORA_API_KEY': 'some-key-123'}, Path('.'))()\n"
        "print('keyring' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=True
    )
    assert ended.stdout.strip() == "False"

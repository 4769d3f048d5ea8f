"""One exchange over real sockets: above all, whether a byte of the request may have left."""

from __future__ import annotations

import importlib.util
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_http import Cut, Raw, Reply, Reset, ScriptedServer, Silence, closed_port

from sorad.problems import Problem, SoradError
from sorad.providers.base import Trouble
from sorad.providers.wire.answer import LARGEST_ANSWER, Answer, Broken
from sorad.providers.wire.http import Wire, proxies_for

SECRET = "sk-transport-secret-0001"


def wire(url: str, timeout: float = 5.0, proxy: str = "") -> Wire:
    return Wire(url, lambda: SECRET, timeout, proxy, "")


def post(url: str, timeout: float = 5.0, proxy: str = "") -> Answer | Broken:
    return wire(url, timeout, proxy).post_json("/create", {"prompt": "a"})


def for_the_user(came: Answer | Broken, code: str) -> Broken:
    """Nothing left, and nothing will until the user mends it."""
    assert isinstance(came, Broken)
    assert (came.left, came.trouble, came.problem.code) == (False, Trouble.SETUP, code)
    assert SECRET not in came.problem.to_json()
    assert "{" not in str(came.problem)
    return came


def broken(came: Answer | Broken, *, left: bool) -> Broken:
    assert isinstance(came, Broken)
    assert came.left is left
    assert came.trouble is Trouble.TRANSPORT
    assert came.problem.code == "provider.network"
    assert SECRET not in came.problem.to_json()
    return came


# --- nothing left --------------------------------------------------------------------------------------


def test_closed_port_is_not_sent() -> None:
    came = broken(post(f"http://127.0.0.1:{closed_port()}"), left=False)
    assert "refused" in came.problem.text()


def test_name_that_does_not_resolve_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def nowhere(host: str, *_args: object, **_kwargs: object) -> list[object]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    came = broken(post("https://api.x.invalid/v1"), left=False)
    assert asked == ["api.x.invalid"]
    assert came.problem.text() == "The name api.x.invalid cannot be found."


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port whose queue of connections is full: SYNs are dropped, as behind some firewalls."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _number in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def test_connect_time_out_is_not_sent(full_backlog: int) -> None:
    came = broken(post(f"http://127.0.0.1:{full_backlog}", timeout=0.3), left=False)
    assert "0.3 seconds" in came.problem.text()


def test_tls_against_a_plain_server_is_not_sent(server: ScriptedServer) -> None:
    server.script(Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _address = listener.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        came = broken(post(f"https://127.0.0.1:{listener.getsockname()[1]}"), left=False)
        thread.join()
    assert "secure" in came.problem.text()


def test_silent_tls_handshake_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        came = broken(post(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3), left=False)
    assert "0.3 seconds" in came.problem.text()


def test_untrusted_certificate_is_not_sent(tls: tuple[ScriptedServer, Path]) -> None:
    server, _certificate = tls
    came = for_the_user(post(server.url.replace("http:", "https:")), "tls.untrusted")
    assert "REQUESTS_CA_BUNDLE" in came.problem.fix_text()
    assert server.asked == []


def test_another_variable_for_certificates_is_named(
    tls: tuple[ScriptedServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    came = for_the_user(post(server.url.replace("http:", "https:")), "tls.untrusted")
    assert "SSL_CERT_FILE" in came.problem.fix_text()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: bytes | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv(variable, str(bundle))
    came = for_the_user(post(f"https://127.0.0.1:{closed_port()}"), "tls.bundle")
    assert variable in came.problem.text()
    assert str(bundle) in came.problem.text()


def test_a_bundle_that_cannot_be_used_hurts_no_plain_http(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(Reply({}))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    assert isinstance(post(server.url), Answer)


def test_proxy_that_is_not_there_is_not_sent(server: ScriptedServer) -> None:
    proxy = f"http://user:hidden-password@127.0.0.1:{closed_port()}"
    came = broken(post("https://api.x.invalid/v1", proxy=proxy), left=False)
    assert "hidden-password" not in came.problem.to_json()
    assert "proxy" in came.problem.text()


def test_an_address_with_407_in_it_is_no_word_of_a_proxy() -> None:
    broken(post(f"http://127.0.0.1:{closed_port()}/407"), left=False)


def test_tunnel_that_the_proxy_refuses_is_not_sent(server: ScriptedServer) -> None:
    server.script(Reply(b"", 407, {"Connection": "close"}))
    came = for_the_user(post("https://api.x.invalid/v1", proxy=server.url), "proxy.login")
    assert "[provider]" in came.problem.fix_text()
    assert [(asked.method, asked.path) for asked in server.asked] == [("CONNECT", "api.x.invalid:443")]
    assert SECRET not in str(server.asked)


def test_a_tunnel_that_the_proxy_cannot_make_is_tried_again(server: ScriptedServer) -> None:
    server.script(Reply(b"", 502, {"Connection": "close"}))
    broken(post("https://api.x.invalid/v1", proxy=server.url), left=False)


@pytest.mark.parametrize("proxy", ["http://", "ftp://proxy.invalid:1"])
def test_a_proxy_that_makes_no_sense_is_named(proxy: str) -> None:
    came = for_the_user(post("https://api.x.invalid/v1", proxy=proxy), "proxy.address")
    assert proxy in came.problem.text()


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is there")
def test_a_socks_proxy_without_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://user:hidden-password@127.0.0.1:1080")
    came = for_the_user(post("https://api.x.invalid/v1"), "proxy.socks")
    assert "ALL_PROXY" in came.problem.text()
    assert "127.0.0.1:1080" in came.problem.text()
    assert "hidden-password" not in came.problem.to_json()


# --- something may have left ---------------------------------------------------------------------------


def test_accept_then_close_at_once_may_have_been_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        broken(post(f"http://127.0.0.1:{listener.getsockname()[1]}"), left=True)
        thread.join()


@pytest.mark.parametrize(
    "act",
    [
        Cut(),
        Reset(),
        Raw(b"hello, this is no HTTP\r\n\r\n"),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
    ],
    ids=["closed", "reset", "garbage", "short", "bad chunk", "cut chunk", "bad gzip"],
)
def test_broken_answers_may_have_been_sent(server: ScriptedServer, act: object) -> None:
    server.script(act)
    broken(post(server.url), left=True)
    assert len(server.posts()) == 1


def test_silence_ends_at_the_time_out(server: ScriptedServer) -> None:
    server.script(Silence())
    came = broken(post(server.url, timeout=0.2), left=True)
    assert "0.2 seconds" in came.problem.text()


@pytest.mark.parametrize(
    "data",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"X: y\r\n", b" "],
    ids=["interim answers", "headers", "nothing"],
)
def test_trickling_answer_ends_at_the_deadline(server: ScriptedServer, data: bytes) -> None:
    server.script(Raw(data, drip=True))
    started = time.monotonic()
    broken(post(server.url, timeout=0.2), left=True)
    assert time.monotonic() - started < 5


def test_trickling_body_ends_at_the_deadline(server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip() -> None:
            peer, _address = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not ended.wait(0.02):
                    try:
                        peer.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        broken(post(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2), left=True)
        ended.set()
        thread.join()


def test_endless_answer_is_not_read_to_its_end(server: ScriptedServer) -> None:
    server.script(Reply(b" " * (LARGEST_ANSWER + 100_000)))
    broken(post(server.url), left=True)


# --- what is sent ---------------------------------------------------------------------------------------


def test_each_post_has_a_connection_of_its_own(server: ScriptedServer) -> None:
    server.script(Reply({}))
    one = wire(server.url)
    for _number in range(3):
        one.get("/tasks")
        one.post_json("/create", {})
    assert len({asked.connection for asked in server.posts()}) == 3
    gets = {asked.connection for asked in server.asked if asked.method == "GET"}
    assert len(gets) == 1
    assert not gets & {asked.connection for asked in server.posts()}


def test_redirect_of_a_post_is_not_followed(server: ScriptedServer, other: ScriptedServer) -> None:
    other.script(Reply({}))
    server.script(Reply(b"", 307, {"Location": other.url + "/create"}))
    came = post(server.url)
    assert isinstance(came, Answer)
    assert came.redirects
    assert other.asked == []
    assert len(server.asked) == 1


def test_netrc_and_cookies_are_not_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.script(Reply({}, headers={"Set-Cookie": "a=b; Path=/"}))
    one = wire(server.url)
    one.get("/balance")
    one.get("/balance")
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {SECRET}"}
    assert all("cookie" not in asked.headers for asked in server.asked)
    assert server.asked[0].headers["user-agent"].startswith("sorad/")


def test_missing_key_sends_nothing(server: ScriptedServer) -> None:
    def none() -> str:
        raise SoradError(Problem("key.missing", "There is no API key."))

    came = Wire(server.url, none, 1.0, "", "").post_json("/create", {})
    assert isinstance(came, Broken)
    assert (came.left, came.trouble, came.problem.code) == (False, Trouble.KEY, "key.missing")
    assert server.asked == []


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-密钥", "sk-with space"])
def test_key_that_fits_no_header_sends_nothing_and_is_not_told(server: ScriptedServer, key: str) -> None:
    came = Wire(server.url, lambda: key, 1.0, "", "").get("/balance")
    assert isinstance(came, Broken)
    assert (came.left, came.trouble) == (False, Trouble.KEY)
    assert key not in came.problem.to_json()
    assert server.asked == []


# --- proxies --------------------------------------------------------------------------------------------


def test_set_proxy_carries_the_request(server: ScriptedServer) -> None:
    server.script(Reply({}))
    came = post("http://api.x.invalid/v1", proxy=server.url)
    assert isinstance(came, Answer)
    assert server.asked[0].path == "http://api.x.invalid/v1/create"


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:1")
    monkeypatch.setenv("http_proxy", "http://proxy.test:2")
    monkeypatch.setenv("no_proxy", "inside.test")
    assert proxies_for("https://api.test/v1", "")["https"] == "http://proxy.test:1"
    assert proxies_for("https://inside.test/v1", "") == {}
    assert proxies_for("http://127.0.0.1:8799/v1", "") == {}
    assert proxies_for("http://localhost:8799/v1", "") == {}
    assert proxies_for("https://api.test/v1", "none") == {}
    assert proxies_for("https://inside.test/v1", "http://own.test")["https"] == "http://own.test"


def test_environment_proxy_is_used_for_real(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script(Reply({}))
    monkeypatch.setenv("http_proxy", server.url)
    assert isinstance(post("http://api.x.invalid/v1"), Answer)
    assert isinstance(post("http://api.x.invalid/v1", proxy="none"), Broken)
    assert len(server.asked) == 1


# --- TLS ------------------------------------------------------------------------------------------------


def test_tls_marks_what_left_only_after_the_handshake(
    tls: tuple[ScriptedServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server.script(Reply({}), Cut())
    url = server.url.replace("http://127.0.0.1", "https://localhost")
    assert isinstance(post(url), Answer)
    broken(post(url), left=True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    import shutil
    import subprocess

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [openssl, *options.split(), "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> Iterator[tuple[ScriptedServer, Path]]:
    """A scripted server that speaks TLS, and its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running = ScriptedServer(lambda peer: context.wrap_socket(peer, server_side=True))
    running.script(Reply({}))
    yield running, certificate[0]
    running.close()

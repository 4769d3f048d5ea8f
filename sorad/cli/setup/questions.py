"""The questions of `sorad init` about folders, the API and its key; each is asked again until it makes sense."""

from __future__ import annotations

import argparse
import getpass
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sorad.cli.look.providers import found_in_words, how_found
from sorad.cli.setup import try_key
from sorad.cli.shared.ask import choose, line, say, until_good, yes
from sorad.cli.shared.common import USAGE
from sorad.config.vendors import VENDORS, Vendor
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sorad.config.model import Config, ProviderConfig
    from sorad.providers.base import Provider

FILE, KEPT, ENV = "file", "kept", "env"


@dataclass(frozen=True)
class Found:
    """What was answered about the API. ``key`` is for ``api_key_file``; ``shell_key`` came from a variable."""

    kind: str
    base_url: str = ""
    model: str = ""
    seconds: tuple[int, ...] = ()
    api_key_env: str = "SORA_API_KEY"
    api_key_file: Path | None = None
    key: str = ""
    shell_key: str = ""
    price: str = ""
    region: str = ""

    @property
    def from_shell(self) -> bool:
        """Whether only the variables of a shell have the key."""
        return self.kind != "simulator" and self.api_key_file is None


# --- folders ----------------------------------------------------------------------------------------------


def folders() -> tuple[Path, ...]:
    """Which folders are watched: of the vaults that Obsidian knows, or a path."""
    from sorad.config.obsidian import known_vaults

    vaults = known_vaults(Path.home(), os.environ)
    say("")
    if vaults:
        say(_("Obsidian knows these vaults:"))
    for number, vault in enumerate(vaults, 1):
        say(f"  {number}) {vault}")
    question = _("Which folders are watched? Numbers from above (1,2), or a path") if vaults else ""

    def chosen(answer: str) -> tuple[Path, ...]:
        if not vaults or not re.fullmatch(r"[\d,，、 ]*\d[\d,，、 ]*", answer):
            return (folder(answer),)
        numbers = [int(number) for number in re.findall(r"\d+", answer)]
        if not all(1 <= number <= len(vaults) for number in numbers):
            raise error(
                "init.number",
                N_("There is no number {answer}."),
                N_("The list goes from 1 to {most}."),
                answer=answer,
                most=str(len(vaults)),
            )
        return tuple(folder(str(vaults[number - 1])) for number in dict.fromkeys(numbers))

    return until_good(question or _("Which folder is watched?"), chosen, default="1" if vaults else "")


def folder(text: str) -> Path:
    """A folder that is there and can be written to. :class:`SoradError`."""
    path = Path(os.path.abspath(os.path.expanduser(text.strip("\"'"))))  # noqa: PTH100, PTH111  (keeps links)
    if not path.is_dir():
        raise error(
            "init.folder", N_("There is no folder {path}."), N_("Name one that is there."), path=str(path)
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise error(
            "init.read_only",
            N_("You may not write into {path}, where the videos would go."),
            N_("Name another folder, or change its permissions."),
            path=str(path),
        )
    return path


# --- the API ----------------------------------------------------------------------------------------------


def provider(args: argparse.Namespace, home: Path) -> Found:
    """Which API, and its key, after a free call; ``home`` is the folder of the config."""
    kind = args.provider or choose(_("Which API generates the videos?"), _kinds())
    found = _begun(args, kind)
    is_gateway = kind == "openai_videos"
    address_typed = is_gateway and not args.base_url
    while True:
        if address_typed:
            found = replace(found, base_url=until_good(_("The address of the gateway"), _address))
        if is_gateway:
            found = _with_model(found)
            _say_how_found(found)
        with_key, verdict = _with_key(args, home, found)
        if not (address_typed and verdict.unreachable):
            return replace(with_key, price=verdict.price)
        again = {"again": _("give the address again"), "on": _("go on with it all the same")}
        if choose(_("What now?"), again) == "on":
            return with_key


def _begun(args: argparse.Namespace, kind: str) -> Found:
    """What the flags say of it; of a native provider, with what must be asked."""
    found = Found(kind, args.base_url or "", args.model or "", lengths(args.seconds) if args.seconds else ())
    return _of_vendor(args, found, VENDORS[kind]) if kind in VENDORS else found


def _kinds() -> dict[str, str]:
    return {
        "sora_hk": "api.sora.hk",
        **{name: one.label for name, one in VENDORS.items()},
        "openai_videos": _("a gateway with the format of OpenAI's videos"),
        "simulator": _("the built-in simulator: costs nothing, for trying out"),
    }


def _of_vendor(args: argparse.Namespace, found: Found, vendor: Vendor) -> Found:
    """With the region of the account, and a model where there is no usual one; tells what becomes of a lost create."""
    region, model = args.region or "", found.model
    if len(vendor.regions) > 1 and not region and not args.base_url:
        places = {name: f"{name}: {one.url}" for name, one in vendor.regions.items()}
        region = choose(_("Where is your account?"), places)
    if not (model or vendor.model):
        model = line(_("The id of the model, as the provider's site shows it"))
    found = replace(found, region=region, model=model, api_key_env=vendor.key_env)
    _say_how_found(found)
    return found


def _say_how_found(found: Found) -> None:
    """What becomes of a lost create."""
    how = how_found(make_provider(_config(found)))
    say(_("A create whose answer is lost is found there: {how}.").format(how=found_in_words(how)))


def usual_variable(kind: str) -> str:
    """The variable of the environment that usually holds the key."""
    return VENDORS[kind].key_env if kind in VENDORS else "SORA_API_KEY"


def make_provider(config: ProviderConfig) -> Provider:
    """The provider, without a key."""
    from sorad.providers import make

    return make(config, lambda: "")


def _with_model(found: Found) -> Found:
    """The gateway's model and the lengths that it offers; asked for where they are not known yet."""
    model = found.model or line(_("The name of the model, as in veo-3.1-fast"))
    seconds = found.seconds or until_good(
        _("The lengths in seconds that it offers"), lengths, default="4,8,12"
    )
    return replace(found, model=model, seconds=seconds)


def _with_key(args: argparse.Namespace, home: Path, found: Found) -> tuple[Found, try_key.Verdict]:
    """``found`` with a key that the provider takes, or that the person keeps all the same."""
    while True:
        with_key = found if found.kind == "simulator" else _key(args, home, found)
        verdict = _verdict(args, with_key)
        if not verdict.refused or found.kind == "simulator":
            return with_key, verdict
        options = {"again": _("give another key"), "on": _("keep it all the same")}
        if args.key_env or args.key_file or choose(_("What now?"), options) == "on":
            return with_key, verdict


def _key(args: argparse.Namespace, home: Path, found: Found) -> Found:
    """Where the key is kept, and the key where it can be seen from here."""
    name = args.key_env or found.api_key_env
    if args.key_file:
        file = Path(args.key_file).expanduser().absolute()
        return replace(found, api_key_file=file, key=_read(file), api_key_env=name)
    if args.key_env:
        return replace(found, api_key_env=name, shell_key=os.environ.get(name, ""))
    file = home / "api_key"
    options = {FILE: _("pasted here, into a file that you alone can read: {path}").format(path=file)}
    kept = _read(file)
    if kept:
        options = {KEPT: _("the one that is in {path}").format(path=file), **options}
    options[ENV] = _("in an environment variable of your shell")
    how = choose(_("Where is the API key?"), options)
    if how == ENV:
        name = until_good(_("The name of the variable"), _variable, default=name)
        return replace(found, api_key_env=name, shell_key=os.environ.get(name, "").strip())
    return replace(found, api_key_file=file, key=kept if how == KEPT else _pasted())


def _pasted() -> str:
    from sorad.config.key import clean_key

    prompt = _("Paste the key (it is not shown): ")
    return until_good("", lambda text: clean_key(text, _("the prompt")), ask=lambda: getpass.getpass(prompt))


def _read(file: Path) -> str:
    """A key that was kept before; ``""`` where there is none, or what is there is none."""
    from sorad.config.key import clean_key

    try:
        return clean_key(file.read_text("utf-8"), str(file))
    except (OSError, ValueError, SoradError):
        return ""


def _verdict(args: argparse.Namespace, found: Found) -> try_key.Verdict:
    """What the provider says; nothing where it is not to be asked or there is no key to ask about."""
    key = found.key or found.shell_key
    if args.no_check:
        return try_key.Verdict()
    if found.kind != "simulator" and not key:
        said = _("${name} is not set here, so the key could not be checked.")
        say(said.format(name=found.api_key_env))
        return try_key.Verdict()
    return _looked(_config(found), key)


def _config(found: Found) -> ProviderConfig:
    from sorad.config.template import Answers

    return try_key.provider_config(
        Answers(
            (),
            kind=found.kind,
            base_url=found.base_url,
            model=found.model,
            seconds=found.seconds,
            region=found.region,
        )
    )


def check_config(config: ProviderConfig) -> str:
    """Check the key of a config that is there and say what came of it; the price of a take, or ``""``."""
    from sorad.config.key import KeySource

    try:
        key = KeySource(config)()
    except SoradError as missing:
        say(str(missing))
        return ""
    return _looked(config.model_copy(update={"request_timeout": try_key.PATIENCE}), key).price


def _looked(config: ProviderConfig, key: str) -> try_key.Verdict:
    say(_("Asking the provider (this costs nothing) …"))
    verdict = try_key.look(config, key)
    try_key.report(verdict, config.kind, address(config))
    return verdict


def say_what_waits(paths: tuple[Path, ...], found: Found) -> bool:
    """Whether storyboards are there already that would be bought; with their price where one is known."""
    from sorad.config.model import Config, Watch

    config = Config(watch=tuple(Watch(path=path) for path in paths), provider=_config(found))
    return say_what_config_waits(config, lambda: found.key or found.shell_key, priced=bool(found.price))


def say_what_config_waits(
    config: Config, key: Callable[[], str] | None = None, *, priced: bool = False
) -> bool:
    """The same of a config; ``priced``: the provider has told a price before, so it can be asked."""
    from sorad.cli.setup import first_run
    from sorad.config.key import KeySource
    from sorad.providers import make
    from sorad.providers.sellers import Unpriced

    provider = make(config.provider, key or KeySource(config.provider))
    seller = provider if priced else Unpriced(provider)
    return first_run.say_what_waits(config, lambda _target: seller)


def key_for_service(home: Path, found: Found) -> tuple[Path | None, str]:
    """The file and the key for a service, which does not see the shell's variables; ``(None, "")``: none."""
    file = home / "api_key"
    say("")
    say(_("A service does not see the variables of your shell."))
    if found.shell_key and yes(
        _("Copy the key into {path}, which you alone can read?").format(path=file), default=True
    ):
        return file, found.shell_key
    return None, ""


def address(config: ProviderConfig) -> str:
    """The address in force."""
    from sorad.providers import base_url_of

    return base_url_of(config)


# --- readers: :class:`SoradError` with the reason ---------------------------------------------------------


def lengths(text: str) -> tuple[int, ...]:
    """``"4, 8"`` as numbers."""
    found = re.findall(r"\d+", text)
    if not found or not re.fullmatch(r"[\d,，、 ]+", text) or not all(map(int, found)):
        raise error(
            "init.seconds", N_("These are no lengths: {text}"), N_("Write them as in 4,8,12."), text=text
        )
    return tuple(int(number) for number in found)


def per_day(given: str | None, found: Found) -> float:
    """What may be spent in a day; 0: no limit. Asked where there are prices, which a budget needs."""
    if given is not None:
        return amount(given)
    if found.kind != "sora_hk" and not found.price:
        return 0.0
    question = _("How much may sorad spend in a day, in the provider's currency? 0: no limit")
    return until_good(question, amount, default="20")


def amount(text: str) -> float:
    """An amount of money; :class:`SoradError` for what is none."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise error(
            "init.amount", N_("{text} is no amount of money."), N_("Write a number, such as 20."), text=text
        )
    return value


def _address(text: str) -> str:
    from sorad.config.model import ProviderConfig

    return address(ProviderConfig(kind="openai_videos", base_url=text))


def _variable(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    raise error(
        "init.variable",
        N_("{text} is not the name of a variable."),
        N_("The name, as in SORA_API_KEY; the key itself is not asked for here."),
        text=text if len(text) < 20 else text[:3] + "…",
    )


def error(code: str, message: str, fix: str, **params: str) -> SoradError:
    """An answer or a flag that makes no sense."""
    return SoradError(Problem(code, message, fix, params), exit_code=USAGE)

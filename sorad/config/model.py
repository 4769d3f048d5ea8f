"""The config as types: every key, its default, its bounds. Reading it is in ``sorad.config.load``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from sorad.config.vendors import vendor_of
from sorad.layout import DEFAULT_NAME
from sorad.model import LARGEST_COST
from sorad.units import parse_size

Seconds = Annotated[float, Field(ge=0)]
Price = Annotated[float, Field(ge=0, le=LARGEST_COST)]  # of a take; NaN is refused, too
Money = Annotated[float, Field(ge=0, le=1e12)]
# In one currency, or in several by their names: what is bought in another one is then held.
Sums = Union[Money, dict[str, Money]]
Size = Annotated[int, BeforeValidator(parse_size), Field(ge=0)]
Ratio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive"]


def default_state_dir() -> Path:
    """``~/.local/state/sorad`` on Linux, the platform's own place elsewhere."""
    return Path(platformdirs.user_state_dir("sorad", appauthor=False))


class Section(BaseModel):
    """A table of the config: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Watch(Section):
    """``[[watch]]``: one watched folder."""

    path: Path
    output_mode: Literal["in_place", "centralized"] = "in_place"
    output_dir: Optional[Path] = None
    takes: int = Field(default=1, ge=1, le=100)
    settle_seconds: Seconds = 2.0
    edit_seconds: float = Field(default=20.0, ge=0, le=3600)  # for edits, where it is longer; 0: no such wait
    note_seconds: float = Field(default=120.0, ge=0, le=3600)  # stillness of notes and tables, new ones too
    rescan_seconds: float = Field(default=300.0, gt=0)
    polling: Literal["auto", "always", "never"] = "auto"
    asset_folder: str = Field(default="asset", min_length=1)  # beside a storyboard: its pictures by name
    # whether a text that another storyboard bought is bought again: of the same folder, of this root
    reuse: Literal["folder", "root", "never"] = "folder"
    claim: Literal["auto", "always", "never"] = "auto"  # whether only one machine may buy here
    provider: str = ""  # a name from ``[[provider]]``; empty: the first
    name: str = DEFAULT_NAME  # of new videos


class PictureForms(Section):
    """``pictures`` of a ``[[model]]``: how a picture may come, how large (bytes) a file may be, and of what form."""

    forms: tuple[Literal["url", "file", "id"], ...] = ("url", "file")
    largest: Size = 20_000_000
    formats: tuple[Literal["jpeg", "png", "webp"], ...] = ("jpeg", "png", "webp")
    sides: Optional[tuple[int, int]] = None  # pixels: the shortest side, and the longest
    shapes: Optional[tuple[float, float]] = None  # width by height: the narrowest, and the widest
    exact: bool = False  # the first frame has just the size of the video, in pixels


class ModelConfig(Section):
    """``[[model]]``: what a model offers. ``None``: as ``like`` says, or as sorad knows it."""

    name: str = Field(min_length=1)  # what storyboards call it
    provider: str = ""  # a name from ``[[provider]]``; empty: every one
    id: str = ""  # what the API calls it; empty: ``name``
    like: str = ""  # another model, which it takes after
    lengths: Optional[tuple[int, ...]] = None
    ratios: Optional[tuple[Ratio, ...]] = None
    resolutions: Optional[tuple[Literal["480p", "720p", "1080p", "2k", "4k"], ...]] = None
    first_frame: Optional[bool] = None
    last_frame: Optional[bool] = None
    references: Optional[int] = Field(default=None, ge=0, le=1_000)  # at most so many
    frames_exclude_references: Optional[bool] = None
    audio: Optional[Literal["always", "switch", "never"]] = None
    seed: Optional[bool] = None
    negative_prompt: Optional[bool] = None
    prompt_max: Optional[int] = Field(default=None, ge=1)
    pictures: Optional[PictureForms] = None
    price: Optional[Union[Price, dict[str, Price]]] = (
        None  # of a second; by "1080p", "silent", "1080p silent"
    )


class ProviderConfig(Section):
    """``[provider]``, or one of several ``[[provider]]``: who generates.

    The keys below ``model_pro`` are for ``openai_videos`` alone, but for ``id_paths``, ``video_url_paths`` and
    ``refusals``, and, for native providers, ``currency``, ``resolution``, ``audio`` and ``extra``.
    """

    name: str = ""  # what it is called here and in storyboards; empty: its kind
    kind: Literal[
        "sora_hk",
        "openai_videos",
        "simulator",
        "ark",
        "dashscope",
        "kling",
        "minimax",
        "vidu",
        "fal",
        "replicate",
        "google_omni",
        "openrouter",
    ] = "sora_hk"
    base_url: str = ""  # empty: the kind's own default
    region: Literal["", "china", "abroad"] = ""  # of a native provider with two; empty: as base_url says
    api_key_env: str = "SORA_API_KEY"
    api_key_file: Optional[Path] = None
    api_key_keyring: str = ""  # the entry of the OS keyring; its user name is ``api_key_env``
    proxy: str = ""  # "": as the environment says; "none": straight out
    download_proxy: str = ""
    request_timeout: float = Field(default=30.0, gt=0)
    # of a create; None: as ``request_timeout``, and at least 300 where a lost one cannot be found
    create_timeout: Optional[float] = Field(default=None, gt=0)
    # where nothing but elimination finds a lost create: one create of a shape leaves at a time
    exact_elimination: bool = False
    tag_creates: bool = (
        False  # ark: an id of sorad's goes along as ``safety_identifier``, which its list shows
    )
    per_day: Optional[Money] = None  # what may be spent there in a day, beside what [budget] allows
    # names of other providers, in order, to which takes go that this one surely refuses, or fails for good
    fallback: tuple[str, ...] = ()
    concurrency: Optional[int] = Field(default=None, ge=1, le=100_000)  # None: as in ``[limits]``
    model: str = ""
    model_pro: str = ""
    seconds: tuple[int, ...] = ()
    seconds_pro: tuple[int, ...] = ()  # empty: as ``seconds``
    size_horizontal: str = "1280x720"
    size_vertical: str = "720x1280"
    prompt_max: int = Field(default=32_000, ge=1)
    currency: str = "USD"
    price_per_second: Optional[Price] = None
    price_per_second_pro: Optional[Price] = None
    price_per_take: Optional[Price] = None
    price_per_take_pro: Optional[Price] = None
    reference: Literal["multipart", "data_url", "none"] = "multipart"  # how a local picture is sent
    lists_tasks: bool = False  # the gateway answers GET /videos
    # where this gateway keeps things in its answers, each a dotted path ("data.video.url"), tried first
    video_url_paths: tuple[str, ...] = ()
    id_paths: tuple[str, ...] = ()
    status_paths: tuple[str, ...] = ()
    error_paths: tuple[str, ...] = ()
    # HTTP statuses and error codes with which this gateway surely takes nothing, by its user's word
    refusals: tuple[Union[int, str], ...] = ()
    # in which field a gateway reads what; "metadata.tail" is a field in an object; "": it reads none
    picture_field: str = "input_reference"
    last_frame_field: str = ""
    references_field: str = ""
    audio_field: str = ""
    sizes: dict[str, str] = Field(default_factory=dict)  # by ratio, or by ratio and resolution: "16:9 1080p"
    resolution: Literal["", "480p", "720p", "1080p", "2k", "4k"] = ""  # where a storyboard says none
    audio: bool = True  # likewise; sent where there is an ``audio_field``
    extra: dict[str, Any] = Field(default_factory=dict)  # sent along with every create
    _models: tuple[ModelConfig, ...] = PrivateAttr(default=())

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """What ``[[model]]`` says of this provider's models."""
        return self._models

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.kind

    def field(self, key: str) -> str:
        """What ``picture_field`` and its kin say, or what is usual at a native provider whose models differ."""
        vendor = vendor_of(self.kind)
        if vendor is None or key in self.model_fields_set:
            return str(getattr(self, key))
        return vendor.fields.get(key, "")

    @property
    def money(self) -> str:
        """The currency that it takes."""
        vendor = vendor_of(self.kind)
        if vendor is not None and "currency" not in self.model_fields_set:
            return vendor.regions[vendor.region_of(self.region, self.base_url)].currency
        return self.currency if self.kind == "openai_videos" or vendor is not None else "USD"


def _how_many(raw: object) -> str:
    """Whether ``provider`` is one table or several: the tag of its type."""
    return SEVERAL if isinstance(raw, (list, tuple)) else ONE


# The tags stand in the places that pydantic tells of errors, and nowhere else.
ONE, SEVERAL = "<one>", "<several>"
Providers = Annotated[
    Union[
        Annotated[ProviderConfig, Tag(ONE)],
        Annotated[tuple[ProviderConfig, ...], Tag(SEVERAL), Field(min_length=1)],
    ],
    Discriminator(_how_many),
]


class Limits(Section):
    """``[limits]``: how much at once, and how trouble slows it down."""

    concurrency: int = Field(default=20, ge=1, le=100_000)
    safe_concurrency: int = Field(default=5, ge=1)
    errors_to_trip: int = Field(default=3, ge=1)
    cooldown_seconds: Seconds = 600.0
    recover_seconds: Seconds = 60.0
    probe_seconds: float = Field(default=60.0, gt=0)
    jitter_seconds: tuple[Seconds, Seconds] = (0.5, 3.0)
    max_creates_per_take: int = Field(
        default=2, ge=1
    )  # that were not clearly refused; whatever else goes wrong


class Polling(Section):
    """``[polling]``: how a task is asked after."""

    first_after: Seconds = 20.0
    every: float = Field(default=10.0, gt=0)
    give_up_after: Seconds = 2100.0


class Reconcile(Section):
    """``[reconcile]``: what is done about a create whose answer was lost."""

    look_every: float = Field(default=15.0, gt=0)
    window: Seconds = 120.0
    on_unknown: Literal["reconcile", "hold"] = "reconcile"


class Prompt(Section):
    """``[prompt]``: what becomes part of the prompt."""

    director_intent: bool = False


class Storyboards(Section):
    """``[storyboards]``: how large a storyboard may be before it is called a mistake, and where its pictures lie."""

    max_size: Size = 5_000_000
    max_segments: int = Field(default=1_000, ge=1)
    max_takes: int = Field(default=100, ge=1)  # of one segment
    picture_folders: tuple[Path, ...] = ()  # outside of the watched folders, from which pictures may be sent


class Disk(Section):
    """``[disk]``: room that must stay free."""

    min_free: Size = 2_000_000_000
    assumed_size: Size = 12_000_000


class Budget(Section):
    """``[budget]``: money; absent means no limit. A number is in the first provider's currency."""

    per_day: Optional[Sums] = None
    approve_above: Optional[Sums] = None


class Notify(Section):
    """``[notify]``: who is told of what. Nothing is told without ``urls`` or ``urls_file``."""

    urls: tuple[str, ...] = ()  # as apprise writes them; "$NAME" stands for a variable of the environment
    urls_file: Optional[Path] = None  # one on each line
    kinds: tuple[Literal["done", "waiting", "trouble", "over"], ...] = ("done", "waiting", "trouble", "over")
    settle_seconds: Seconds = 60.0
    quiet_hours: str = ""  # "22:00-08:00" on the local clock
    max_per_hour: int = Field(default=12, ge=1)
    proxy: str = ""


class Ping(Section):
    """``[ping]``: a dead man's switch. ``url`` is called while all is well, ``fail_url`` while it is not."""

    url: str = ""
    fail_url: str = ""
    every: float = Field(default=60.0, ge=1)
    timeout: float = Field(default=10.0, gt=0, le=30)
    proxy: str = ""


class Http(Section):
    """``[http]``: health and metrics for programs of this machine; off while ``listen`` is empty."""

    listen: str = ""  # "127.0.0.1:9187"


class Notes(Section):
    """``[notes]``: what sorad writes for people into the vault."""

    vault_note: str = "sorad.md"  # in each watched folder; "": none
    markdown_links: bool = False  # in place of wiki links


class Media(Section):
    """``[media]``: what is made of videos once they are there; with the extra ``sorad[media]``."""

    posters: bool = True  # a picture of each, for notes
    checks: bool = True  # each is decoded, and what is wrong with it is told
    sheets: bool = True  # a contact sheet of each storyboard
    cut: bool = False  # the chosen takes of a storyboard in one video


class Log(Section):
    """``[log]``."""

    level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Config(Section):
    """The whole ``config.toml``, with paths made absolute by the loader."""

    language: Literal["auto", "zh", "en"] = "auto"
    state_dir: Path = Field(default_factory=default_state_dir)
    watch: tuple[Watch, ...] = ()
    provided: Providers = Field(default=ProviderConfig(), alias="provider")
    model: tuple[ModelConfig, ...] = ()
    limits: Limits = Limits()
    polling: Polling = Polling()
    reconcile: Reconcile = Reconcile()
    prompt: Prompt = Prompt()
    storyboards: Storyboards = Storyboards()
    disk: Disk = Disk()
    budget: Budget = Budget()
    notify: Notify = Notify()
    ping: Ping = Ping()
    http: Http = Http()
    notes: Notes = Notes()
    media: Media = Media()
    log: Log = Log()

    @property
    def providers(self) -> tuple[ProviderConfig, ...]:
        """All of them; the first is the default."""
        return self.provided if isinstance(self.provided, tuple) else (self.provided,)

    @property
    def provider(self) -> ProviderConfig:
        """The first one."""
        return self.providers[0]

    def buys_from(self, provider: ProviderConfig) -> Config:
        """The same config with one provider alone, and the limits that it has."""
        limits = self.limits
        if provider.concurrency is not None:
            safe = min(limits.safe_concurrency, provider.concurrency)
            update = {"concurrency": provider.concurrency, "safe_concurrency": safe}
            limits = limits.model_copy(update=update)
        return self.model_copy(update={"provided": provider, "limits": limits, "budget": self.sums})

    @property
    def sums(self) -> Budget:
        """The budget, each of its numbers with its currency where there are several providers."""
        if len(self.providers) == 1:
            return self.budget
        numbers = {
            key: {self.provider.money: value}
            for key, value in (("per_day", self.budget.per_day), ("approve_above", self.budget.approve_above))
            if isinstance(value, float)
        }
        return self.budget.model_copy(update=numbers)

    @model_validator(mode="after")
    def _tell_models(self) -> Config:
        """Each provider knows what is said of its models."""
        for one in self.providers:
            one._models = tuple(model for model in self.model if model.provider in ("", one.title))
        return self

"""The providers that sorad speaks to natively: their addresses by region, the currency there, a default model. Data.

``docs/extending.md`` lists what another one needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import urlsplit

CHINA, ABROAD = "china", "abroad"


@dataclass(frozen=True)
class Region:
    """Where an account is. ``hosts``: ends of names of other hosts of that region."""

    url: str
    currency: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """One of them. The first region is the default. ``module``: its file and class in ``sorad.providers``."""

    label: str  # for people who choose
    module: str
    key_env: str  # the variable that usually holds the key
    regions: Mapping[str, Region] = field(default_factory=dict)
    model: str = ""  # where the config names none; "": it must name one
    has_balance: bool = False
    gives_last_frame: bool = False  # with a finished video, as a picture
    # where its models read what, if they differ and the config says nothing: see ``ProviderConfig.field``
    fields: Mapping[str, str] = field(default_factory=dict)
    # the members of a create that sorad writes: no business of ``extra``
    sends: tuple[str, ...] = ()

    def region_of(self, region: str, base_url: str) -> str:
        """The region in force: that which is said, else that of the address, else the first."""
        if region in self.regions:
            return region
        host = _host_of(base_url)
        for name, one in self.regions.items():
            if host and (host == _host_of(one.url) or host.endswith(one.hosts)):
                return name
        return next(iter(self.regions))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


VENDORS: Mapping[str, Vendor] = {
    "ark": Vendor(
        "Ark 火山方舟 (Seedance)",
        "ark.Ark",
        "ARK_API_KEY",
        {
            CHINA: Region("https://ark.cn-beijing.volces.com/api/v3", "CNY", (".volces.com",)),
            ABROAD: Region("https://ark.ap-southeast.bytepluses.com/api/v3", "USD", (".bytepluses.com",)),
        },
        "doubao-seedance-2-0-260128",
        sends=(
            "model",
            "content",
            "resolution",
            "ratio",
            "duration",
            "generate_audio",
            "watermark",
            "seed",
            "safety_identifier",
            "return_last_frame",
        ),
        gives_last_frame=True,
    ),
    "kling": Vendor(
        "Kling 可灵 (3.0)",
        "kling.Kling",
        "KLING_API_KEY",
        {
            CHINA: Region("https://api-beijing.klingai.com", "CNY"),
            ABROAD: Region("https://api-singapore.klingai.com", "USD", ("api.klingai.com",)),
        },
        "kling-3.0",
        sends=(
            "prompt",
            "contents",
            "settings.resolution",
            "settings.aspect_ratio",
            "settings.duration",
            "settings.audio",
            "settings.multi_shot",
            "options.external_task_id",
            "options.watermark_info",
        ),
    ),
    "dashscope": Vendor(
        "DashScope 百炼 (Wan)",
        "dashscope.DashScope",
        "DASHSCOPE_API_KEY",
        {
            CHINA: Region("https://dashscope.aliyuncs.com", "CNY", (".cn-beijing.maas.aliyuncs.com",)),
            ABROAD: Region(
                "https://dashscope-intl.aliyuncs.com", "USD", ("-us.aliyuncs.com", ".maas.aliyuncs.com")
            ),
        },
        "wan3.0-video",
        sends=(
            "model",
            "input.prompt",
            "input.media",
            "input.negative_prompt",
            "parameters.duration",
            "parameters.resolution",
            "parameters.ratio",
            "parameters.audio",
            "parameters.seed",
            "parameters.prompt_extend",
            "parameters.watermark",
        ),
    ),
    "minimax": Vendor(
        "MiniMax 海螺 (H3)",
        "minimax.MiniMax",
        "MINIMAX_API_KEY",
        {
            CHINA: Region("https://api.minimaxi.com", "CNY", (".minimax.cn",)),
            ABROAD: Region("https://api.minimax.io", "USD"),
        },
        "MiniMax-H3",
        sends=("model", "content", "resolution", "duration", "ratio"),
    ),
    "vidu": Vendor(
        "Vidu 生数 (Q3)",
        "vidu.Vidu",
        "VIDU_API_KEY",
        {CHINA: Region("https://api.vidu.cn", "CNY"), ABROAD: Region("https://api.vidu.com", "USD")},
        "viduq3-turbo",
        has_balance=True,
        sends=(
            "model",
            "prompt",
            "images",
            "duration",
            "resolution",
            "aspect_ratio",
            "audio",
            "seed",
            "off_peak",
            "watermark",
            "payload",
        ),
    ),
    "fal": Vendor(
        "fal",
        "fal.Fal",
        "FAL_KEY",
        {"": Region("https://queue.fal.run", "USD")},
        fields={"picture_field": "image_url", "audio_field": "generate_audio"},
        sends=("prompt", "duration", "aspect_ratio", "negative_prompt", "seed"),
    ),
    "replicate": Vendor(
        "Replicate",
        "replicate.Replicate",
        "REPLICATE_API_TOKEN",
        {"": Region("https://api.replicate.com/v1", "USD")},
        fields={"picture_field": "image", "audio_field": "generate_audio"},
        sends=(
            "version",
            "input.prompt",
            "input.duration",
            "input.aspect_ratio",
            "input.negative_prompt",
            "input.seed",
        ),
    ),
    "google_omni": Vendor(
        "Google Gemini Omni",
        "google_omni.GoogleOmni",
        "GEMINI_API_KEY",
        {"": Region("https://generativelanguage.googleapis.com/v1beta", "USD")},
        "gemini-omni-1.2-flash",
        sends=("model", "input", "response_format", "background", "store"),
    ),
    "openrouter": Vendor(
        "OpenRouter",
        "openrouter.OpenRouter",
        "OPENROUTER_API_KEY",
        {"": Region("https://openrouter.ai/api/v1", "USD")},
        sends=(
            "model",
            "prompt",
            "duration",
            "resolution",
            "aspect_ratio",
            "generate_audio",
            "seed",
            "frame_images",
            "input_references",
            "session_id",
        ),
    ),
}


def vendor_of(kind: str) -> Optional[Vendor]:
    """The vendor of a kind; ``None`` for kinds that are none: sora.hk, gateways, the simulator."""
    return VENDORS.get(kind)


def gives_last_frame(kind: str) -> bool:
    """Whether a provider gives the last frame of a video as a picture."""
    vendor = vendor_of(kind)
    return vendor is not None and vendor.gives_last_frame

"""The last frame of a video from its provider, kept beside it as a PNG: a next shot may begin with it.

It is fetched as the video is, once, while its address is fresh. Whatever goes wrong with it, the video is there: then
the frame is decoded, where that can be done.
"""

from __future__ import annotations

from contextlib import closing

from loguru import logger

from sorad.config.vendors import gives_last_frame
from sorad.engine.steps.context import StepContext
from sorad.files.digest import sha256_of
from sorad.files.durable import write_whole
from sorad.files.untrusted import Unfit, read_small
from sorad.layout import last_frame_path, video_at
from sorad.messages import _
from sorad.model import Take
from sorad.providers.base import DownloadCut, Fault, Provider, Video
from sorad.storyboard.picture_header import look_at

LARGEST = 50_000_000  # bytes; a frame of 4k has about 20


def keep_last_frame(context: StepContext, take: Take, provider: Provider, video: Video) -> None:
    """Fetch the frame of a video that has just come, where somebody may need it."""
    path = last_frame_path(video_at(take.output))
    if not video.frame or (context.decodes() and not _is_continued(context, take)) or given_frame(take):
        return
    data = _fetched(take, provider, video.frame)
    if isinstance(data, str):
        logger.info(_("take {id}: its last frame did not come: {reason}"), id=take.id, reason=data)
        return
    try:
        write_whole(path, data, context.process.pause)
    except OSError as error:
        reason = error.strerror or str(error)
        logger.info(_("take {id}: its last frame did not come: {reason}"), id=take.id, reason=reason)


def given_frame(take: Take) -> str:
    """``sha256:<hex>`` of the frame that the provider gave and that lies there; ``""``: none does."""
    path = last_frame_path(video_at(take.output))
    if not gives_last_frame(take.provider):
        return ""
    try:
        data = read_small(path, LARGEST)
        return f"sha256:{sha256_of(path)}" if data and _is_png(data) else ""
    except (Unfit, OSError):
        return ""


def _is_continued(context: StepContext, take: Take) -> bool:
    others = context.ledger.takes(storyboard=take.storyboard)
    return any(
        one.request.continues and one.follows == take.segment
        for one in others
        if one.storyboard_id == take.storyboard_id
    )


def _fetched(take: Take, provider: Provider, url: str) -> bytes | str:
    """The picture; why there is none."""
    opened = provider.open_video(take.remote_id, Video(url), 0, "")
    if isinstance(opened, Fault):
        return str(opened.problem)
    found = bytearray()
    with closing(opened):
        try:
            for piece in opened.pieces:
                found += piece
                if len(found) > LARGEST:
                    return _("it is too large")
        except DownloadCut as cut:
            return str(cut.reason)
    return bytes(found) if _is_png(bytes(found)) else _("it is no PNG")


def _is_png(data: bytes) -> bool:
    look = look_at(data)
    return look is not None and look.form == "png" and b"IEND" in data[-64:]

"""What all formats share: what a call asks for, and the book they answer from."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from sorad.clock import Clock
from sorad.simulator.album import Album
from sorad.simulator.faults import Faults
from sorad.simulator.given import further, has_sound, told
from sorad.simulator.mp4 import Movie, labels_of, movie
from sorad.simulator.rendered import colour_of, rendered, size_of, wrapped
from sorad.simulator.state import Account, Order, Task
from sorad.simulator.wire import Answer, Call

# Signs URLs that only ever open simulated videos; the same in every process, so that they outlive one.
_SECRET = b"sorad simulator"
_NO_ROOM_RETRY = 2  # seconds, the Retry-After of an account that is full


@dataclass(frozen=True)
class Route:
    """What a call asks for: the target of faults, what they are counted by, and the act itself."""

    target: str
    subject: str
    prompt: str
    act: Callable[[], Answer]


class Format(Protocol):
    """One of the formats that the simulator speaks."""

    wire: str
    base: str  # the path of its base URL

    def owns(self, call: Call) -> bool:
        """Whether a call is in this format."""
        ...

    def key(self, call: Call) -> str:
        """The key in a call, ``""`` where there is none."""
        ...

    def route(self, call: Call) -> Route | None:
        """What a call asks for; ``None`` where there is nothing at its path."""
        ...

    def order(self, call: Call) -> Order | str:
        """The order in a create, or the name of what is wrong with it."""
        ...

    def refusal(self, kind: str, status: int | None = None) -> Answer:
        """An error in the words of the format; over ``status`` where it is given."""
        ...

    def downloadable(self, task_id: str) -> Task | None:
        """The task whose video the API itself can serve now."""
        ...


@dataclass
class Book:
    """What answers are made from."""

    account: Account
    clock: Clock
    faults: Faults
    file_size: int  # bytes
    url_seconds: float  # how long a URL is good
    album: Album = field(default_factory=Album)  # the pictures that came
    files_url: str = ""  # where downloads are served: another host than the API's
    api_url: str = ""  # where the API is

    def video_url(self, task: Task) -> str:
        """A signed URL for a finished task, good from now on for ``url_seconds``."""
        expires = int(self.clock.time() + self.url_seconds)
        query = f"expires={expires}&signature={_sign(task.id, expires)}"
        return f"{self.files_url}/files/{quote(task.id, safe='')}.mp4?{query}"

    def frame_url(self, task: Task) -> str:
        """Likewise of its last frame, as a picture."""
        return self.video_url(task).replace(".mp4?", ".png?", 1)

    def may_fetch(self, task_id: str, call: Call) -> bool:
        """Whether a call's signature is right and not too old."""
        try:
            expires = int(call.query.get("expires", ""))
        except ValueError:
            return False
        good = hmac.compare_digest(call.query.get("signature", ""), _sign(task_id, expires))
        return good and self.clock.time() < expires

    def movie(self, task: Task) -> Movie:
        """The video of a task."""
        order = task.order
        rendered, labels = self._rendered(task), labels_of(task.labels, task.id)
        if rendered is not None:
            return wrapped(rendered, task.id, order.prompt, self.file_size, labels)
        return movie(
            task.id,
            order.prompt,
            seconds=order.seconds,
            orientation=order.orientation,
            size=self.file_size,
            picture="" if task.unseen else order.image,
            labels=labels,
        )

    def _rendered(self, task: Task) -> bytes | None:
        """A video of the pictures and the sound that it was ordered with, where there are any and the extra is."""
        order = task.order
        name = str(told(order.image))  # formats name it so, or hand it on as it came
        last, references = further(order.details, name)
        first = None if task.unseen else self.album.get(name)
        last_frame, shown = self.album.get(last), [self.album.get(one) for one in references]
        sound = has_sound(order.details)
        if not (first or last_frame or any(shown) or sound or task.flaw):
            return None
        return rendered(
            size_of(order),
            order.seconds,
            first,
            last_frame,
            tuple(filter(None, shown)),
            sound,
            colour_of(task.id),
            task.flaw,
        )

    def no_room(self, refusal: Answer) -> Answer:
        """The answer of an account that has too many tasks running."""
        return dataclasses.replace(
            refusal, headers={**refusal.headers, "retry-after": str(_NO_ROOM_RETRY)}, note="full"
        )

    def on_task(
        self, wire: str, task_id: str, target: str, act: Callable[[Task], Answer], lost: Callable[[], Answer]
    ) -> Route:
        """A call about one task of a format; ``lost`` answers where there is no such task."""
        task = self.account.get(wire, task_id)
        if task is None:
            return Route(target, task_id, "", lost)
        found = task
        return Route(target, task_id, found.order.prompt, lambda: act(found))

    def find(self, task_id: str) -> Task | None:
        """A task of any format."""
        return self.account.find(task_id)


def _sign(task_id: str, expires: int) -> str:
    return hmac.new(_SECRET, f"{task_id}\n{expires}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()

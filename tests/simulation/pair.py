"""Two machines with a sorad each, on one provider's account: over a folder that a sync carries, or over one share.

What is simulated besides a :class:`World`: the sync between two copies of the folder (late, in any order, at times
stopped, with conflict copies), machines that sleep, and `sorad claim` on either of them.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

from turns import Died, Turns
from world import Clock, Odds, SimProvider, World, mp4

from sorad.claim import doubles
from sorad.claim.machine import Machine
from sorad.daemon.parts import SWEEP
from sorad.ledger.states import OPEN, PAID
from sorad.model import State, Take
from sorad.receipts.receipt import DONE, Receipt, read_receipt

Content = Optional[bytes]
# A sync looks at its folders so often, and a machine at its claims, in seconds.
LOOKS, STEP = 2.0, 20.0


class MachineClock(Clock):
    """The one true time, as a machine of its own tells it."""

    def __init__(self, truth: Clock) -> None:
        self.truth = truth
        self.wrong = self.slept = 0.0
        self.boots, self.booted = 1, truth.now

    @property  # type: ignore[override]
    def now(self) -> float:
        return self.truth.now

    @now.setter
    def now(self, value: float) -> None:
        self.truth.now = value


class FolderSync:
    """Carries each file by itself, ``delay()`` seconds after it was changed, as Syncthing does.

    Changed on both sides, one of them keeps its name and the other becomes a conflict copy; a change outlives a
    removal. What ends in ``.tmp`` stays where it is.
    """

    def __init__(
        self, one: Path, other: Path, clock: Clock, rng: random.Random, delay: Callable[[], float]
    ) -> None:
        self.sides = (one, other)
        self.clock, self.rng, self.delay = clock, rng, delay
        self.up = True
        self.conflicts = 0
        self._both: dict[str, Content] = {}  # what both had when they last agreed
        self._due: dict[str, float] = {}
        self._stats: list[dict[str, tuple[int, int, int]]] = [{}, {}]
        self._files: list[dict[str, bytes]] = [{}, {}]
        self._at = 0.0

    @property
    def quiet(self) -> bool:
        """Whether both sides had the same at the last look."""
        return self._files[0] == self._files[1]

    def turn(self) -> None:
        """Carry what is due."""
        now = self.clock.now
        if not self.up or now < self._at:
            return
        self._at = now + LOOKS
        self._read()
        one, other = self._files
        names = sorted({*one, *other, *self._both})
        self.rng.shuffle(names)
        for name in names:
            if one.get(name) == other.get(name):
                self._due.pop(name, None)
                self._both[name] = one.get(name)
            elif now >= self._due.setdefault(name, now + self.delay()):
                del self._due[name]
                self._carry(name)

    def _read(self) -> None:
        for number, side in enumerate(self.sides):
            stats = dict(_walk(side))
            before, files = self._stats[number], self._files[number]
            for name in [name for name in files if name not in stats]:
                del files[name]
            for name, stat in stats.items():
                if before.get(name) != stat:
                    files[name] = (side / name).read_bytes()
            self._stats[number] = stats

    def _carry(self, name: str) -> None:
        base = self._both.get(name)
        contents = [files.get(name) for files in self._files]
        if contents[0] == base or contents[1] is None:
            source = 1 if contents[0] == base else 0
        elif contents[1] == base or contents[0] is None:
            source = 0 if contents[1] == base else 1
        else:
            source = self.rng.randrange(2)
            self._keep_apart(name, 1 - source, contents[1 - source] or b"")
        self._put(1 - source, name, contents[source])
        self._both[name] = contents[source]

    def _keep_apart(self, name: str, side: int, content: bytes) -> None:
        self.conflicts += 1
        path = Path(name)
        told = f"{path.stem}.sync-conflict-20270115-{self.conflicts:06d}-ABCDEFG{path.suffix}"
        self._put(side, str(path.with_name(told)), content)

    def _put(self, side: int, name: str, content: Content) -> None:
        path = self.sides[side] / name
        if content is None:
            path.unlink(missing_ok=True)
            self._files[side].pop(name, None)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".syncthing.{path.name}.tmp")
        fresh.write_bytes(content)
        fresh.replace(path)
        self._files[side][name] = content


def _walk(folder: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".stfolder"]
        for name in files:
            if not name.endswith(".tmp"):
                path = os.path.join(place, name)  # noqa: PTH118
                stat = os.lstat(path)
                yield os.path.relpath(path, folder), (stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass
class Pair:
    """One history of two machines. ``shared``: they see one folder itself, and no claim tells who buys."""

    seed: int
    folder: Path
    shared: bool = False
    odds: Odds = field(default_factory=Odds)
    delay: Callable[[random.Random], float] = lambda rng: rng.uniform(0.0, 20.0)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.truth = Clock()
        self.odds = replace(self.odds)
        provider = SimProvider(self.truth, random.Random(self.seed + 1), self.odds)
        provider.film = lambda task: mp4(f"{task.request.prompt} of {task.remote_id} ")  # type: ignore[method-assign]
        self.provider = provider
        self.turns = Turns(self.rng)
        self.worlds = [self._world(number) for number in range(2)]
        one, other = (world.vault_dir for world in self.worlds)
        self.sync = FolderSync(one, other, self.truth, self.rng, lambda: self.delay(self.rng))
        self.asleep: set[int] = set()
        self.ended: set[int] = set()
        self.wanted: Counter[str] = Counter()
        self.strangers: list[Path] = []

    def _world(self, number: int) -> World:
        place = self.folder / "vault" if self.shared else self.folder / f"vault{number}"
        place.mkdir(parents=True, exist_ok=True)
        if not self.shared:
            (place / ".stfolder").mkdir()
        digits, home, system = (f"{number + base:016x}" for base in (0x1, 0x101, 0x201))
        world = World(
            self.seed + 10 * number,
            self.folder / f"machine{number}",
            odds=self.odds,
            machine=Machine(digits, f"pc{number + 1}", home, system),
            watch={"claim": "never" if self.shared else "auto", **self._names(number)},
            clock=MachineClock(self.truth),
            shared=self.provider,
            place=place,
            together=self.turns if self.shared else None,
        )
        # What the other one has in flight is told by its receipts, and takes no heed of a limit here.
        world.check_limits = lambda: None  # type: ignore[method-assign]
        return world

    def _names(self, number: int) -> dict[str, str]:
        """At odd seeds the second one calls its videos otherwise."""
        return {"name": "{fingerprint8}-{take:02}-{segment}"} if number and self.seed % 2 else {}

    # --- what happens ------------------------------------------------------------------------------
    def quieten(self) -> None:
        """Wait until the sync has carried all there is."""
        self.run(LOOKS)
        while not self.sync.quiet:
            self.run(LOOKS)

    def run(self, seconds: float) -> None:
        """Let time pass for all that are awake."""
        end = self.truth.now + seconds
        while self.truth.now < end:
            waits = [STEP]
            for number in self.rng.sample((0, 1), 2):
                if number in self.asleep or number in self.ended:
                    continue
                world = self.worlds[number]
                world.speak()
                waits.append(world.live(world._turn) or 0.0)
            if self.shared:
                self._at_once()
            if not self.shared and not self.asleep:
                self.sync.turn()
                waits.append(STEP if self.sync.quiet or not self.sync.up else LOOKS)
            self.truth.now = min(end, self.truth.now + max(0.001, min(waits)))

    def _at_once(self) -> None:
        """The steps of both, of which now one and now the other moves; a death ends both."""
        awake = [self.worlds[number] for number in (0, 1) if number not in self.asleep | self.ended]
        try:
            jobs = [job for world in awake for job in world._handed_over()]
            if jobs:
                self.turns.run(jobs, lambda: self.rng.choice(awake)._meanwhile())
        except Died:
            for world in awake:
                world.ledger.close()
                world.live(world.start)

    def write(self, number: int, name: str, prompts: list[str]) -> None:
        """A storyboard is dropped on a machine."""
        self.wanted.update(prompts)
        self.worlds[number].write(name, prompts)

    def sleep(self, number: int) -> None:
        """A machine is closed, its sync with it."""
        self.asleep.add(number)
        self._slept_at = self.truth.now

    def wake(self, number: int) -> None:
        """It is opened: some of it moves before its sync has anything new."""
        self.worlds[number].clock.slept += self.truth.now - self._slept_at
        self.asleep.discard(number)

    def end(self, number: int) -> None:
        """A sorad is killed."""
        self.worlds[number].ledger.close()
        self.ended.add(number)

    def begin(self, number: int) -> None:
        """It is started anew."""
        self.ended.discard(number)
        world = self.worlds[number]
        world.live(world.start)

    def claim(self, number: int) -> None:
        """`sorad claim` on a machine."""
        world = self.worlds[number]
        world.raw.post("claim", {"path": str(world.vault_dir)}, world.clock.time())
        world.commanded = True

    def bought(self) -> Counter[str]:
        """Accepted creates by text: the truth about money."""
        return Counter(task.request.prompt for task in self.provider.tasks.values())

    def meddle(self, number: int) -> None:
        """Somebody puts a whole video of his own where one is under way."""
        world = self.worlds[number]
        for take in world.raw.takes(states=[State.GENERATING, State.DOWNLOADING]):
            video = Path(take.output)
            if video.parent.is_dir() and not video.exists():
                video.write_bytes(mp4("a stranger's"))
                self.strangers.append(video)
                return

    def in_peace(self, claims: int = 0) -> None:
        """All are awake, nothing goes wrong any more, and the user says who buys."""
        for number in list(self.asleep):
            self.wake(number)
        for number in list(self.ended):
            self.begin(number)
        self.sync.up = True
        for video in self.strangers:
            if video.exists() and video.read_bytes() == mp4("a stranger's"):
                video.unlink()
        self.delay = lambda rng: 1.0
        for name in vars(self.odds):
            setattr(self.odds, name, 0.0)
        for world in self.worlds:
            world.calm()
        if not self.shared:
            self.run(100.0)  # who was away looks first
            self.claim(claims)
        for _time in range(40):
            self.run(300.0)
            if self._is_over() and not self._choose():
                self.run(2 * SWEEP)  # what came last is looked at
                return
        raise AssertionError(f"seed {self.seed}: it never ends: {[told(world) for world in self.worlds]}")

    def _choose(self) -> bool:
        """The user says which of several tasks is that of a lost create: the one that no machine holds."""
        held = {task for world in self.worlds for task in world.raw.owned(list(self.provider.tasks))}
        for world in self.worlds:
            for take in world.raw.takes(states=[State.UNKNOWN]):
                tasks = self.provider.tasks.values()
                own = [one.remote_id for one in tasks if one.request.prompt == take.request.prompt]
                free = [name for name in own if name not in held]
                if take.error is not None and take.error.code == "take.several" and free:
                    args = {"ids": [take.id], "how": "adopt", "remote_id": free[0]}
                    world.raw.post("resolve", args, world.clock.now)
                    world.commanded = True
                    return True
        return False

    def _is_over(self) -> bool:
        """Whether nothing is open but what waits for the user."""
        if not (self.shared or self.sync.quiet):
            return False
        return all(
            take.state not in (OPEN if world.claims.may_buy(str(world.vault_dir)) else PAID)
            or world.stuck(take)
            or _is_blocked(take)
            for world in self.worlds
            for take in world.raw.takes()
        )

    # --- what must hold ----------------------------------------------------------------------------
    def twice(self) -> dict[str, int]:
        """Texts that were paid for more often than they were asked for."""
        return {text: count for text, count in self.bought().items() if count > self.wanted[text]}

    def untold(self) -> list[str]:
        """Of these, those that were not told on both machines."""
        return [text for text in self.twice() if not all(self._tells(world, text) for world in self.worlds)]

    def _tells(self, world: World, text: str) -> bool:
        ids = {task.remote_id for task in self.provider.tasks.values() if task.request.prompt == text}
        return any({one.remote_id, one.other} <= ids | {"?"} for one in doubles.remembered(world.raw))

    def check(self) -> None:
        """Nothing is paid for twice unless both machines tell; what a receipt vouches for is the video of its task;
        nothing is lost.

        Of what was paid for twice, a sync may bring either video under the name, and the other one under another.
        """
        assert not self.untold(), f"seed {self.seed}: {self.untold()} was paid for twice, and not told"
        twice = self.twice()
        once = {name: task for name, task in self.provider.tasks.items() if task.request.prompt not in twice}
        missing = {name for name, task in once.items() if not task.fails}
        for world in self.worlds:
            for receipt, content in self._videos(world.vault_dir):
                film = content == self.provider.film(self.provider.tasks[receipt.remote_id])
                if film:
                    missing.discard(receipt.remote_id)
                wrong = receipt.state == DONE and receipt.remote_id in once and not film
                assert not wrong, (
                    f"seed {self.seed}: the receipt of {receipt.remote_id} vouches for another's video"
                )
        assert not missing, f"seed {self.seed}: {missing} were paid for and are nowhere"

    def _videos(self, folder: Path) -> Iterator[tuple[Receipt, bytes]]:
        for path in folder.rglob("[!.]*.mp4"):
            receipt = read_receipt(path.with_suffix(".json"))
            if receipt is not None and receipt.remote_id in self.provider.tasks:
                yield receipt, path.read_bytes()

    def close(self) -> None:
        """Tidy up."""
        for world in self.worlds:
            world.ledger.close()


def _is_blocked(take: Take) -> bool:
    """Whether another's video has its name (it waits for a day, and is then brought to safety), or a task of the
    other machine may be that of its lost create."""
    return take.error is not None and take.error.code in ("delivery.in_the_way", "take.several")


def told(world: World) -> str:
    """What a machine shows, for people who look into a history."""
    rows = [(take.id, take.request.prompt, take.state.value, take.remote_id) for take in world.raw.takes()]
    return json.dumps(rows)

"""What the tests of away and full disks do to a simulated world."""

from __future__ import annotations

from world import World

from sorad.engine.decide.rescue import Patience

# In a hurry: an hour and a day of patience in minutes, so that fewer tries are simulated.
HOUR, DAY = 900.0, 7_200.0


def ready(world: World) -> None:
    """The provider has the videos from now on."""
    for task in world.provider.tasks.values():
        task.ready_at = min(task.ready_at, world.clock.now)
    world.run(120)


def restart(world: World) -> None:
    """The process ends in good order and is started again."""
    world.ledger.close()
    world.start()
    world.context.patience = Patience(HOUR, DAY)

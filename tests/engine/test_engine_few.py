"""Few: so many steps at once, and who waits is seen to live."""

from __future__ import annotations

import threading

from sorad import heartbeat
from sorad.engine.steps.context import Few


def test_one_more_than_may_waits_and_beats_until_another_has_left() -> None:
    few, beats, inside = Few(2, beats=0.01), threading.Semaphore(0), threading.Event()

    def third() -> None:
        with heartbeat.lent(lambda ahead=0.0: beats.release()), few:
            inside.set()

    waiting = threading.Thread(target=third, daemon=True)
    with few:
        with few:
            waiting.start()
            assert all(beats.acquire(timeout=20) for _beat in range(3))
            assert not inside.is_set()
        assert inside.wait(60)
    waiting.join(60)
    with few, few:  # both places are free again
        pass

"""What `sorad status` says of takes that are held, for several reasons at once."""

from __future__ import annotations

from dataclasses import replace

from sorad.engine.decide.chain import no_frame, waits_for
from sorad.health.facts import Facts
from sorad.health.takes import about_takes
from sorad.model import Request, State, Take
from sorad.problems import Problem


def held(number: int, why: Problem | None, **members: object) -> Take:
    request = Request("a cat walks")
    take = Take(
        number,
        1,
        "/v",
        "/v/s.json",
        number,
        1,
        request.fingerprint(),
        request,
        State.HELD,
        f"/v/{number}.mp4",
        9e9,
    )
    return replace(take, error=why, **members)  # type: ignore[arg-type]


def waiting(number: int, segment: int) -> Take:
    take = held(number, None, follows=segment)
    return replace(take, error=waits_for(take, []))


def told(*takes: Take) -> list[tuple[bool, str, str]]:
    facts = Facts(0.0, held=takes, counts={**dict.fromkeys(State, 0), State.HELD: len(takes)})
    return [(one.heavy, one.problem.text(), one.problem.fix_text()) for one in about_takes(facts)]


def test_those_that_wait_for_several_shots_are_told_with_all_of_them() -> None:
    ((heavy, said, _fix),) = told(waiting(1, 3), waiting(2, 3), waiting(3, 7))
    assert (heavy, said) == (
        False,
        "3 takes wait for the shots before theirs: segment 3 (2 takes), segment 7 (1 take)",
    )
    ((_heavy, said, _fix),) = told(*(waiting(number, number) for number in range(1, 9)))
    assert said.startswith("8 takes wait")
    assert said.endswith("segment 5 (1 take), …")
    ((_heavy, said, _fix),) = told(waiting(1, 3), waiting(2, 3))
    assert "waits for segment 3" in said


def test_each_that_lacks_its_frame_is_told_with_its_own_mend() -> None:
    takes = [held(number, None, follows=number + 10) for number in range(1, 8)]
    takes = [replace(take, error=no_frame(take, "")) for take in takes]
    found = told(*takes)
    assert [heavy for heavy, *_more in found] == [True] * 6
    assert "segment 11" in found[0][1]
    assert "segment 15" in found[4][1]
    assert found[5][1] == "2 takes more are held for reasons of their own."


def test_each_storyboard_that_is_too_dear_is_told_with_its_price() -> None:
    def dear(number: int, path: str, price: str) -> Take:
        why = Problem("budget.approve", "its storyboard costs {price}.", "", {"price": price})
        return held(number, why, storyboard=path)

    found = told(dear(1, "/v/a.json", "6.00"), dear(2, "/v/a.json", "6.00"), dear(3, "/v/b.json", "9.00"))
    assert [said for _heavy, said, _fix in found] == [
        "2 takes wait for you: its storyboard costs 6.00.",
        "1 take wait for you: its storyboard costs 9.00.",
    ]
    assert ["/v/a.json" in found[0][2], "/v/b.json" in found[1][2]] == [True, True]

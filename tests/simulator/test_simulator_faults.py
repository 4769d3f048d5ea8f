"""Faults as data: how they are written, when they strike, that they strike the same again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.cli.setup.simulate import EPILOG
from sorad.problems import SoradError
from sorad.simulator.faults import KINDS, Fault, Faults, from_json, parse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rate", Fault("rate")),
        ("rate=0.1", Fault("rate", rate=0.1)),
        ("cut,count=3", Fault("cut", count=3)),
        ("fail,match=a storm at sea", Fault("fail", match="a storm at sea")),
        ("server=0.5,status=503,target=poll", Fault("server", rate=0.5, status=503, target="poll")),
        ("slow,seconds=1.5,accepted=false", Fault("slow", seconds=1.5, accepted=False)),
        ("rate,retry_after=30", Fault("rate", retry_after=30.0)),
    ],
)
def test_a_fault_is_written_as_kind_rate_and_options(text: str, fault: Fault) -> None:
    assert parse(text) == fault
    assert from_json(text) == fault
    assert from_json(fault.as_json()) == fault


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ("bogus", "bogus"),
        ("", "rate"),
        ("rate=2", "2.0"),
        ("rate=-1", "-1.0"),
        ("rate=nan", "nan"),
        ("rate=often", "often"),
        ("rate,count", "count"),
        ("rate,colour=red", "colour"),
        ("rate,target=task", "task"),
        ("cut,target=create", "create"),
        ("server,status=99", "99"),
        ("slow,seconds=inf", "inf"),
        ("slow,accepted=perhaps", "perhaps"),
        ({"rate": 1}, "kind"),
        (["rate"], "kind"),
        ({"kind": "rate", "count": [1]}, "count"),
    ],
)
def test_what_is_no_fault_is_refused_by_name(raw: object, named: str) -> None:
    with pytest.raises(SoradError) as error:
        from_json(raw)
    assert error.value.exit_code == 2
    assert named in str(error.value)


def test_every_kind_is_told_in_the_help() -> None:
    words = set(EPILOG.replace(",", " ").split())
    assert words >= set(KINDS)


def test_a_count_is_used_up() -> None:
    faults = Faults(0, ["cut,count=2"])
    struck = [faults.pick("download", "task", "") is not None for _ in range(5)]
    assert struck == [True, True, False, False, False]
    assert faults.as_json() == [{"kind": "cut", "rate": 1.0, "count": 2, "fired": 2}]


def test_a_fault_strikes_only_its_target_and_its_prompts() -> None:
    faults = Faults()
    faults.add("server", target="poll", match="storm")
    assert faults.pick("poll", "1", "a storm") is not None
    assert faults.pick("poll", "2", "a calm") is None
    assert faults.pick("create", "a storm", "a storm") is None


@pytest.mark.parametrize("call", ["create", "poll", "list", "account", "delete"])
def test_any_call_is_every_call_but_downloads(call: str) -> None:
    faults = Faults(0, ["key"])
    assert faults.pick(call, "", "") is not None
    assert faults.pick("download", "", "") is None


def test_the_first_fault_that_strikes_wins_and_the_next_follows() -> None:
    faults = Faults(0, ["rate,count=1", "server,count=1"])
    kinds = [fault.kind if (fault := faults.pick("create", "p", "p")) else "" for _ in range(3)]
    assert kinds == ["rate", "server", ""]


def test_clearing_ends_one_kind_or_all() -> None:
    faults = Faults(0, ["rate", "server", "cut"])
    faults.clear("rate")
    assert [fault["kind"] for fault in faults.as_json()] == ["server", "cut"]
    faults.clear()
    assert faults.as_json() == []


def test_clock_skews_add_up() -> None:
    assert Faults().skew() == 0
    assert Faults(0, ["clock_skew", "clock_skew,seconds=60"]).skew() == 360


@given(st.integers(0, 2**32), st.permutations([f"prompt {number}" for number in range(8)]))
def test_the_same_seed_strikes_the_same_prompts_in_whatever_order(seed: int, order: list[str]) -> None:
    def struck(prompts: list[str]) -> set[str]:
        faults = Faults(seed, ["rate=0.5"])
        return {prompt for prompt in prompts if faults.pick("create", prompt, prompt)}

    assert struck(order) == struck(sorted(order))


def test_a_rate_is_about_that_share_of_the_calls() -> None:
    faults = Faults(7, ["rate=0.2"])
    struck = sum(faults.pick("create", f"prompt {number}", "") is not None for number in range(2000))
    assert 320 < struck < 480
    again = sum(faults.pick("create", "the same prompt", "") is not None for _ in range(2000))
    assert 320 < again < 480

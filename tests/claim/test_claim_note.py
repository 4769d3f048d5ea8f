"""The note's text: written, read, merged, mangled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sorad.claim.note import BEGIN, END, Claim, read, write
from sorad.vault.names import is_storyboard

HEX = st.text("0123456789abcdef", min_size=16, max_size=16)
CLAIMS = st.builds(
    Claim,
    machine=HEX,
    generation=st.integers(1, 999_999_999),
    name=st.text(max_size=80),
    home=st.one_of(st.just(""), HEX),
    since=st.sampled_from(["", "2026-11-23T10:30:00Z"]),
    released=st.booleans(),
)
A = Claim("a" * 16, 1, "studio", "c" * 16, "2026-11-23T10:30:00Z")
B = Claim("b" * 16, 1, "笔记本 two", "", "2026-11-23T10:30:00Z")


@settings(suppress_health_check=[HealthCheck.too_slow])  # a loaded machine is no fault
@given(CLAIMS)
def test_a_claim_that_is_written_is_read(claim: Claim) -> None:
    text = write("", claim)
    (found,) = read(text).claims
    assert replace(found, name="") == replace(claim, name="")
    assert not read(text).damaged
    assert claim.name[:60].encode("utf-8", "replace").startswith(found.name.encode("utf-8", "replace")[:1])
    assert write(text, claim) == text


@given(st.lists(CLAIMS, min_size=1, max_size=4), st.text(max_size=30))
def test_only_the_last_claim_stays_and_so_do_peoples_words(claims: list[Claim], words: str) -> None:
    words = "".join(char for char in words if char.isprintable() and char != "%")
    text = f"# Mine\n{words}\n"  # people may write anything but the marks themselves
    for claim in claims:
        text = write(text, claim) + "more of mine\n"
    assert [replace(one, name="") for one in read(text).claims] == [replace(claims[-1], name="")]
    assert text.startswith(f"# Mine\n{words}")
    assert text.count("more of mine") == len(claims)
    assert (text.count(BEGIN), text.count(END)) == (1, 1)


def test_it_tells_people_in_both_languages_what_it_is() -> None:
    text = write("", B)
    assert "笔记本 two" in text
    assert "Only the computer" in text
    assert "只由电脑" in text
    assert "no longer buys" in write("", replace(B, released=True))


@pytest.mark.parametrize(
    "merged",
    [
        write("", A) + write("", B),
        write("", A).replace(END, "") + write("", B),
        write("", A) + "\n" + "\n".join(write("", B).splitlines()[1:]),
        A.line() + B.line(),
        f"> - `{A.line()}`\n\n\t* {B.line()}\n",
        write("", A).replace("\n", "\r\n") + write("", B) + write("", A),
    ],
    ids=["one after the other", "an end lost", "a beginning lost", "one line", "quoted", "three"],
)
def test_merged_text_names_both(merged: str) -> None:
    assert {claim.machine for claim in read(merged).claims} == {A.machine, B.machine}
    assert [claim.machine for claim in read(write(merged, A)).claims] == [A.machine]


@given(st.data())
def test_a_mangled_claim_is_damage_and_never_another_claim(data: st.DataObject) -> None:
    line = A.line()
    at = data.draw(st.integers(len("sorad-claim v"), len(line) - 1))
    other = data.draw(st.sampled_from("0123456789abcdef =-z").filter(lambda char: char != line[at]))
    found = read(f"{BEGIN}\n{line[:at]}{other}{line[at + 1 :]}\n{END}\n")
    assert found.claims == ()
    assert found.damaged


@pytest.mark.parametrize("text", [f"{BEGIN}\n{END}\n", f"{BEGIN}\nonly words\n", write("", A)[:200]])
def test_a_block_without_a_claim_is_damage(text: str) -> None:
    assert read(text).damaged
    assert not read(write(text, B)).damaged


@pytest.mark.parametrize("text", ["", "my own words\n", "run `sorad claim` here"])
def test_a_note_that_says_nothing_of_claims_is_none(text: str) -> None:
    assert read(text) == read("")
    assert not read(text).damaged


def test_the_note_is_no_storyboard() -> None:
    assert not is_storyboard("sorad-claim.md")

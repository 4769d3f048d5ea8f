"""What sorad says and what the user wrote, in one note: nothing of the user's is lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sorad.notes.merge import BEGIN, END, block_of, merged, users_part

PROPERTIES = {"sorad_state": "done", "sorad_done": "3"}
BLOCK = ["**done 3**", "", "- [ ] T1 %%sorad:0123456789abcdef%%"]

pieces = st.lists(
    st.sampled_from(
        [
            "---\n",
            "---\r\n",
            "tags: [a]\n",
            "sorad_state: failed\n",
            "sorad_x: 1\r\n",
            "words\n",
            "\n",
            "end",
            "\r\n",
            f"{BEGIN}\n",
            f"{END}\n",
            f"{END}",
            f"{BEGIN}\r\n",
            "> quote\n",
            "\ufeff",
            "\u2028",
            "- [x] mine\n",
            "\x0c",
        ]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(pieces, st.text(max_size=80)))
@example(f"---\n{BEGIN}\r\n---\n{END}\n")
def test_what_is_the_users_stays_byte_for_byte(text: str) -> None:
    before = users_part(text)
    after = merged(text, PROPERTIES, BLOCK)
    kept = users_part(after)
    # Only line ends are added where the last line had none, and fences where there were no properties.
    assert kept in (before, f"{before}\n", f"---\n---\n{before}", f"---\n---\n{before}\n"), (before, kept)
    assert block_of(after) == BLOCK


@given(st.one_of(pieces, st.text(max_size=80)))
def test_what_was_written_once_is_not_written_again(text: str) -> None:
    once = merged(text, PROPERTIES, BLOCK)
    assert merged(once, PROPERTIES, BLOCK) == once


def test_properties_and_text_keep_their_places() -> None:
    text = f"---\ntags: film\nsorad_done: 1\ncolor: red\n---\n# Mine\n\n{BEGIN}\nold\n{END}\nbelow"
    assert merged(text, PROPERTIES, ["new"]) == (
        f"---\ntags: film\nsorad_state: done\nsorad_done: 3\ncolor: red\n---\n# Mine\n\n{BEGIN}\nnew\n{END}\nbelow"
    )


def test_who_writes_above_the_properties_gets_them_once() -> None:
    text = merged("", PROPERTIES, BLOCK)
    assert merged(f"mine\n{text}", PROPERTIES, BLOCK).count("sorad_state") == 1


def test_two_versions_that_a_sync_put_into_one_are_one_again() -> None:
    text = f"a\n{BEGIN}\none\n{END}\nb\n{BEGIN}\ntwo\n{END}\nc\n"
    assert merged(text, {}, ["new"]).endswith(f"a\n{BEGIN}\nnew\n{END}\nb\nc\n")

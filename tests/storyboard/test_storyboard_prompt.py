"""The final prompt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.storyboard.prompt import Character, compose, space_ids
from sorad.storyboard.quotes import gaps, quoted

ALICE = Character("Alice", "@alice")
WANG = Character("王大力", "@wangdali_cc")
MEI = Character("小美", "@teacher_xiaomei_cc")


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("王大力@wangdali_cc满分", "王大力 @wangdali_cc 满分"),
        ("王大力 @wangdali_cc 满分", "王大力 @wangdali_cc 满分"),
        ("（@a）", "（ @a ）"),
        ("@alice", "@alice"),
        ("@alice@bob", "@alice @bob"),
        ("@alice.", "@alice ."),
        ("see @alice-", "see @alice -"),
        ("@a.b-c_1说", "@a.b-c_1 说"),
        ("line\n@alice\nline", "line\n@alice\nline"),
        ("a\r\n@alice\r\nb", "a\r\n@alice\r\nb"),
        ("full\u3000@alice\u3000width", "full\u3000@alice\u3000width"),
        ("two  @alice  spaces", "two  @alice  spaces"),
        ("Alice@alice smiles", "Alice @alice smiles"),
        ("“快跑@alice！”", "“快跑 @alice ！”"),
        ("write to bob.b@example.com now", "write to bob.b@example.com now"),
        ("写信给bob@example.com吧", "写信给bob@example.com吧"),
        ("@x.com@y.zz王", "@x.com @y.zz 王"),
        ("a @ b @", "a @ b @"),
        ("@@alice", "@ @alice"),
        ("", ""),
    ],
)
def test_ids_are_set_apart(text: str, spaced: str) -> None:
    assert space_ids(text) == spaced


_BITS = st.lists(
    st.sampled_from(
        ["@", "@a", "a", "b.c", ".", "-", " ", "\n", "王", "@x.com", "y@z.com", "é", "%", "’", "“", '"', "'"]
    )
).map("".join)


@given(_BITS | st.text())
def test_spacing_twice_is_spacing_once(text: str) -> None:
    once = space_ids(text)
    assert space_ids(once) == once


@given(_BITS | st.text())
def test_spacing_adds_spaces_and_nothing_else(text: str) -> None:
    spaced = space_ids(text)
    assert spaced.replace(" ", "") == text.replace(" ", "")
    assert len(re.findall("  ", spaced)) == len(re.findall("  ", text))


@pytest.mark.parametrize(
    ("text", "characters", "prompt"),
    [
        # outside quotation marks, of every kind
        ('Alice waves. "Alice!"', [ALICE], '@alice waves. "Alice!"'),
        ("Alice says “I am Alice”.", [ALICE], "@alice says “I am Alice”."),
        ("Alice says ‘Alice, don’t’.", [ALICE], "@alice says ‘Alice, don’t’."),
        ("Alice says 'Alice, don't go' to Alice", [ALICE], "@alice says 'Alice, don't go' to @alice"),
        ("王大力说「我是王大力」", [WANG], "@wangdali_cc 说「我是王大力」"),
        ("王大力说『我是王大力』", [WANG], "@wangdali_cc 说『我是王大力』"),
        ("挥舞‘王大力’大旗的王大力歪嘴笑", [WANG], "挥舞‘王大力’大旗的 @wangdali_cc 歪嘴笑"),
        # apostrophes and lone marks quote nothing
        ("Bob's dog and Alice's cat", [ALICE], "Bob's dog and @alice 's cat"),
        ("the boys' room, Alice, the girls' room", [ALICE], "the boys' room, @alice , the girls' room"),
        ('a 5" screen\nAlice', [ALICE], 'a 5" screen\n@alice'),
        ("“ open, Alice", [ALICE], "“ open, @alice"),
        # brackets
        ("[Alice] meets Alice", [ALICE], "@alice meets Alice"),
        ("[ Alice ]", [ALICE], "@alice"),
        ("[Bob] meets Alice", [ALICE, Character("Bob")], "[Bob] meets Alice"),
        ("[Style Tags：art；[王大力]和小美]", [WANG, MEI], "[Style Tags：art； @wangdali_cc 和小美]"),
        ("[art] Alice", [ALICE], "[art] @alice"),
        ('"[Alice]" said Alice', [ALICE], '"[Alice]" said @alice'),
        # the id stands there already
        ("named Alice(@alice ) smiling", [ALICE], "named @alice smiling"),
        ("named Alice (@alice), smiling", [ALICE], "named @alice , smiling"),
        ("王大力（@wangdali_cc）满分", [WANG], "@wangdali_cc 满分"),
        ("A特写王大力 @wangdali_cc 满分", [WANG], "A特写 @wangdali_cc 满分"),
        ("Alice@alice smiles", [ALICE], "@alice smiles"),
        ("[Alice](@alice)smiles", [ALICE], "@alice smiles"),
        ("Alice @alice_2", [ALICE], "@alice @alice_2"),
        ("Alice\n@alice", [ALICE], "@alice\n@alice"),
        # whole words where there are words
        ("Alices and Malice, alice, Alice_1", [ALICE], "Alices and Malice, alice, Alice_1"),
        ("镜头Alice笑", [ALICE], "镜头 @alice 笑"),
        ("Éva and Évariste", [Character("Éva", "@eva")], "@eva and Évariste"),
        ("小美老师", [MEI], "@teacher_xiaomei_cc 老师"),
        # the longest name first, with or without an id
        ("王大力和王大", [Character("王大", "@da"), WANG], "@wangdali_cc 和 @da"),
        ("王大力和王大", [Character("王大", "@da"), Character("王大力")], "王大力和 @da"),
        ("Anna Maria and Anna", [Character("Anna", "@a"), Character("Anna Maria", "@am")], "@am and @a"),
        # never inside an id or an address
        ("@Alice and Alice@example.com", [ALICE], "@Alice and Alice@example.com"),
        # nobody to call
        ("Alice", [Character("Alice")], "Alice"),
        ("Alice", [Character("Alice"), ALICE], "@alice"),
        ("nobody", [ALICE], "nobody"),
        ("Alice\n\n  Alice\t.", [ALICE], "@alice\n\n  @alice\t."),
    ],
)
def test_characters_are_called_by_their_ids(text: str, characters: list[Character], prompt: str) -> None:
    assert compose(text, characters=characters) == prompt


@pytest.mark.parametrize(
    ("text", "scene", "props", "prompt"),
    [
        ("A skyline.", "Future City", [], "A skyline.\nScene: Future City"),
        ("A skyline.", "", ["lamp", "a car"], "A skyline.\nProps: lamp, a car"),
        ("天际线。", "教室", ["试卷", "大旗"], "天际线。\n场景：教室\n道具：试卷、大旗"),
        ("天际线。", "Room", ["Prop1"], "天际线。\n场景：Room\n道具：Prop1"),
        ("In a Classroom.", "Room", [], "In a Classroom.\nScene: Room"),
        ("In a Room, a lamp.", "Room", ["lamp", "cup", "cup"], "In a Room, a lamp.\nProps: cup"),
        ("场景：教室；", "教室", [""], "场景：教室；"),
        ("On stage", "Hall of@bob", [], "On stage\nScene: Hall of @bob"),
    ],
)
def test_scene_and_props_are_appended_where_the_text_lacks_them(
    text: str, scene: str, props: list[str], prompt: str
) -> None:
    assert compose(text, scene=scene, props=props) == prompt


def test_a_note_of_the_director_comes_last() -> None:
    assert compose("Hi", scene="S", intent="calm") == "Hi\nScene: S\nDirector's note: calm"
    assert compose("你好", intent="开场") == "你好\n导演意图：开场"


_PROSE = st.lists(
    st.sampled_from(
        ["Alice", "王大力", "[Alice]", '"', "'", "“", "”", "‘", "’", "「", "」", "\n", " ", "a", "，", "@x"]
    )
).map("".join)


@given(_PROSE)
def test_what_is_quoted_is_not_rewritten(text: str) -> None:
    plain = text.replace("@x", "")
    prompt = compose(plain, characters=[ALICE, WANG])
    at = 0
    for start, end in quoted(plain):
        at = prompt.index(plain[start:end], at) + 1


@given(_PROSE | st.text())
def test_line_breaks_stay(text: str) -> None:
    assert compose(text, characters=[ALICE, WANG]).count("\n") >= text.count("\n")


@given(_PROSE | st.text())
def test_quotations_and_gaps_make_up_the_text(text: str) -> None:
    spans = sorted([*quoted(text), *gaps(text)])
    assert "".join(text[start:end] for start, end in spans) == text


@pytest.mark.parametrize(
    "unit", ["'a ", '"', "“", "‘", "Alice", "a@", "@", "a.", "[ ", "Alice(@", "’a", "王"]
)
def test_a_hundred_thousand_characters_of_trouble_take_no_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert compose(text, characters=[ALICE, WANG])  # a quadratic search would run into the test's time limit


# --- rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "characters", "now", "earlier"),
    [
        ("林走进树林，林夕在等", [Character("林", "@lin")], "林走进树林，林夕在等", "@lin 走进树 @lin ， @lin 夕在等"),
        ("[林]走进树林", [Character("林", "@lin")], "@lin 走进树林", "@lin 走进树林"),
        ("A cat. [A] waves", [Character("A", "@a")], "A cat. @a waves", "A cat. @a waves"),
        ("A cat sees A", [Character("A", "@a")], "A cat sees A", "@a cat sees @a"),
        (
            "[林]看见小美，小美笑了",
            [Character("林", "@lin"), Character("小美", "@mei")],
            "@lin 看见 @mei ， @mei 笑了",
            "@lin 看见小美，小美笑了",
        ),
        ("[小美]和林", [Character("林", "@lin"), Character("小美", "@mei")], "@mei 和林", "@mei 和林"),
        ("Alice waves", [Character("Alice@123")], "@123 waves", "Alice waves"),
        ("小美笑了", [Character("小美 @xiaomei")], "@xiaomei 笑了", "小美笑了"),
        ("小美笑了", [Character("小美（@xiaomei）")], "@xiaomei 笑了", "小美笑了"),
        ("Alice waves", [Character("Alice (@x)")], "@x waves", "Alice waves"),
        ("Alice waves", [Character("Alice @x", "@y")], "Alice waves", "Alice waves"),
        ("al waves", [Character("al@example.com")], "al waves", "al waves"),
        ("@x waves", [Character("@x")], "@x waves", "@x waves"),
    ],
)  # fmt: skip
def test_names_of_one_letter_and_names_with_ids_under_each_of_the_rules(
    text: str, characters: list[Character], now: str, earlier: str
) -> None:
    assert compose(text, characters=characters) == now
    assert compose(text, characters=characters, rules=1) == earlier


@given(
    st.text(alphabet="林小美 @x[](（）Alice,.", max_size=30),
    st.lists(st.sampled_from(["小美", "Alice", "Al"])),
)
def test_names_of_several_letters_without_ids_in_them_are_as_ever(text: str, names: list[str]) -> None:
    characters = [Character(name, f"@{n}x") for n, name in enumerate(names)]
    assert compose(text, characters=characters) == compose(text, characters=characters, rules=1)

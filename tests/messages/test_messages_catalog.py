"""The catalog: every sentence that sorad marks is there in Chinese, whole, and compiled."""

from __future__ import annotations

import ast
import gettext
import io
import re

import pytest

pytest.importorskip("babel")

from sorad.cli.main import COMMANDS
from sorad.messages import catalog

CHINESE = re.compile("[\u3400-\u9fff]")
MENDS = "run: python -m sorad.messages.catalog update compile"


@pytest.fixture(scope="module")
def marked() -> dict[object, object]:
    """Every sentence marked in sorad/, by its id; the plural goes with it."""
    return {message.id: message for message in catalog.extract() if message.id}


@pytest.fixture(scope="module")
def chinese() -> dict[object, object]:
    return {message.id: message for message in catalog.read() if message.id}


def strings(message) -> list[str]:
    """Its translations; none while there are none: another test says so."""
    texts = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return [text for text in texts if text]


def ids(message) -> list[str]:
    return list(message.id) if isinstance(message.id, (tuple, list)) else [message.id]


def test_every_sentence_is_in_the_catalog(marked, chinese):
    assert [message for message in marked if message not in chinese] == [], MENDS


def test_nothing_is_in_the_catalog_that_nobody_says(marked, chinese):
    assert [message for message in chinese if message not in marked] == [], MENDS
    assert not catalog.read().obsolete, MENDS


def test_every_sentence_is_translated(chinese):
    assert [message.id for message in chinese.values() if not strings(message) or message.fuzzy] == []


def test_both_languages_fill_in_the_same_fields(chinese):
    for message in chinese.values():
        wanted = {field for text in ids(message) for field in catalog.fields(text)}
        for text in strings(message):
            assert set(catalog.fields(text)) == wanted, message.id


def test_translations_are_chinese_and_ids_are_not(chinese):
    for message in chinese.values():
        for text in ids(message):
            assert not CHINESE.search(text), text
    # fields, punctuation and names alone need no Chinese
    bare = [text for message in chinese.values() for text in strings(message) if not CHINESE.search(text)]
    assert [text for text in bare if re.search("[A-Za-z]{3}", re.sub(r"\{[^}]*\}|%\(\w+\)s", "", text))] == []


def test_ends_and_line_breaks_are_kept(chinese):
    for message in chinese.values():
        one = ids(message)[0]
        for text in strings(message):
            assert text.count("\n") == one.count("\n"), one
            assert text.endswith("\n") == one.endswith("\n"), one


def test_what_is_typed_is_not_translated(chinese):
    """Commands and options between backticks stand in the translation as they are."""
    for message in chinese.values():
        for text in strings(message):
            for typed in re.findall(r"`(sorad [a-z]+|--[a-z-]+)", ids(message)[0]):
                assert typed in text, message.id


def test_commands_that_are_named_exist(chinese):
    texts = [text for message in chinese.values() for text in (*ids(message), *strings(message))]
    named = {name for text in texts for name in re.findall(r"`sorad ([a-z]+)", text)}
    assert named
    assert named - COMMANDS.keys() == set()


def test_the_compiled_catalog_is_the_written_one():
    fresh = gettext.GNUTranslations(io.BytesIO(catalog.compiled()))
    with catalog.MO.open("rb") as stream:
        shipped = gettext.GNUTranslations(stream)

    def content(translations):
        return {key: text for key, text in translations._catalog.items() if key}

    assert content(shipped) == content(fresh), MENDS


def test_a_sentence_can_be_filled_in_in_chinese(chinese):
    """A slip in a translation's braces would break the sentence where it is shown."""
    for message in chinese.values():
        for text in strings(message):
            names = [name for name in catalog.fields(text) if name.isidentifier() and "{" in text]
            if names:
                text.format(**dict.fromkeys(names, 1))


def test_fields_are_found_in_both_styles():
    assert catalog.fields("{a} of {b:.2f} {{no}} %(prog)s %s %%") == ["%s", "a", "b", "prog"]


def test_every_sentence_is_marked_where_the_tools_see_it():
    """Inside an f-string a sentence is found by some versions of Python only; beside a literal that is none
    (``_(names["key"])``) the literal would be taken for one."""
    bad = []
    for file in sorted(catalog.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                bad += [
                    f"{file}:{call.lineno}"
                    for call in ast.walk(node)
                    if is_marking(call) and any(map(is_text, call.args))
                ]
            elif is_marking(node):
                strays = [one for one in ast.walk(node) if is_text(one) and one not in node.args]
                bad += [f"{file}:{one.lineno}" for one in strays]
    assert not bad, "\n".join(bad)


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_marking(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "N_", "ngettext")
    )

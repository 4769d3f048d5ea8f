"""The table of hand-made faults fits the code as it is; ``benchmarks/proof_mutants.py`` runs what kills each."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutant_table import Mutant, mistakes, mutants
from proof_mutants import Ended, Faulty, report

TABLE = mutants()


def test_every_fault_can_be_put_into_the_code_and_names_what_kills_it():
    assert [mistake for mutant in TABLE for mistake in mistakes(mutant)] == []


def test_no_fault_stands_there_twice():
    faults = Counter((mutant.file, mutant.source()) for mutant in TABLE)
    assert [file for (file, _source), count in faults.items() if count > 1] == []
    sentences = Counter(map(str, TABLE))
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


DAY = Mutant(
    "budget.py", "no take waits", "NEVER = 9_999_999_999.0", "NEVER = 0.0", ("engine/test_engine_budget.py",)
)


def test_a_fault_is_in_the_one_module_that_is_imported_and_kept_nowhere() -> None:
    finder = Faulty(DAY)
    assert finder.find_spec("sorad.model", None) is None
    spec = finder.find_spec("sorad.budget", None)
    assert spec is not None
    assert spec.loader is not None
    faulty = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(faulty)
    assert faulty.NEVER == 0.0
    from sorad import budget

    assert budget.NEVER > 0.0
    assert "NEVER = 9" in DAY.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "seen"), [(1, True), (0, False), (2, False), (4, False), (5, False), (-11, False)]
)
def test_a_fault_is_seen_only_where_a_test_failed(
    code: int, seen: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not where none ran, or none could be collected."""
    assert report(DAY, Ended(code, 0.1, "words")) is seen
    assert ("NO" in capsys.readouterr().out) is not seen


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"old": "no such text"}, "0 times"),
        ({"old": "NEVER"}, "times"),
        ({"new": "NEVER ="}, "syntax"),
        ({"tests": ("engine/test_engine_budget.py::test_none",)}, "no test"),
        ({"tests": ()}, "equivalent"),
        ({"equivalent": "it is."}, "either"),
    ],
)
def test_an_entry_that_does_not_fit_is_told(members: dict[str, Any], said: str) -> None:
    assert list(mistakes(DAY)) == []
    assert any(said in mistake for mistake in mistakes(replace(DAY, **members)))

"""The table of hand-made faults fits the code as it is; ``benchmarks/proof_mutants.py`` runs what kills each."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutant_table import mistakes, mutants

TABLE = mutants()


def test_every_fault_can_be_put_into_the_code_and_names_what_kills_it():
    assert [mistake for mutant in TABLE for mistake in mistakes(mutant)] == []


def test_no_fault_stands_there_twice():
    faults = Counter((mutant.file, mutant.source()) for mutant in TABLE)
    assert [file for (file, _source), count in faults.items() if count > 1] == []
    sentences = Counter(map(str, TABLE))
    assert [sentence for sentence, count in sentences.items() if count > 1] == []

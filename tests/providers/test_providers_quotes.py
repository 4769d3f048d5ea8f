"""What an error quotes of the prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.providers.creates.quotes import without_quotes

PROMPT = "Model not found in the shop; the clerk shrugs"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("refused", "refused"),
        (f"refused: {PROMPT}", "refused: …"),
        (f"refused: {PROMPT[:20]}...", "refused: …..."),
        (f"'{PROMPT.upper()}' is refused, '{PROMPT[8:30]}' too", "'…' is refused, '…' too"),
        ("model not found", "…"),  # for this prompt alone
        ("model veo-9 not found", "model veo-9 not found"),
    ],
)
def test_quotes_are_left_out(words: str, left: str) -> None:
    assert without_quotes(words, PROMPT) == left


@pytest.mark.parametrize("prompt", ["", "not", "model"])
def test_a_tiny_prompt_is_no_quote(prompt: str) -> None:
    assert without_quotes("model not found", prompt) == "model not found"


@given(st.text(), st.text(), st.text(min_size=6))
def test_a_whole_quote_never_stays(before: str, after: str, prompt: str) -> None:
    told = without_quotes(f"{before}{prompt}{after}", prompt)
    whole = prompt.strip()
    assert (
        len(whole) < 6
        or len(f"{before}{prompt}{after}".lower()) != len(f"{before}{prompt}{after}")
        or whole not in told
    )

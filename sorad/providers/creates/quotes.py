"""What an error quotes of the prompt says nothing of the cause. Pure."""

from __future__ import annotations

_LONGEST = 20_000  # characters that are looked at
_RUN = 12  # so many characters in common are a quote; a shorter prompt is one as a whole
_SHORTEST = 6  # a prompt that is shorter stands by chance in many an error
_LEFT_OUT = "…"


def without_quotes(words: str, prompt: str) -> str:
    """The words of an error, an ellipsis in place of what they quote of the prompt, be it cut or in pieces."""
    words, prompt = words[:_LONGEST], prompt[:_LONGEST].strip()
    size = min(_RUN, len(prompt))
    if size < _SHORTEST:
        return words
    small, runs = words.lower(), _runs(prompt.lower(), size)
    if len(small) != len(words):  # some letters are longer in small: then no place would fit
        return words
    kept, end, start = [], 0, 0
    while start <= len(small) - size:
        if small[start : start + size] not in runs:
            start += 1
            continue
        kept += [words[end:start], _LEFT_OUT]
        start = end = _end_of_quote(small, runs, start, size)
    return "".join([*kept, words[end:]])


def _runs(text: str, size: int) -> frozenset[str]:
    return frozenset(text[at : at + size] for at in range(len(text) - size + 1))


def _end_of_quote(text: str, runs: frozenset[str], start: int, size: int) -> int:
    while text[start + 1 : start + 1 + size] in runs:
        start += 1
    return start + size

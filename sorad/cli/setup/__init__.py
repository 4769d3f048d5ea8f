"""Commands for setting sorad up and checking it."""

"""What a path is called below the folders that are watched."""

from __future__ import annotations

import pytest

from sorad.layout import below


@pytest.mark.parametrize(
    ("path", "roots", "plain", "named"),
    [
        ("/v/ep1/s.json", ["/v"], "ep1/s.json", "v/ep1/s.json"),
        ("/v/ep1/s.json", ["/v/"], "ep1/s.json", "v/ep1/s.json"),
        ("/v/ep1/s.json", ["/v", "/v/ep1"], "s.json", "ep1/s.json"),  # the nearest
        ("/vault/s.json", ["/v"], "/vault/s.json", "/vault/s.json"),
        ("/v/s.json", [], "/v/s.json", "/v/s.json"),
        ("/s.json", ["/"], "s.json", "s.json"),
        ("/v", ["/v"], "/v", "/v"),
    ],
)
def test_below(path, roots, plain, named):
    assert below(path, roots) == plain
    assert below(path, roots, named=True) == named

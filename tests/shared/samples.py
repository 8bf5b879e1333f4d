"""The samples of docs/protocol.md, which the tests of the page read too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support.processes import ROOT

_FENCE = re.compile(
    r"^```(?P<language>json|hex) (?P<label>[^\n]+)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One fenced block: ``label`` is what stands behind the language."""

    language: str
    label: str
    body: str


def samples(language: str, prefix: str = "") -> list[Sample]:
    """Return the samples in one language whose label begins with ``prefix``; never none."""
    text = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    found = [
        Sample(match["language"], match["label"], match["body"].strip())
        for match in _FENCE.finditer(text)
        if match["language"] == language and match["label"].startswith(prefix)
    ]
    assert found, f"docs/protocol.md has no {language} samples {prefix!r}"
    return found


def sample_bytes(label: str) -> bytes:
    """Return the bytes of one ``hex`` sample."""
    (sample,) = samples("hex", label)
    return bytes.fromhex(sample.body)

"""``python -m tests.web.browser.screens``: put the screenshots of the tests into docs/screens.md.

Run it after the browser tests, whose pictures it takes from test-results/; and look at them.
"""

from __future__ import annotations

from PIL import Image

from tests.web.browser.page_server import ROOT

SHOTS = ROOT / "test-results"
SCREENS = ROOT / "docs/images/screens"
WIDTH_PX = 960
BOTH_THEMES = {"listening", "speaking", "offline"}
"""States whose colours are worth to be seen in the dark as well."""
OTHERS = (
    *(
        "live-dark-360",
        "idle-light-360",
        "settings-light-1280",
        "keys-dark-1280",
        "zoom-light-1280",
    ),
    *("details", "keep", "found", "panel", "seeing-light", "sight-light"),
)


def main() -> None:
    """Write each picture anew, small."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    states = {path.stem for path in SHOTS.glob("state-*-*.png")}
    shown = {
        name
        for name in states
        if name.endswith("-light")
        or name.removeprefix("state-").removesuffix("-dark") in BOTH_THEMES
    }
    for name in (*sorted(shown), *OTHERS):
        with Image.open(SHOTS / f"{name}.png") as image:
            image.thumbnail((WIDTH_PX, WIDTH_PX * 2))
            image.save(SCREENS / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()

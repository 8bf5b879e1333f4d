"""The page as it is sent: joined, minified, compressed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from web.bundle import BundleError, bundle
from web.page_files import ENTRIES, INDEX, SCRIPT, STYLE, read_page
from web.settings import WebSettings

STATIC = WebSettings.model_fields["static_dir"].default
DRAWN_BYTES, SCRIPT_BYTES, ALL_BYTES = 12_000, 38_000, 50_000


def test_the_page_is_light() -> None:
    """As sent: what is drawn before any script has come, the script, and all that is ours."""
    sizes = {path: len(file.gzipped) for path, file in read_page(STATIC).items()}

    assert sizes[INDEX] + sizes[STYLE] <= DRAWN_BYTES, sizes
    assert sizes[SCRIPT] <= SCRIPT_BYTES, sizes
    assert sum(sizes.values()) <= ALL_BYTES, sizes


def test_everything_of_one_kind_travels_in_one_file() -> None:
    """No module and no style is sent beside the file that it was joined into."""
    assert set(read_page(STATIC)) == {INDEX, SCRIPT, STYLE, "favicon.svg"}


def _run(
    tmp_path: Path, sources: dict[str, str], entries: dict[str, str] | None = None
) -> list[object]:
    """Run a bundle under Node; return what it prints, a line of JSON each."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    target = tmp_path / "main.mjs"
    target.write_text(
        bundle(sources, entries or {"js/main.js": "true"}, "js/main.js"), encoding="utf-8"
    )
    done = subprocess.run([node, target], capture_output=True, text=True, check=True, cwd=tmp_path)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_joined_modules_do_what_they_did(tmp_path: Path) -> None:
    """Each module runs once, after what it imports, and local names are its own."""
    sources = {
        "js/main.js": (
            "import {\n  two,\n  one,\n} from './a.js';\nimport '../w/b.js';\n"
            "const main = 3;\nconsole.log(JSON.stringify([one, two(), main, runs]));\n"
        ),
        "js/a.js": (
            "const own = 1;\nexport const one = own;\n"
            "export async function three(main) { return main; }\n"
            "export function two() { const main = 2; return main; }\n"
        ),
        "w/b.js": (
            "import { one } from '../js/a.js';\nglobalThis.runs = (globalThis.runs ?? 0) + one;\n"
        ),
    }

    assert _run(tmp_path, sources) == [[1, 2, 3, 1]]


def test_numbers_are_written_out(tmp_path: Path) -> None:
    """A number that a module declares in capitals stands where it is used, and only there."""
    sources = {
        "js/main.js": (
            "import { LEAST } from './a.js';\nconst MOST = 1_000;\n"
            "const own = { LEAST: MOST, MOST: 'MOST' };\n"
            "console.log(JSON.stringify([own.LEAST - LEAST, own.MOST, true ? MOST : LEAST]));\n"
        ),
        "js/a.js": "export const LEAST = -5;\n",
    }

    assert _run(tmp_path, sources) == [[1005, "MOST", 1000]]
    joined = bundle(sources, {"js/main.js": "true"}, "js/main.js")
    assert "const LEAST" not in joined
    assert "const MOST" not in joined


def test_each_entry_runs_where_it_is_started(tmp_path: Path) -> None:
    """Names of one part do not meet those of another; what both need is there for both."""
    sources = {
        "js/main.js": "import { say } from './say.js';\nconst own = 1;\nsay(own);\n",
        "w/other.js": "import { say } from '../js/say.js';\nconst own = 2;\nsay(own);\n",
        "js/say.js": "export const say = (value) => console.log(JSON.stringify(value));\n",
    }

    assert _run(tmp_path, sources, {"js/main.js": "true", "w/other.js": "false"}) == [1]
    assert _run(tmp_path, sources, {"js/main.js": "false", "w/other.js": "true"}) == [2]


def test_an_entry_is_found_in_the_joined_file() -> None:
    """A worker starts with the file that is there; other addresses count from its place."""
    sources = {
        "js/main.js": "import '../w/a.js';\n",
        "w/a.js": (
            "new Worker(new URL('./b.js', import.meta.url));\n"
            "new URL('./a.css', import.meta.url);\n"
        ),
        "w/b.js": "",
    }
    joined = bundle(sources, {"w/b.js": "false", "js/main.js": "true"}, "js/main.js")

    assert "new Worker(import.meta.url);" in joined
    assert "new URL('../w/a.css', import.meta.url);" in joined


A = "const own = 1;\nexport const one = own;\nexport const two = 2;\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import all from './a.js';\n", "cannot be joined"),
        ("import { one as two } from './a.js';\n", "cannot be joined"),
        ("void import('./a.js');\n", "cannot be joined"),
        ("import { two } from './a.js';\nconst own = two;\n", "declares own, as a.js does"),
        ("import * as all from './a.js';\n", "cannot be joined"),
        ("export default 1;\n", "cannot be joined"),
        ("export { one } from './a.js';\n", "cannot be joined"),
        ("export let one = 1;\n", "cannot be joined"),
        ("import { one } from './nowhere.js';\n", "is imported and not there"),
        ("import { one, three } from './a.js';\n", "imports three, not in a.js"),
        ("import { one } from './main.js';\n", "imports itself"),
    ],
)
def test_what_cannot_be_joined_is_refused(source: str, reason: str) -> None:
    """A form that the bundle does not know stops the service instead of breaking the page."""
    with pytest.raises(BundleError, match=reason):
        bundle({"main.js": source, "a.js": A}, {"main.js": "true"}, "main.js")


def test_a_page_without_its_style_is_refused(tmp_path: Path) -> None:
    """A folder that is not the page's is told when the service starts."""
    for entry in ENTRIES:
        (tmp_path / entry).parent.mkdir(exist_ok=True)
        (tmp_path / entry).touch()

    with pytest.raises(BundleError, match=r"css/page\.css: is wanted and not there"):
        read_page(tmp_path)

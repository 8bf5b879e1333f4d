"""The page as it is sent: joined, minified, compressed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from web.bundle import BundleError, bundle
from web.page_files import ENTRIES, read_page
from web.settings import WebSettings

STATIC = WebSettings.model_fields["static_dir"].default
BEGIN_BYTES, CONVERSATION_BYTES, ALL_BYTES = 32_000, 47_500, 55_500
WORKER_SIDE = {"js/media-worker.js", "worklets/worklets.js"}


def test_the_page_is_light() -> None:
    """As sent: what is drawn first, with what a conversation needs, with all that may follow."""
    sizes = {path: len(file.gzipped) for path, file in read_page(STATIC).items()}
    later = {path for path in sizes if path.startswith("js/") and path not in ENTRIES}

    conversation = sum(size for path, size in sizes.items() if path not in later)
    first = conversation - sum(sizes[path] for path in WORKER_SIDE)

    assert first <= BEGIN_BYTES, sizes
    assert conversation <= CONVERSATION_BYTES, sizes
    assert sum(sizes.values()) <= ALL_BYTES, sizes


def test_every_module_travels_in_a_joined_file() -> None:
    """No module is sent beside the files that it was joined into."""
    sent = {path for path in read_page(STATIC) if path.endswith(".js")}
    later = {path for path in sent if path not in ENTRIES}

    assert set(ENTRIES) <= sent
    assert all(f"import('./{Path(path).name}')" in _sources() for path in later)


def _sources() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("js/*.js"))


def _run(tmp_path: Path, sources: dict[str, str], entry: str) -> object:
    """Run a bundle under Node; return what it prints, as JSON."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    for path, text in bundle(sources, [entry]).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    done = subprocess.run(
        [node, tmp_path / entry], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    return json.loads(done.stdout)


def test_joined_modules_do_what_they_did(tmp_path: Path) -> None:
    """Names of one module do not meet those of another, and each module runs once."""
    sources = {
        "js/main.js": (
            "import {\n  two as deux,\n  one,\n} from './a.js';\nimport '../w/b.js';\n"
            "const own = 3;\nconsole.log(JSON.stringify([one, deux(), own, runs]));\n"
        ),
        "js/a.js": "const own = 1;\nexport const one = own;\nexport function two() { return 2; }\n",
        "w/b.js": (
            "import { one } from '../js/a.js';\nglobalThis.runs = (globalThis.runs ?? 0) + one;\n"
        ),
    }

    assert _run(tmp_path, sources, "js/main.js") == [1, 2, 3, 1]


def test_what_is_loaded_later_shares_the_state_of_what_loaded_it(tmp_path: Path) -> None:
    """A module that both files need exists once."""
    sources = {
        "js/main.js": (
            "import { counter } from './counter.js';\ncounter.count += 1;\n"
            "void import('./late.js').then(({ seen }) => {\n"
            "  console.log(JSON.stringify([seen(), counter.count]));\n});\n"
        ),
        "js/late.js": (
            "import { counter } from './counter.js';\nimport { step } from './step.js';\n"
            "export function seen() {\n  counter.count += step;\n  return counter.count;\n}\n"
        ),
        "js/step.js": "export const step = 10;\n",
        "js/counter.js": "export const counter = { count: 0 };\n",
    }

    assert _run(tmp_path, sources, "js/main.js") == [11, 11]
    assert set(bundle(sources, ["js/main.js"])) == {"js/main.js", "js/late.js"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import all from './a.js';\n", "cannot be joined"),
        ("import * as all from './a.js';\n", "cannot be joined"),
        ("export default 1;\n", "cannot be joined"),
        ("export { one } from './a.js';\n", "cannot be joined"),
        ("export let one = 1;\n", "cannot be joined"),
        ("import { one } from './nowhere.js';\n", "is imported and not there"),
        ("import { one, two } from './a.js';\n", "imports two, not in a.js"),
        ("import { one } from './main.js';\n", "imports itself"),
    ],
)
def test_what_cannot_be_joined_is_refused(source: str, reason: str) -> None:
    """A form that the bundle does not know stops the service instead of breaking the page."""
    with pytest.raises(BundleError, match=reason):
        bundle({"main.js": source, "a.js": "export const one = 1;\n"}, ["main.js"])


def test_a_page_without_its_style_is_refused(tmp_path: Path) -> None:
    """A folder that is not the page's is told when the service starts."""
    for entry in ENTRIES:
        (tmp_path / entry).parent.mkdir(exist_ok=True)
        (tmp_path / entry).touch()

    with pytest.raises(BundleError, match=r"css/page\.css: is wanted and not there"):
        read_page(tmp_path)

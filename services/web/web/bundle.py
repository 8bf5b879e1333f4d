"""Joins the page's modules into one file, so that they travel as one and compress as one.

The page is written as ES modules that a browser can load as they stand. Sent that way they are
dozens of requests, each compressed without knowing the others, and a third larger. A full bundler
would need Node wherever the page is served; what these modules use of the language is so little
that this is enough: imports by name or for their effect and named exports, each at the beginning
of a line, and `new URL('./x.js', import.meta.url)` for what a worker or a worklet starts with.
Anything else is refused, never guessed at.

Pure: it reads no file and knows no service.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

_IMPORT = re.compile(
    r"^import (?:\{(\s*[\w$]+(?:\s*,\s*[\w$]+)*,?\s*)\} from )?'(\.[^']+)';\n", re.MULTILINE
)
_DECLARED = re.compile(
    r"^(?:export )?(?:(?:async )?function\*? ?|class |const |let )([A-Za-z_$][\w$]*)", re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:async )?function\b|class |const )", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\s[^\n]*|\bimport\([^)]*\)", re.MULTILINE)
_NUMBER = re.compile(r"^(?:export )?const ([A-Z][A-Z0-9_]*) = (-?[0-9][\w.]*);\n", re.MULTILINE)
_ADDRESS = re.compile(r"\bnew URL\('(\.[^']+)', import\.meta\.url\)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class BundleError(Exception):
    """A module of the page cannot be joined with the others."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(module, reason)
        self.module, self.reason = module, reason

    def __str__(self) -> str:
        return f"{self.module}: {self.reason}"


def bundle(sources: Mapping[str, str], entries: Mapping[str, str], place: str) -> str:
    """Return all that the entries need as one module.

    The page, its worker and its audio worklets load that same file, and each runs its own part:
    what stands once is loaded once. All modules of a part share one scope, so that what one
    takes from another has one name, which a minifier may shorten; no two may therefore declare
    the same name. A number that a module declares in capitals is written out where it is
    used.

    Args:
        sources: Source by path, for instance ``js/main.js``.
        entries: Path of each module that something starts with, and the condition, in
            JavaScript, under which it is this one that is started.
        place: Path where the joined module will be found.

    Raises:
        BundleError: If modules import each other in a circle, declare the same name, import a
            module or a name that is not there, or use a form of import or export other than the
            ones named above.
    """
    sources = {path: _moved(source, path, place, entries) for path, source in sources.items()}
    orders = {entry: list(_in_order(sources, entry)) for entry in entries}
    wanted = Counter(path for order in orders.values() for path in order)
    shared = list(dict.fromkeys(path for order in orders.values() for path in order))
    shared = [path for path in shared if wanted[path] > 1]
    joined = _join(sources, shared, shared)
    for entry, condition in entries.items():
        own = [path for path in orders[entry] if wanted[path] == 1]
        _check_names(sources, [*shared, *own])
        part = _join(sources, own, [*shared, *own])
        joined += f"if({condition})(()=>{{\n{part}}})();\n"
    return f"(()=>{{\n{joined}}})();\n"


def declared(source: str) -> list[str]:
    """Return the names that a module declares for all of itself, exported or not."""
    return _DECLARED.findall(source)


def _check_names(sources: Mapping[str, str], paths: Iterable[str]) -> None:
    """Refuse modules that would take each other's names."""
    owners: dict[str, str] = {}
    for path in paths:
        for name in declared(sources[path]):
            if owners.setdefault(name, path) != path:
                raise BundleError(path, f"declares {name}, as {owners[name]} does")


def _moved(source: str, path: str, place: str, entries: Mapping[str, str]) -> str:
    """Return a module whose addresses count from the place of the joined one."""

    def move(match: re.Match[str]) -> str:
        target = _resolve(path, match[1])
        if target in entries:
            return "import.meta.url"
        return f"new URL('{posixpath.relpath(target, posixpath.dirname(place))}', import.meta.url)"

    return _ADDRESS.sub(move, source)


def _join(sources: Mapping[str, str], paths: list[str], seen: list[str]) -> str:
    """Return modules one after the other, with the numbers of all that they see written out."""
    joined = "".join(_plain(sources, path) for path in paths)
    for name, value in (found for path in seen for found in _NUMBER.findall(sources[path])):
        # No property and no key of that name.
        joined = re.sub(rf"(?<![\w$.'])(?:{name})(?![\w$:'])", f"({value})", joined)
    return joined


def _plain(sources: Mapping[str, str], path: str) -> str:
    """Return a module without its imports, its exports and its numbers."""

    def take(match: re.Match[str]) -> str:
        module = _resolve(path, match[2])
        names = set(re.findall(r"[\w$]+", match[1] or ""))
        missing = names - _exports(sources[module])
        if missing:
            raise BundleError(path, f"imports {', '.join(sorted(missing))}, not in {module}")
        return ""

    body = _EXPORT.sub("", _NUMBER.sub("", _IMPORT.sub(take, sources[path])))
    left_over = _LEFT_OVER.search(_COMMENT.sub("", body))
    if left_over:
        raise BundleError(path, f"cannot be joined because of `{left_over[0].strip()}`")
    return body + "\n"


def _exports(source: str) -> set[str]:
    return set(declared("\n".join(re.findall(r"^export [^\n]*", source, re.MULTILINE))))


def _in_order(sources: Mapping[str, str], entry: str) -> Iterator[str]:
    """Yield ``entry`` and what it needs, each after what it needs itself."""
    done, under_way = set[str](), list[str]()

    def visit(module: str) -> Iterator[str]:
        if module in done:
            return
        if module in under_way:
            raise BundleError(module, f"imports itself by way of {', '.join(under_way)}")
        if module not in sources:
            raise BundleError(module, "is imported and not there")
        under_way.append(module)
        for match in _IMPORT.finditer(sources[module]):
            yield from visit(_resolve(module, match[2]))
        under_way.pop()
        done.add(module)
        yield module

    yield from visit(entry)


def _resolve(path: str, wanted: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), wanted))

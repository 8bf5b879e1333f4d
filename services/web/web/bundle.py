"""Joins the page's modules into few files, so that they travel as one and compress as one.

The page is written as ES modules that a browser can load as they stand. Sent that way they are
dozens of requests, each compressed without knowing the others, and a third larger. A full bundler
would need Node wherever the page is served; what these modules use of the language is so little
that this is enough: imports by name or for their effect and named exports, each at the beginning
of a line, and `import('./x.js')`. Anything else is refused, never guessed at.

Pure: it reads no file and knows no service.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

_IMPORT = re.compile(r"^import (?:\{([^}]*)\} from )?'(\.[^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(
    r"^export ((?:async )?function\*? ?|class |const )([A-Za-z_$][\w$]*)", re.MULTILINE
)
_LEFT_OVER = re.compile(r"^(?:import|export)\s[^\n]*", re.MULTILINE)
_LAZY = re.compile(r"\bimport\('(\.[^']+)'\)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class BundleError(Exception):
    """A module of the page cannot be joined with the others."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(module, reason)
        self.module, self.reason = module, reason

    def __str__(self) -> str:
        return f"{self.module}: {self.reason}"


def bundle(sources: Mapping[str, str], entries: Iterable[str]) -> dict[str, str]:
    """Return each entry, and what it loads later, as one module of that name.

    A module that both an entry and what it loads later need is run once: the later file takes it
    from the entry's.

    Args:
        sources: Source by path, for instance ``js/main.js``.
        entries: Paths of the modules that a page, a worker or an audio worklet starts with.

    Raises:
        BundleError: If modules import each other in a circle, import a module or a name that is
            not there, or use a form of import or export other than the ones named above.
    """
    names = {path: f"${number}" for number, path in enumerate(sorted(sources))}
    bundles = {}
    for entry in entries:
        order = list(_in_order(sources, entry))
        later = {found for path in order for found in _lazy(path, sources[path])}
        parts = {path: list(_in_order(sources, path, (*order,))) for path in sorted(later)}
        lent = {
            wanted
            for path, modules in parts.items()
            for module in modules
            for wanted in _imports(module, sources[module])
            if wanted in order
        }
        exports = ",".join(names[path] for path in sorted(lent))
        body = _join(sources, order, names) + (f"export{{{exports}}};" if exports else "")
        bundles[entry] = body
        for path, modules in parts.items():
            bundles[path] = _later(sources, path, modules, names, entry)
    return bundles


def _later(
    sources: Mapping[str, str], path: str, modules: list[str], names: Mapping[str, str], entry: str
) -> str:
    """Return the file of a module that ``entry`` loads later."""
    wanted = {found for module in modules for found in _imports(module, sources[module])}
    borrowed = ",".join(names[found] for found in sorted(wanted - set(modules)))
    source = posixpath.relpath(entry, posixpath.dirname(path))
    head = f"import{{{borrowed}}}from'./{source}';" if borrowed else ""
    exports = ",".join(_exports(sources[path]))
    tail = f"export const[{exports}]={names[path]};" if exports else ""
    return head + _join(sources, modules, names) + tail


def _join(sources: Mapping[str, str], order: list[str], names: Mapping[str, str]) -> str:
    """Return the modules one after the other, each in a scope of its own."""
    return "".join(_scoped(sources, path, names) for path in order)


def _scoped(sources: Mapping[str, str], path: str, names: Mapping[str, str]) -> str:
    """Return a module as a function that is called at once and returns the list of its exports.

    What one module takes from another is known by its place in that list, so that a minifier may
    shorten every name.
    """

    def take(match: re.Match[str]) -> str:
        if match[1] is None:
            return ""
        module = _resolve(path, match[2])
        local = _wanted(match[1])
        exported = _exports(sources[module])
        missing = local.keys() - set(exported)
        if missing:
            raise BundleError(path, f"imports {', '.join(sorted(missing))}, not in {module}")
        return f"const [{','.join(local.get(name, '') for name in exported)}] = {names[module]};\n"

    body = _EXPORT.sub(r"\1\2", _IMPORT.sub(take, sources[path]))
    left_over = _LEFT_OVER.search(body)
    if left_over:
        raise BundleError(path, f"cannot be joined because of `{left_over[0].strip()}`")
    exports = ",".join(_exports(sources[path]))
    return f"const {names[path]}=(()=>{{\n{body}\nreturn[{exports}]}})();\n"


def _exports(source: str) -> list[str]:
    return [name for _, name in _EXPORT.findall(source)]


def _wanted(names: str) -> dict[str, str]:
    """Return what is imported, with the name that it has where it is used."""
    pairs = (name.split(" as ") for name in re.split(r"\s*,\s*", names.strip()) if name)
    return {pair[0]: pair[-1] for pair in pairs}


def _in_order(sources: Mapping[str, str], path: str, known: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield ``path`` and what it needs, each after what it needs itself, without ``known``."""
    done, under_way = set(known), list[str]()

    def visit(module: str) -> Iterator[str]:
        if module in done:
            return
        if module in under_way:
            raise BundleError(module, f"imports itself by way of {', '.join(under_way)}")
        if module not in sources:
            raise BundleError(module, "is imported and not there")
        under_way.append(module)
        for wanted in _imports(module, sources[module]):
            yield from visit(wanted)
        under_way.pop()
        done.add(module)
        yield module

    yield from visit(path)


def _imports(path: str, source: str) -> list[str]:
    return [_resolve(path, match[2]) for match in _IMPORT.finditer(source)]


def _lazy(path: str, source: str) -> list[str]:
    """Return what a module loads later; types in comments are no imports."""
    return [_resolve(path, found) for found in _LAZY.findall(_COMMENT.sub("", source))]


def _resolve(path: str, wanted: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), wanted))

"""ES modules as one script, put together by following their imports: no npm, no build step.

The modules of `static/` stay as they are for node, eslint and the type checker. For the page, and for a saved page,
each becomes a function of its own, so that names cannot clash, after those that it imports:

    import { a, b as c } from "./x.js";    ->    const { a, b: c } = $1;
    export function f() {}                 ->    function f() {}   and at the end   return { f };

Only the forms that need no more than that are taken (see `_IMPORT` and `_EXPORT`); any other is refused with its file
and line. Exports are values, not live bindings, which is the same as long as nothing exported is reassigned: so
`export let` is refused, and circular imports are. Comments are left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from .script_text import Masked, mask

_NAME = r"[A-Za-z_$][\w$]*"
_IMPORT = re.compile(rf'import\s+(?:\{{(?P<names>[^{{}}]*)\}}|\*\s+as\s+(?P<all>{_NAME}))\s+from\s+"(?P<path>[^"]*)";')
_EXPORT = re.compile(rf"export\s+(?P<kind>const|class|function\*?|async\s+function)\s+(?P<name>{_NAME})")
_IMPORTED = re.compile(rf"(?P<name>{_NAME})(?:\s+as\s+(?P<local>{_NAME}))?")
_KEYWORD = re.compile(r"(?<![\w$.])(?:import|export)(?![\w$])")


class BundleError(Exception):
    """A script of the page has a form that the bundler does not take: the mistake is ours, not a user's."""


@dataclass(frozen=True)
class Import:
    """`import { name as local } from module`, or with `names` None `import * as space from module`."""

    module: str
    line: int
    names: tuple[tuple[str, str], ...] | None  # (name there, name here)
    space: str = ""


@dataclass(frozen=True)
class Module:
    """One file: what it takes from others, what it offers, and what is left of it without those two words."""

    name: str  # path below the folder of all modules, such as "core/dom.js"
    imports: tuple[Import, ...]
    exports: tuple[str, ...]
    body: str


def modules(folder: Traversable, entry: str) -> tuple[Module, ...]:
    """The entry and everything that it imports, directly or not; each module after those that it imports.

    :param folder: that of all modules; no import leads out of it.
    :param entry: path below `folder`, such as "main.js".
    :raises BundleError: for a form that is not supported, a module or a name that does not exist, a circular import.
    """
    done: dict[str, Module] = {}

    def visit(name: str, path: tuple[str, ...], asked: str) -> None:
        if name in path:
            raise BundleError(f"{asked}: circular import, {' -> '.join([*path[path.index(name) :], name])}")
        if name in done:
            return
        module = parse(name, _read(folder, name, asked))
        for one in module.imports:
            visit(one.module, (*path, name), f"{name}, line {one.line}")
            _check(done[one.module], one, name)
        done[name] = module

    visit(entry, (), "the entry")
    return tuple(done.values())


def bundle(found: tuple[Module, ...]) -> str:
    """One expression of what `modules` found; its value has what the last of them, the entry, exports."""
    ids = {module.name: f"${at}" for at, module in enumerate(found)}
    parts = [_wrapped(module, ids) for module in found]
    return "\n".join(["(() => {", '"use strict";', *parts, f"return {ids[found[-1].name]};", "})()"])


def parse(name: str, text: str) -> Module:
    """
    :raises BundleError: for an import or export of a form that is not supported.
    """
    masked = mask(text)
    imports, exports, cuts = [], [], []
    for keyword in _KEYWORD.finditer(masked.code):
        at = keyword.start()
        line = text.count("\n", 0, at) + 1
        where = f"{name}, line {line}"
        if at and text[at - 1] != "\n":
            raise BundleError(f"{where}: {keyword[0]} is taken at the beginning of a line only, as a statement")
        if keyword[0] == "import":
            found = _IMPORT.match(masked.uncommented, at)
            if not found:
                raise BundleError(f'{where}: imports are written import {{ a, b as c }} from "./x.js"; or * as name')
            imports.append(_import(name, line, found))
            cuts.append((at, found.end()))
        else:
            exports.append(_exported(masked, at, where))
            cuts.append((at, at + len("export ")))
    twice = {one for one in exports if exports.count(one) > 1}
    if twice:
        raise BundleError(f"{name}: {', '.join(sorted(twice))} is exported twice")
    return Module(name, tuple(imports), tuple(exports), masked.without(cuts))


def _import(name: str, line: int, found: re.Match[str]) -> Import:
    where = f"{name}, line {line}"
    path = found["path"]
    if not path.startswith(("./", "../")) or not path.endswith(".js"):
        raise BundleError(f'{where}: "{path}" is not the relative path of a .js file')
    module = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if module.startswith("../"):
        raise BundleError(f'{where}: "{path}" leads out of the folder of scripts')
    if found["names"] is None:
        return Import(module, line, None, found["all"])
    names = []
    for part in found["names"].split(","):
        one = _IMPORTED.fullmatch(part.strip())
        if one:
            names.append((one["name"], one["local"] or one["name"]))
        elif part.strip():
            raise BundleError(f"{where}: cannot read the imported name {part.strip()!r}")
    return Import(module, line, tuple(names))


def _exported(masked: Masked, at: int, where: str) -> str:
    found = _EXPORT.match(masked.code, at)
    if not found:
        raise BundleError(f"{where}: exports are written export const, export function or export class, with a name")
    if found["kind"] == "const" and "," in _top_level(masked.code, found.end()):
        raise BundleError(f"{where}: one name to an export const")
    return found["name"]


def _top_level(code: str, start: int) -> Iterator[str]:
    """The signs of a statement that stand outside all brackets."""
    depth = 0
    for sign in code[start:]:
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            if sign == ";":
                return
            yield sign


def _read(folder: Traversable, name: str, asked: str) -> str:
    file = folder.joinpath(*name.split("/"))
    if not file.is_file():
        raise BundleError(f"{asked}: there is no {name}")
    return file.read_text(encoding="utf-8")


def _check(module: Module, one: Import, by: str) -> None:
    missing = [name for name, _ in one.names or () if name not in module.exports]
    if missing:
        raise BundleError(f"{by}, line {one.line}: {module.name} does not export {', '.join(missing)}")


def _wrapped(module: Module, ids: dict[str, str]) -> str:
    taken = []
    for one in module.imports:
        names = [name if name == local else f"{name}: {local}" for name, local in one.names or ()]
        taken.append(f"const {one.space or '{ ' + ', '.join(names) + ' }'} = {ids[one.module]};")
    start = f"const {ids[module.name]} = (() => {{ // {module.name}"
    return "\n".join([start, *taken, module.body.strip(), f"return {{ {', '.join(module.exports)} }};", "})();"])

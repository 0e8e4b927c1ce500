"""ES modules as one script: it does what node makes of the modules themselves; what is not supported is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exbert_hub.app.wire import assets
from exbert_hub.app.wire.bundle import BundleError, bundle, modules, parse
from exbert_hub.app.wire.script_text import mask

STATIC = Path(str(assets.STATIC))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run(*arguments: str) -> str:
    return subprocess.run(["node", *arguments], capture_output=True, text=True, check=True).stdout


FILES = {
    "package.json": '{"type": "module"}',
    "main.js": """// starts
import * as words from "./core/words.js";
import {
  add,
  twice as double,
} from "./core/numbers.js";
import { Counter } from "./view/counter.js";

const secret = "main"; // the same name as elsewhere

export function start() {
  const counter = new Counter(double(add(1, 2)));
  console.log(JSON.stringify([counter.next(), words.greet(`${secret} of ${[1, 2].map((n) => `<${n}>`)}`)]));
}
""",
    "core/numbers.js": """export const add = (a, b) => a + b;
const secret = 2;
/** export const hidden = 1; */
export async function later() {
  return secret;
}
export function* steps() {
  yield secret;
}
export const twice = (n) => secret * n /* a comment, with a comma */;
""",
    "core/words.js": r"""import { add } from "./numbers.js";
export const greet = (name) => `hello ${name}, ${add(20, 22)} // no comment: import { x } from "./y.js"; ${"}"}`;
const slashes = [1 / 2 / 4, "a/b".replace(/\/[`'"]?/g, "import "), /[/]"/.test('/"')]; /* import */
export const all = [slashes, add];
""",
    "view/counter.js": """import { add } from "../core/numbers.js";
const secret = Symbol("view");
export class Counter {
  #count;
  constructor(start) {
    this.#count = start;
    this[secret] = "import.meta";
  }
  next() {
    return add(this.#count, 1);
  }
}
""",
}


def test_the_script_does_what_the_modules_do(tmp_path):
    folder = write(tmp_path, FILES)
    script = bundle(modules(folder, "main.js")) + ".start();"
    native = run("--input-type=module", "--eval", f"(await import({str(folder / 'main.js')!r})).start()")
    assert native == run("--eval", script) and '[7,"hello main of <1>,<2>, 42' in native


def test_each_module_comes_once_and_after_what_it_imports(tmp_path):
    names = [module.name for module in modules(write(tmp_path, FILES), "main.js")]
    assert names == ["core/numbers.js", "core/words.js", "view/counter.js", "main.js"]


def test_comments_are_left_out_and_texts_are_not(tmp_path):
    script = bundle(modules(write(tmp_path, FILES), "main.js"))
    assert "elsewhere" not in script and "hidden" not in script and "/* import */" not in script
    assert '// no comment: import { x } from "./y.js"' in script


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('import x from "./x.js";', "imports are written"),
        ('import "./x.js";', "imports are written"),
        ("import { a } from './x.js';", "imports are written"),
        ('import { a } from "./x.js"', "imports are written"),
        ('import x, { a } from "./x.js";', "imports are written"),
        ('import { "a b" as c } from "./x.js";', "cannot read the imported name"),
        ('import { a } from "x";', "not the relative path of a .js file"),
        ('import { a } from "https://cdn.example/x.js";', "not the relative path of a .js file"),
        ('import { a } from "./x.css";', "not the relative path of a .js file"),
        ('import { a } from "../x.js";', "leads out of the folder"),
        ('const x = await import("./x.js");', "at the beginning of a line only"),
        ("const here = import.meta.url;", "at the beginning of a line only"),
        ("export default 1;", "exports are written"),
        ("export { a };", "exports are written"),
        ('export * from "./x.js";', "exports are written"),
        ("export let a = 1;", "exports are written"),
        ("export var a = 1;", "exports are written"),
        ("export const { a } = b;", "exports are written"),
        ("export const a = [1, 2], b = 2;", "one name to an export const"),
        ("export function () {}", "exports are written"),
    ],
)
def test_other_forms_are_refused_with_file_and_line(text, problem):
    with pytest.raises(BundleError, match=rf"^a\.js, line 3: .*{problem}"):
        parse("a.js", f"// one\n\n{text}\n")


def test_what_looks_like_an_import_in_texts_and_names_is_none():
    text = 'const a = { imports: 1, reexport: "export default" };\nconst b = a.import + `\nimport x\n`; // export\n'
    module = parse("a.js", text)
    assert not module.imports and not module.exports and module.body == text.replace(" // export", "")


def test_what_is_left_out_does_not_join_what_stands_around_it():
    body = parse("a.js", "/* a\n * b\n */\nexport const a = () => {\n  return/* c */1; // d\n\n};\n// e\n").body
    assert body == "const a = () => {\n  return 1;\n\n};\n"
    spaces = "const a = `  \n\n // no comment  \n`;\n"
    assert parse("a.js", spaces).body == spaces


def test_a_circle_is_shown(tmp_path):
    files = {
        "main.js": 'import { a } from "./a.js";\nexport const start = a;\n',
        "a.js": '\nimport { b } from "./b.js";\nexport const a = b;\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = a;\n',
    }
    with pytest.raises(BundleError, match=r"^b\.js, line 1: circular import, a\.js -> b\.js -> a\.js$"):
        modules(write(tmp_path, files), "main.js")


def test_what_does_not_exist_is_named(tmp_path):
    folder = write(
        tmp_path, {"main.js": 'import { a } from "./b.js";\n', "b.js": "export const c = 1;\nconst a = 2;\n"}
    )
    with pytest.raises(BundleError, match=r"^main\.js, line 1: b\.js does not export a$"):
        modules(folder, "main.js")
    (folder / "b.js").unlink()
    with pytest.raises(BundleError, match=r"^main\.js, line 1: there is no b\.js$"):
        modules(folder, "main.js")
    with pytest.raises(BundleError, match=r"a is exported twice"):
        parse("a.js", "export const a = 1;\nexport function a() {}\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a // b\nc", "a c"),
        ("a /* b\nc */ d", "a d"),
        ("a(\"//\", '/*') /* */", "a( , )"),
        ("`a${b}c` / d", "b / d"),
        ("`${`${a}`}` + b", "a + b"),
        ("`${ { a: `}` }.a }` // c", "{ a: }.a"),
        ("a = /[/`]/.test(b) / 2", "a = .test(b) / 2"),
        ("return /'/", "return"),
        ("(a) / b / c", "(a) / b / c"),
        ("`\\`${1}` // c", "1"),
        ("`never closed ${a", "a"),
    ],
)
def test_code_is_told_from_texts_and_comments(text, code):
    found = mask(text)
    assert found.code.split() == code.split()
    for masked in (found.code, found.uncommented):
        assert [len(line) for line in masked.split("\n")] == [len(line) for line in text.split("\n")]


def test_the_page_is_one_script_of_all_its_modules():
    names = {module.name for module in assets.page_modules()}
    assert names == {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}


def test_node_can_read_the_script_of_the_page(tmp_path):
    folder = write(tmp_path, {"page.js": assets.script()})
    assert run("--check", str(folder / "page.js")) == ""


def test_every_style_belongs_to_a_module_or_to_the_whole_page():
    alone = {"theme.css", "core/base.css", "export/shell.css"}
    for path in STATIC.rglob("*.css"):
        assert path.with_suffix(".js").is_file() or path.relative_to(STATIC).as_posix() in alone, path


@pytest.mark.parametrize("name", ["view.css", "evidence.css", "setup.css", "tour.css"])
def test_styles_have_nothing_that_gradio_would_evaluate(name):
    style = assets.style(name)
    assert "${" not in style and "{{" not in style and "</" not in style.replace("%3C/svg", "")


def test_no_line_is_wider_than_119():
    for path in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), *STATIC.rglob("*.ts")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert all(len(line) <= 119 for line in lines) and len(lines) <= 300 + 300 * (path.suffix == ".ts"), path

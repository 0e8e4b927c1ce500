import test from "node:test";
import assert from "node:assert/strict";
import { readSaved, savedHtml, scriptJson } from "../../exbert_hub/app/static/export/saved_page.js";

const BLOCK = '<script type="application/json" id="exb-saved">DATA</script>';
const SHELL = `<html>${BLOCK}<script>"id=\\"exb-saved\\">DATA"</script></html>`;
const nasty = { text: "</script><script>alert(1)</script> <!-- <script> ]]> & $& $' $1 \u2028 \u2029 \" \\ 🦉 שלום" };

test("data cannot end its element, whatever texts it holds", () => {
  const written = scriptJson(nasty);
  assert.doesNotMatch(written, /[<>&\u2028\u2029]/);
  assert.deepEqual(JSON.parse(written), nasty);
});

test("the first place is filled, and nothing else", () => {
  const page = savedHtml(SHELL, nasty);
  const [start, end] = ['id="exb-saved">', "</script>"];
  const at = page.indexOf(start) + start.length;
  assert.deepEqual(JSON.parse(page.slice(at, page.indexOf(end, at))), nasty);
  assert.equal(page.length, SHELL.length - 4 + scriptJson(nasty).length);
  assert.ok(page.endsWith(SHELL.slice(SHELL.indexOf("</script>"))));
});

test("a page without a place is refused", () => assert.throws(() => savedHtml("<html></html>", {})));
test("outside a saved page there is nothing kept", () => assert.equal(readSaved(), null));

import test from "node:test";
import assert from "node:assert/strict";
import saved from "../../exbert_hub/app/static/saved.js";

const SHELL = '<html><script type="application/json" id="exb-saved">DATA</script><script>"id=\\"exb-saved\\">DATA"</script></html>';
const nasty = { text: "</script><script>alert(1)</script> <!-- <script> ]]> & $& $' $1 \u2028 \u2029 \" \\ 🦉 שלום" };

test("data cannot end its element, whatever texts it holds", () => {
  const written = saved.script(nasty);
  assert.doesNotMatch(written, /[<>&\u2028\u2029]/);
  assert.deepEqual(JSON.parse(written), nasty);
});

test("the first place is filled, and nothing else", () => {
  const page = saved.html(SHELL, nasty);
  const [start, end] = ['id="exb-saved">', "</script>"];
  const at = page.indexOf(start) + start.length;
  assert.deepEqual(JSON.parse(page.slice(at, page.indexOf(end, at))), nasty);
  assert.equal(page.length, SHELL.length - 4 + saved.script(nasty).length);
  assert.ok(page.endsWith(SHELL.slice(SHELL.indexOf("</script>"))));
});

test("a page without a place is refused", () => assert.throws(() => saved.html("<html></html>", {})));
test("outside a saved page there is nothing kept", () => assert.equal(saved.kept, null));

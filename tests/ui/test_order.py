"""The page comes up whatever comes first: the script that the components share, or the components."""

from __future__ import annotations

from typing import Any

# The script is there later than the components: it runs when all of them have been started.
_LATE = """(() => {
  const put = Node.prototype.appendChild;
  window.held = [];
  Node.prototype.appendChild = function (node) {
    if (node.tagName === 'SCRIPT' && node.textContent.includes('window.exbert')) {
      window.held.push([this, node]);
      return node;
    }
    return put.call(this, node);
  };
  window.release = () => { for (const [parent, node] of window.held) put.call(parent, node); };
})();"""


def test_components_wait_for_their_script(chromium: Any, site: str) -> None:
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(_LATE)
    page.goto(site)
    page.wait_for_function("document.querySelectorAll('.exb-mount').length === 4 && window.held.length > 0")
    assert page.evaluate("typeof exbert") == "undefined"
    page.evaluate("window.release()")
    page.wait_for_selector("#exb-view [data-drawn]")
    page.wait_for_selector("#exb-evidence .exb-mount *")
    page.wait_for_selector("#exb-setup .exb-mount *")
    assert not errors
    page.close()

// A page saved as one file: writing it, and being it.

const saved = (() => {
  "use strict";
  const PLACE = "DATA";
  const BLOCK = 'id="exb-saved">';
  const NOTE = { title: "This is a saved page", message: "Layers, heads, filters and pictures work here; to run the model or to search again, open exBERT." };

  // JSON that can stand in a script element whatever texts it holds: nothing in it looks like markup.
  function script(data) {
    return JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  }

  // The first block is the one to fill: scripts, which may mention it, come after it.
  function html(shell, data) {
    const place = shell.indexOf(BLOCK) + BLOCK.length;
    if (!shell.startsWith(PLACE, place)) throw new Error("the server sent an unknown page");
    return shell.slice(0, place) + script(data) + shell.slice(place + PLACE.length);
  }

  // What this page was saved with, null where it is not a saved one.
  function read() {
    const block = typeof document === "undefined" ? null : document.getElementById("exb-saved");
    return block && JSON.parse(block.textContent);
  }

  return { html, script, NOTE, kept: read() };
})();

if (typeof module !== "undefined") module.exports = saved;

// A quiet button that opens a short list of things to do; operable as the ARIA pattern "menu button" asks.

const menu = (() => {
  "use strict";
  const { el, fill } = dom;

  // items(): [{label, hint, run}|null], asked for at each opening; null draws a line. run() may return a text, or the
  // promise of one, that is said to the user.
  function button(label, items) {
    const list = el("div.exb-menu-list", { role: "menu", "aria-label": label, hidden: true });
    const open = el("button.exb-menu-button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" }, label);
    const said = el("span.exb-menu-said", { role: "status" });
    const node = el("div.exb-menu", {}, said, open, list);

    const entries = () => [...list.querySelectorAll("[role=menuitem]")];
    const away = (event) => { if (!node.contains(event.target)) close(); };

    function close() {
      list.hidden = true;
      open.setAttribute("aria-expanded", "false");
      document.removeEventListener("pointerdown", away);
    }

    function show(at) {
      fill(list, ...items().map((item) => (item ? el("button.exb-menu-item", { type: "button", role: "menuitem", tabindex: -1, onclick: () => choose(item) },
        el("span", {}, item.label), item.hint ? el("span.exb-hint", {}, item.hint) : null) : el("div.exb-menu-line", { role: "separator" }))));
      list.hidden = false;
      open.setAttribute("aria-expanded", "true");
      document.addEventListener("pointerdown", away);
      entries().at(at)?.focus();
    }

    async function choose(item) {
      close();
      open.focus();
      try {
        say(await item.run());
      } catch (error) {
        say(`That did not work: ${error.message}`);
      }
    }

    function say(text) {
      said.textContent = text ?? "";
      clearTimeout(said.timer);
      said.timer = setTimeout(() => { said.textContent = ""; }, 4000);
    }

    open.onclick = () => (list.hidden ? show(0) : close());
    open.onkeydown = (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      show(event.key === "ArrowDown" ? 0 : -1);
    };
    list.onkeydown = (event) => {
      const all = entries(), at = all.indexOf(document.activeElement);
      const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
      if (event.key === "Escape") { close(); open.focus(); }
      else if (event.key === "Tab") close();
      else if (to !== undefined) all[to].focus();
      else return;
      if (event.key !== "Tab") event.preventDefault();
    };
    return { node, say };
  }

  return { button };
})();

// A text box with suggestions, operable as the ARIA pattern "combobox with listbox popup" asks. Any text may be entered.

const combobox = (() => {
  "use strict";
  const { el, fill } = dom;
  let count = 0;

  // onchoose(text) gets what was picked or typed; options(): [{value, label, hint}], asked for at each opening.
  function box({ label, options, onchoose }) {
    const id = `exb-combo-${count++}`;
    const list = el("div.exb-combo-list", { role: "listbox", id, "aria-label": label, hidden: true });
    const input = el("input.exb-combo-input", {
      type: "text", role: "combobox", "aria-label": label, "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list",
      autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "auto",
    });
    const node = el("div.exb-combo", {}, input, list);
    let current = "", all = [], shown = [], at = -1, typing = false;

    function mark(next) {
      at = next;
      [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
      if (at >= 0) list.children[at].scrollIntoView({ block: "nearest" });
      if (at >= 0) input.setAttribute("aria-activedescendant", `${id}-${at}`);
      else input.removeAttribute("aria-activedescendant");
    }

    function draw(typed) {
      const wanted = typed.trim().toLowerCase();
      shown = all.filter((one) => one.label.toLowerCase().includes(wanted));
      fill(list, ...shown.map((one, i) => el("div.exb-combo-item", { role: "option", id: `${id}-${i}`, onpointerdown: (event) => { event.preventDefault(); choose(one.value, one.label); } },
        el("span", { dir: "auto" }, one.label), one.hint ? el("span.exb-hint", {}, one.hint) : null)));
      list.hidden = !shown.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      mark(-1);
    }

    async function open() {
      if (!list.hidden) return;
      draw("");
      all = await options();
      if (document.activeElement === input) draw(input.value === current ? "" : input.value);
    }

    function close() {
      typing = false;
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.value = current;
    }

    function choose(value, text) {
      close();
      input.value = text;
      onchoose(value);
    }

    input.onfocus = () => { input.select(); };
    input.onclick = open;
    input.oninput = async () => { typing = true; await open(); draw(input.value); };
    input.onblur = close;
    input.onkeydown = (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) return open();
        if (shown.length) mark((at + (event.key === "ArrowDown" ? 1 : shown.length - (at < 0 ? 0 : 1))) % shown.length);
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (at >= 0) choose(shown[at].value, shown[at].label);
        else if (input.value.trim() && input.value !== current) choose(all.find((one) => one.label === input.value.trim())?.value ?? input.value.trim(), input.value.trim());
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    };
    return { node, input, set: (text) => { current = text; if (!typing) input.value = text; input.title = text; } };
  }

  return { box };
})();

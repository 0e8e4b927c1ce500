// A quiet button that opens a short list of things to do; operable as the ARIA pattern "menu button" asks.

/** @import { MenuItem } from "../core/types.js" */

import { el, fill, select } from "../core/dom.js";

const SAID_MS = 4000; // how long the outcome is said

/**
 * @param {string} label
 * @param {() => (MenuItem | null)[]} items - asked for at each opening; null draws a line
 * @returns {{ node: HTMLElement }}
 */
export function menuButton(label, items) {
  const list = el("div.exb-menu-list", { role: "menu", "aria-label": label, hidden: true });
  const attributes = { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" };
  const button = el("button.exb-menu-button", attributes, label);
  const status = el("span.exb-menu-said", { role: "status" });
  const node = el("div.exb-menu", {}, status, button, list);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const entries = () => select(list, "[role=menuitem]");
  const away = (/** @type {Event} */ event) => {
    if (!node.contains(/** @type {Node} */ (event.target))) close();
  };

  function close() {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", away);
  }

  /** @param {number} at - the entry that gets the focus, -1 for the last */
  function open(at) {
    fill(list, ...items().map(line));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", away);
    entries().at(at)?.focus();
  }

  /** @param {MenuItem | null} item */
  function line(item) {
    if (!item) return el("div.exb-menu-line", { role: "separator" });
    return el(
      "button.exb-menu-item",
      { type: "button", role: "menuitem", tabindex: -1, onclick: () => choose(item) },
      el("span", {}, item.label),
      item.hint ? el("span.exb-hint", {}, item.hint) : null,
    );
  }

  /** @param {MenuItem} item */
  async function choose(item) {
    close();
    button.focus();
    try {
      say(await item.run());
    } catch (error) {
      say(`That did not work: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {string | undefined} text */
  function say(text) {
    status.textContent = text ?? "";
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = ""), SAID_MS);
  }

  button.onclick = () => (list.hidden ? open(0) : close());
  button.onkeydown = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowDown" ? 0 : -1);
  };
  list.onkeydown = (event) => {
    const all = entries();
    const at = all.findIndex((entry) => entry === document.activeElement);
    /** @type {Record<string, number>} */
    const targets = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    const to = targets[event.key];
    if (event.key === "Tab") return close();
    if (event.key === "Escape") {
      close();
      button.focus();
    } else if (to !== undefined) all[to].focus();
    else return;
    event.preventDefault();
  };
  return { node };
}

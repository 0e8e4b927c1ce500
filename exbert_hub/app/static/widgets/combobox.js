// A text box with suggestions, operable as the ARIA pattern "combobox with listbox popup" asks. Any text may be
// entered.

import { el, fill } from "../core/dom.js";

/** @typedef {{ value: string, label: string, hint: string }} Suggestion */

let count = 0;

export class Combobox {
  /**
   * @param {{
   *   label: string,
   *   options: () => Promise<Suggestion[]>,
   *   onchoose: (value: string) => void,
   * }} given - options: asked for at each opening; onchoose: gets what was picked or typed
   */
  constructor({ label, options, onchoose }) {
    this.id = `exb-combo-${count++}`;
    this.options = options;
    this.onchoose = onchoose;
    this.list = el("div.exb-combo-list", { role: "listbox", id: this.id, "aria-label": label, hidden: true });
    this.input = el("input.exb-combo-input", {
      type: "text",
      role: "combobox",
      "aria-label": label,
      "aria-controls": this.id,
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      dir: "auto",
      onfocus: () => this.input.select(),
      onclick: () => this.open(),
      oninput: () => this.typed(),
      onblur: () => this.close(),
      onkeydown: (event) => this.key(event),
    });
    this.node = el("div.exb-combo", {}, this.input, this.list);
    this.current = ""; // the text that was set
    /** @type {Suggestion[]} */
    this.all = [];
    /** @type {Suggestion[]} */
    this.shown = [];
    this.at = -1; // which suggestion is marked
    this.typing = false;
  }

  /** @param {string} text */
  set(text) {
    this.current = text;
    if (!this.typing) this.input.value = text;
    this.input.title = text;
  }

  async typed() {
    this.typing = true;
    await this.open();
    this.draw(this.input.value);
  }

  async open() {
    if (!this.list.hidden) return;
    this.draw("");
    this.all = await this.options();
    if (document.activeElement === this.input) {
      this.draw(this.input.value === this.current ? "" : this.input.value);
    }
  }

  close() {
    this.typing = false;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.value = this.current;
  }

  /**
   * @param {string} value
   * @param {string} text - that stands in the box until the choice is set
   */
  choose(value, text) {
    this.close();
    this.input.value = text;
    this.onchoose(value);
  }

  /** @param {string} typed */
  draw(typed) {
    const wanted = typed.trim().toLowerCase();
    this.shown = this.all.filter((one) => one.label.toLowerCase().includes(wanted));
    fill(this.list, ...this.shown.map((one, i) => this.item(one, i)));
    this.list.hidden = !this.shown.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark(-1);
  }

  /**
   * @param {Suggestion} one
   * @param {number} i
   */
  item({ value, label, hint }, i) {
    const onpointerdown = (/** @type {Event} */ event) => {
      event.preventDefault(); // the box keeps the focus
      this.choose(value, label);
    };
    return el(
      "div.exb-combo-item",
      { role: "option", id: `${this.id}-${i}`, onpointerdown },
      el("span", { dir: "auto" }, label),
      hint ? el("span.exb-hint", {}, hint) : null,
    );
  }

  /** @param {number} at */
  mark(at) {
    this.at = at;
    [...this.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) {
      this.list.children[at].scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", `${this.id}-${at}`);
    } else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { length } = this.shown;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open();
      else if (length)
        this.mark((this.at + (event.key === "ArrowDown" ? 1 : length - (this.at < 0 ? 0 : 1))) % length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.enter();
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.close();
    }
  }

  enter() {
    const text = this.input.value.trim();
    if (this.at >= 0) this.choose(this.shown[this.at].value, this.shown[this.at].label);
    else if (text && this.input.value !== this.current) {
      this.choose(this.all.find((one) => one.label === text)?.value ?? text, text);
    }
  }
}

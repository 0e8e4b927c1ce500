// One of several, on or off: rows of buttons, switches, dropdowns.

/** @import { Option } from "../core/types.js" */

import { el, setAttribute } from "../core/dom.js";
import { roving } from "./keyboard.js";

/**
 * A row of buttons of which exactly one is chosen.
 *
 * @template {string | number} Value
 * @param {string} label
 * @param {Option<Value>[]} options
 * @param {Value | null} chosen
 * @param {(value: Value) => void} onchange
 */
export function segmented(label, options, chosen, onchange) {
  const group = el("div.exb-segmented", { role: "radiogroup", "aria-label": label });
  const buttons = options.map(({ value, label: name, title, gap }) => {
    const onclick = () => onchange(value);
    const attributes = { type: "button", role: "radio", title, "data-gap": gap, "data-value": String(value), onclick };
    return el("button", attributes, name);
  });
  group.append(...buttons);
  const select = (/** @type {Value | null} */ value) => {
    buttons.forEach((button, i) => setAttribute(button, "aria-checked", String(options[i].value === value)));
    const at = options.findIndex((option) => option.value === value);
    roving(group, buttons, Math.max(0, at));
  };
  select(chosen);
  return { node: group, select, buttons };
}

/**
 * @param {string} label
 * @param {string} title
 * @param {(on: boolean) => void} onchange
 */
export function toggle(label, title, onchange) {
  const onclick = () => onchange(node.getAttribute("aria-checked") !== "true");
  const knob = el("span.exb-knob", { "aria-hidden": "true" });
  const node = el(
    "button.exb-switch",
    { type: "button", role: "switch", title, onclick },
    knob,
    el("span", {}, label),
  );
  return { node, set: (/** @type {boolean} */ on) => setAttribute(node, "aria-checked", String(on)) };
}

/**
 * @param {string} label
 * @param {Option<string>[]} options
 * @param {string} chosen
 * @param {(value: string) => void} onchange
 * @returns {HTMLSelectElement}
 */
export function dropdown(label, options, chosen, onchange) {
  const choices = options.map(({ value, label: name }) => el("option", { value, selected: value === chosen }, name));
  const onselect = () => onchange(select.value);
  const select = el("select.exb-select", { "aria-label": label, onchange: onselect }, ...choices);
  return select;
}

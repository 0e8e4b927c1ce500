// Moving the focus with the arrow keys: one tab stop for a row or a table of items.

import { setAttribute, targetOf } from "../core/dom.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/**
 * One tab stop for a row or column of items; the arrow keys move among them.
 *
 * @param {HTMLElement} container
 * @param {HTMLElement[]} items
 * @param {number} [current] - the item that Tab leads to
 */
export function roving(container, items, current = 0) {
  items.forEach((item, i) => setAttribute(item, "tabindex", i === current ? "0" : "-1"));
  container.onkeydown = (event) => {
    const item = targetOf(event).closest("[tabindex]");
    const at = items.findIndex((one) => one === item);
    if (at < 0) return;
    const step = STEPS[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : step ? at + step : -1;
    if (next < 0 || next >= items.length) return;
    event.preventDefault();
    moveFocus(items[at], items[next]);
  };
}

/**
 * One tab stop for a table of cells; the arrow keys go through rows and columns.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement[][]} rows
 */
export function walkTable(event, rows) {
  const step = DIRECTIONS[event.key];
  const target = targetOf(event);
  const row = rows.findIndex((cells) => cells.includes(target));
  if (!step || row < 0) return;
  event.preventDefault();
  const line = rows[row + step[0]];
  const next = line?.[Math.min(line.length - 1, rows[row].indexOf(target) + step[1])];
  if (next) moveFocus(target, next);
}

/**
 * @param {HTMLElement} from
 * @param {HTMLElement} to
 */
function moveFocus(from, to) {
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

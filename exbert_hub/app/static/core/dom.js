// Small helpers around the DOM. Text reaches the page through text nodes only, never as HTML.

/** @import { Attributes, Child } from "./types.js" */

/**
 * el("button.exb-chip", { type: "button", onclick }, "text", child): attributes, listeners and children in one call.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag | `${Tag}.${string}`} selector - tag and classes
 * @param {Attributes} [attributes] - "on…" is a listener, `style` an object of properties; false and null are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style")
      for (const [key, setting] of Object.entries(value)) node.style.setProperty(key, setting);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...present(children));
  return /** @type {HTMLElementTagNameMap[Tag]} */ (node);
}

/**
 * @param {Element} node
 * @param {...Child} children - instead of those that it has
 */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
}

/**
 * As `fill`; what had the focus is found again by its name, as far as it is still there and can take it.
 *
 * @param {HTMLElement} node
 * @param {...Child} children
 */
export function refill(node, ...children) {
  const name = (/** @type {HTMLElement} */ one) => one.getAttribute("aria-label") ?? one.dataset.value;
  const active = focusWithin(node);
  const focused = active ? name(active) : null;
  fill(node, ...children);
  if (focused === null) return;
  const able = select(node, "[aria-label], [data-value]").filter((one) => !("disabled" in one && one.disabled));
  const stops = able.filter((one) => one.tabIndex >= 0);
  (stops.find((one) => name(one) === focused) ?? stops[0])?.focus();
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  return children.filter((child) => child !== null && child !== undefined);
}

/**
 * An attribute that is written only where it is another: each writing makes the browser style, lay out and paint
 * again.
 *
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * As `setAttribute`, for a text.
 *
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * As `setAttribute`, for a property of the style.
 *
 * @param {HTMLElement} node
 * @param {string} name
 * @param {string} value
 */
export function setStyle(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/**
 * @param {ParentNode} node
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function select(node, selector) {
  return [...node.querySelectorAll(selector)].map((one) => /** @type {HTMLElement} */ (one));
}

/**
 * What an event happened at.
 *
 * @param {Event} event
 * @returns {HTMLElement}
 */
export function targetOf(event) {
  return /** @type {HTMLElement} */ (event.target);
}

/**
 * What an event happened at, or the nearest element around it that fits.
 *
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest(event, selector) {
  return targetOf(event).closest?.(selector) ?? null;
}

/**
 * What has the focus, as far as it is in `node`.
 *
 * @param {Node} node
 * @returns {HTMLElement | null}
 */
export function focusWithin(node) {
  return node.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
}

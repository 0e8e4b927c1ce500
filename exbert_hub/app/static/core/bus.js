// What the components of one page tell each other.

/** @import { PageEvents } from "./types.js" */

/**
 * @template {keyof PageEvents} Name
 * @param {EventTarget} bus
 * @param {Name} name
 * @param {PageEvents[Name]} detail
 */
export function emit(bus, name, detail) {
  bus.dispatchEvent(new CustomEvent(name, { detail }));
}

/**
 * @template {keyof PageEvents} Name
 * @param {EventTarget} bus
 * @param {Name} name
 * @param {(detail: PageEvents[Name]) => void} handle
 */
export function listen(bus, name, handle) {
  bus.addEventListener(name, (event) => handle(/** @type {CustomEvent<PageEvents[Name]>} */ (event).detail));
}

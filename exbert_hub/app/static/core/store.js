// The state of the page with its subscribers. The only place that touches the address bar.

/** @import { AllLayersQuery, Entry, Listener, SearchQuery, State, WriteAddress } from "./types.js" */

import { FIELDS, fromQuery, same, toQuery } from "./state.js";

// Between two changes that are not one rush: longer than a held key repeats, shorter than two clicks take.
const CALM_MS = 40;

export class Store {
  /** @param {State} values */
  constructor(values) {
    this.values = values;
    /** @type {number[]} heads per layer of the model on the page */
    this.heads = [];
    /** @type {SearchQuery | null} the query of the latest search, for a component that mounts after it */
    this.searched = null;
    /** @type {AllLayersQuery | null} the same for all layers */
    this.profiled = null;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {WriteAddress | null} */
    this.address = null;
  }

  /** @param {Listener} listener */
  subscribe(listener) {
    this.listeners.add(listener);
  }

  /**
   * @param {Partial<State>} patch
   * @param {Entry} [entry] - "push" for a step that the back button should undo, "replace" for a small one, "none" for
   *   the address's own
   */
  set(patch, entry = "push") {
    const names = /** @type {(keyof State)[]} */ (Object.keys(patch));
    const changed = names.filter((name) => !same(this.values[name], patch[name]));
    if (!changed.length) return;
    this.values = { ...this.values, ...patch };
    if (entry !== "none" && this.address) this.address(toQuery(this.values), entry);
    for (const listener of this.listeners) listener(this.values, changed);
  }
}

/**
 * Writes as it is told, but of a rush (a key held down, a slider dragged) only the first and, once it is over, the
 * last: a browser takes milliseconds for each new address and refuses them when there are too many.
 *
 * @param {WriteAddress} write
 * @param {number} [calm] - ms
 * @returns {WriteAddress & { forget(): void }}
 */
export function debounced(write, calm = CALM_MS) {
  let last = -Infinity;
  /** @type {{ query: string, entry: Entry } | null} */
  let pending = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const flush = () => {
    if (pending) write(pending.query, pending.entry);
    pending = null;
  };
  /** @type {WriteAddress} */
  const calmly = (query, entry) => {
    const rush = performance.now() - last < calm;
    last = performance.now();
    pending = { query, entry: pending?.entry === "push" ? "push" : entry };
    clearTimeout(timer);
    if (rush) timer = setTimeout(flush, calm);
    else flush();
  };
  const forget = () => {
    pending = null;
  };
  return Object.assign(calmly, { forget });
}

/**
 * Ties a store to the address bar, both ways. Parameters that are not ours (Gradio's __theme) stay.
 *
 * @param {Store} store
 * @param {(values: State) => void} onReturn - the back or forward button was used
 */
export function bindAddress(store, onReturn) {
  const write = debounced((query, entry) => {
    const foreign = [...new URLSearchParams(location.search)].filter(([name]) => !Object.hasOwn(FIELDS, name));
    const search = [new URLSearchParams(foreign).toString(), query].filter(Boolean).join("&");
    const method = entry === "push" ? "pushState" : "replaceState";
    history[method](null, "", search ? `?${search}` : location.pathname);
  });
  store.address = write;
  window.addEventListener("popstate", () => {
    write.forget();
    onReturn(fromQuery(location.search));
  });
}

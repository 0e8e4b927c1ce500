// Starting a search, here or at all layers: the evidence does it, see `PageEvents`.

/** @import { Readiness } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */
/** @import { Messages } from "./messages.js" */
/** @import { Present } from "./search_readiness.js" */

import { emit } from "../core/bus.js";
import { allLayersQuery, searchQuery } from "../core/requests.js";
import { readiness, readinessForAll } from "./search_readiness.js";

export class Searches {
  /**
   * @param {Store} store
   * @param {EventTarget} bus
   * @param {Messages} messages
   * @param {() => Present} present
   */
  constructor(store, bus, messages, present) {
    this.store = store;
    this.bus = bus;
    this.messages = messages;
    this.present = present;
  }

  /** @returns {Readiness} */
  ready() {
    return readiness(this.store.values, this.present());
  }

  /** @returns {Readiness} */
  readyForAll() {
    return readinessForAll(this.store.values, this.present());
  }

  search() {
    const ready = this.ready();
    if (!ready.can) return this.refuse(ready);
    this.messages.clear();
    this.start();
    this.store.set({ search: true, filter: "" });
  }

  start() {
    const query = searchQuery(this.store.values, this.store.heads);
    this.store.searched = query;
    emit(this.bus, "search", query);
  }

  searchAll() {
    const ready = this.readyForAll();
    if (!ready.can) return this.refuse(ready);
    this.store.set({ profile: this.store.values.profile || "pos" });
    const query = allLayersQuery(this.store.values, this.store.heads);
    this.store.profiled = query;
    emit(this.bus, "profile", query);
  }

  /** @param {Readiness} ready - not */
  refuse({ why }) {
    this.messages.say({ title: "Nothing to search yet", message: `${why}.` });
  }

  /**
   * Searches again what a link or the back button searched for.
   *
   * @param {{ search?: boolean, profile?: string }} wanted
   * @returns {string[]} what could not be searched, and why
   */
  bringBack({ search, profile }) {
    const ready = this.ready();
    if (search && ready.can) this.start();
    if (profile && this.readyForAll().can) this.searchAll();
    return search && !ready.can ? [`Nothing was searched: ${ready.why}.`] : [];
  }
}

// What the user set, as one flat object that lives in the URL. Pure functions plus a store with subscribers; the store
// is the only place that touches the address bar.

const state = (() => {
  "use strict";

  const CALM_MS = 40; // between two changes that are not one rush: longer than a held key repeats, shorter than two clicks

  // How each field is written into the URL: [default, to text, from text]. A field at its default is left out.
  const text = ["", String, String];
  const flag = (fallback) => [fallback, (v) => (v ? "1" : "0"), (t) => t === "1"];
  const choice = (...options) => [options[0], String, (t) => (options.includes(t) ? t : options[0])];
  const integer = (fallback) => [fallback, String, (t) => (/^-?\d+$/.test(t) ? Number(t) : fallback)];
  const positions = (t) => (t === "none" ? [] : t.split(",").filter((p) => /^\d+$/.test(p)).map(Number));
  const heads = (t) => t.split(",").filter((p) => /^\d+-\d+$/.test(p)).map((p) => p.split("-").map(Number));
  const FIELDS = {
    model: text,
    index: text,
    text: [null, String, String],
    pair: text,
    stack: choice("", "encoder", "decoder", "cross"),
    mask: [[], (v) => v.join(","), positions],
    token: integer(null),
    side: choice("from", "to"),
    layer: [null, String, (t) => (t === "emb" ? "emb" : /^\d+$/.test(t) ? Number(t) : null)],
    heads: [null, (v) => (v.length ? v.join(",") : "none"), positions], // null: all heads
    hide: flag(true),
    top: integer(70),
    words: flag(false), // whether the pieces of a word are shown as one
    window: [[], (v) => v.join(","), positions], // of a long text: the piece it begins with, for cross-attention on either side; []: nobody chose
    by: choice("embedding", "heads"),
    click: flag(false),
    search: flag(false), // whether results are on the page, so that a link brings them back
    match: ["pos", String, String], // label of each histogram
    attended: ["pos", String, String],
    next: ["pos", String, String],
    colour: ["pos", String, String], // label that the context strip is coloured by
    direction: choice("out", "in"),
    span: integer(1), // the context strip shows offsets -span..span
    grid: flag(false), // whether all heads are shown at once
    mode: choice("attention", "norms", "rollout"), // what the curves show
    ablate: [[], (v) => v.map((one) => one.join("-")).join(","), heads], // silenced heads, [layer, head] each
    compare: choice("", "mask", "heads", "text", "model", "lens"), // what the picked token is compared with
    against: text, // the other sentence, or the other model
    profile: text, // label of the bars of all layers, "" while they are closed
    finder: text, // "measure:direction:label" of the heat map of heads, "" while it is closed
    head: text, // of whose page is open, as in "5-9"
    embed: flag(false), // whether that page is all there is to see
    filter: text, // "of:field:label" of the bar that filters the results
  };
  const AFRESH = { token: null, window: [], layer: null, heads: null, search: false, profile: "", filter: "", head: "", embed: false }; // with another model
  const MAX_SPAN = 9; // neighbours on either side, each a cell of every result
  const DEFAULTS = Object.fromEntries(Object.entries(FIELDS).map(([name, [fallback]]) => [name, fallback]));

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  function toQuery(values) {
    const query = new URLSearchParams();
    for (const [name, [fallback, write]] of Object.entries(FIELDS)) {
      if (!same(values[name] ?? fallback, fallback)) query.set(name, write(values[name]));
    }
    return query.toString();
  }

  function fromQuery(search) {
    const query = new URLSearchParams(search);
    const values = structuredClone(DEFAULTS);
    for (const [name, [, , read]] of Object.entries(FIELDS)) if (query.has(name)) values[name] = read(query.get(name));
    return values;
  }

  // Brings a state within what the model and the sentence have, and says what had to be changed.
  // heads: heads per layer, 0 where a layer has no attention; from, to: number of pieces on either side.
  function clamp(values, { heads, from, to }) {
    const notes = [];
    const fixed = { ...values };
    const last = heads.length - 1;
    const middle = Math.floor(heads.length / 2);
    if (fixed.layer === null) fixed.layer = Math.max(middle, heads.findIndex((count, layer) => count && layer >= middle));
    if (fixed.layer !== "emb" && fixed.layer > last) {
      notes.push(`This model has layers 0 to ${last}; layer ${fixed.layer} was asked for, ${last} is shown.`);
      fixed.layer = last;
    }
    const count = fixed.layer === "emb" ? Math.max(...heads) : heads[fixed.layer];
    if (fixed.heads !== null && fixed.heads.some((head) => head >= count)) {
      const gone = fixed.heads.filter((head) => head >= count);
      if (count) notes.push(`Layer ${fixed.layer} has heads 0 to ${count - 1}; ${gone.join(", ")} left out.`);
      fixed.heads = fixed.heads.filter((head) => head < count);
      if (!fixed.heads.length) fixed.heads = null;
    }
    for (const [name, most, what] of [["top", 100, "The share of attention"], ["span", MAX_SPAN, "The number of neighbours"]]) {
      const within = Math.min(most, Math.max(0, fixed[name]));
      if (within !== fixed[name]) notes.push(`${what} is 0 to ${most}; ${fixed[name]} was asked for, ${within} is shown.`);
      fixed[name] = within;
    }
    if (fixed.window.some((token, i) => token >= (i ? to : from))) {
      notes.push(`The text has no piece ${fixed.window.join(", ")} for a window to begin with; its end is shown.`);
      fixed.window = fixed.window.map((token, i) => Math.min(token, (i ? to : from) - 1));
    }
    const pieces = fixed.side === "from" ? from : to;
    if (fixed.token !== null && (fixed.token < 0 || fixed.token >= pieces)) {
      notes.push(`The text has ${pieces} pieces; piece ${fixed.token} does not exist, none is picked.`);
      fixed.token = null;
    }
    return { values: fixed, notes };
  }

  // What the attention view asks for.
  function request({ model, index, text, pair, stack, mask, mode, ablate }) {
    return { model, index, text, pair, stack, mask, mode, ablate };
  }

  // What a search asks for; results whose query differs from the page's are stale. perLayer: heads per layer.
  function query(values, perLayer) {
    const chosen = values.heads ?? Array.from({ length: perLayer[values.layer] ?? 0 }, (_, head) => head);
    return {
      model: values.model, index: values.index, text: values.text, pair: values.pair, mask: values.mask,
      token: values.token, by: values.by, layer: values.layer,
      heads: values.layer === "emb" ? [] : chosen, ablate: values.ablate,
    };
  }

  class Store {
    constructor(values) {
      this.values = values;
      this.heads = []; // per layer of the model on the page
      this.searched = null; // the query of the latest search, for a component that mounts after it
      this.listeners = new Set();
      this.address = null;
    }

    subscribe(listener) {
      this.listeners.add(listener);
    }

    // entry: "push" for a step that the back button should undo, "replace" for a small one, "none" for the URL's own.
    set(patch, entry = "push") {
      const changed = Object.keys(patch).filter((name) => !same(this.values[name], patch[name]));
      if (!changed.length) return;
      this.values = { ...this.values, ...patch };
      if (entry !== "none" && this.address) this.address(toQuery(this.values), entry);
      for (const listener of this.listeners) listener(this.values, changed);
    }
  }

  // One question to the server at a time, and after it only the latest. Gradio's own "always_last" would call again
  // without the event's data.
  class Asker {
    constructor(send, patience = 60_000) {
      this.send = send;
      this.patience = patience; // ms after which a lost answer no longer holds up the next question
      this.wanted = null;
      this.flying = null;
    }

    ask(question) {
      this.wanted = question;
      if (this.flying && performance.now() - this.since < this.patience) return;
      this.flying = question;
      this.since = performance.now();
      this.send(question);
    }

    // Whether an answer is the one that is wanted; if not, the wanted question goes out now.
    answers(question) {
      this.flying = null;
      if (this.wanted === null || same(question, this.wanted)) {
        this.wanted = null;
        return true;
      }
      this.ask(this.wanted);
      return false;
    }
  }

  // Writes as it is told, but of a rush (a key held down, a slider dragged) only the first and, once it is over, the last:
  // a browser takes milliseconds for each new address and refuses them when there are too many.
  function unhurried(write, calm = CALM_MS) {
    let last = -Infinity, waiting = null, timer;
    const flush = () => {
      if (waiting) write(waiting.query, waiting.entry);
      waiting = null;
    };
    const told = (query, entry) => {
      const rush = performance.now() - last < calm;
      last = performance.now();
      waiting = { query, entry: waiting?.entry === "push" ? "push" : entry };
      clearTimeout(timer);
      if (rush) timer = setTimeout(flush, calm);
      else flush();
    };
    told.forget = () => { waiting = null; };
    return told;
  }

  // Ties a store to the address bar, both ways. Parameters that are not ours (Gradio's __theme) stay.
  function bindAddress(store, onReturn) {
    store.address = unhurried((query, entry) => {
      const foreign = [...new URLSearchParams(location.search)].filter(([name]) => !Object.hasOwn(FIELDS, name));
      const search = [new URLSearchParams(foreign).toString(), query].filter(Boolean).join("&");
      history[entry === "push" ? "pushState" : "replaceState"](null, "", search ? `?${search}` : location.pathname);
    });
    window.addEventListener("popstate", () => {
      store.address.forget();
      onReturn(fromQuery(location.search));
    });
  }

  return {
    AFRESH, DEFAULTS, FIELDS, MAX_SPAN, toQuery, fromQuery, clamp, request, query, same, Store, Asker, bindAddress, unhurried,
  };
})();

if (typeof module !== "undefined") module.exports = state;

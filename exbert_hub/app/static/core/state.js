// What the user set, as one flat object that lives in the address: its fields, how each is written there, and what is
// possible with the model and the text on the page. Pure functions.

/** @import { Field, HeadPlace, Side, State } from "./types.js" */

export const MAX_SPAN = 9; // neighbours on either side, each a cell of every result

/** @type {Field<string>} */
const TEXT = { initial: "", write: String, read: String };

/**
 * @param {boolean} initial
 * @returns {Field<boolean>}
 */
const flag = (initial) => ({ initial, write: (on) => (on ? "1" : "0"), read: (text) => text === "1" });

/**
 * @template {string} Option
 * @param {...Option} options - the first is the initial one
 * @returns {Field<Option>}
 */
const choice = (...options) => ({
  initial: options[0],
  write: String,
  read: (text) => options.find((option) => option === text) ?? options[0],
});

/**
 * @template {number | null} Initial
 * @param {Initial} initial
 * @returns {Field<number | Initial>}
 */
const integer = (initial) => ({
  initial,
  write: String,
  read: (text) => (/^-?\d+$/.test(text) ? Number(text) : initial),
});

/**
 * @param {string} text
 * @returns {number[]}
 */
const readPositions = (text) =>
  text === "none"
    ? []
    : text
        .split(",")
        .filter((one) => /^\d+$/.test(one))
        .map(Number);

/** @type {Field<number[]>} */
const POSITIONS = { initial: [], write: (positions) => positions.join(","), read: readPositions };

/**
 * @param {string} text - "5-9,6-0"
 * @returns {HeadPlace[]}
 */
function readHeads(text) {
  /** @type {HeadPlace[]} */
  const places = [];
  for (const [, layer, head] of text.matchAll(/(?<![^,])(\d+)-(\d+)(?![^,])/g))
    places.push([Number(layer), Number(head)]);
  return places;
}

/**
 * @param {string} text
 * @returns {State["layer"]}
 */
const readLayer = (text) => (text === "emb" ? "emb" : /^\d+$/.test(text) ? Number(text) : null);

/**
 * How each field is written into the address. A field at its initial value is left out.
 *
 * @type {{ [Name in keyof State]: Field<State[Name]> }}
 */
export const FIELDS = {
  model: TEXT,
  index: TEXT,
  text: { initial: null, write: String, read: String },
  pair: TEXT,
  stack: choice("", "encoder", "decoder", "cross"),
  mask: POSITIONS,
  token: integer(null),
  side: choice("from", "to"),
  layer: { initial: null, write: String, read: readLayer },
  heads: { initial: null, write: (heads) => (heads?.length ? heads.join(",") : "none"), read: readPositions },
  hide: flag(true),
  top: integer(70),
  words: flag(false),
  window: POSITIONS,
  by: choice("embedding", "heads"),
  click: flag(false),
  search: flag(false),
  match: { ...TEXT, initial: "pos" },
  attended: { ...TEXT, initial: "pos" },
  next: { ...TEXT, initial: "pos" },
  colour: { ...TEXT, initial: "pos" },
  direction: choice("out", "in"),
  span: integer(1),
  grid: flag(false),
  mode: choice("attention", "norms", "rollout"),
  ablate: { initial: [], write: (places) => places.map((one) => one.join("-")).join(","), read: readHeads },
  compare: choice("", "mask", "heads", "text", "model", "lens"),
  against: TEXT,
  profile: TEXT,
  finder: TEXT,
  head: TEXT,
  embed: flag(false),
  filter: TEXT,
};

/** @type {Partial<State>} with another model */
export const AFRESH = {
  token: null,
  window: [],
  layer: null,
  heads: null,
  search: false,
  profile: "",
  filter: "",
  head: "",
  embed: false,
};

/** @type {State} */
export const DEFAULTS = /** @type {any} */ (
  Object.fromEntries(Object.entries(FIELDS).map(([name, { initial }]) => [name, initial]))
);

/**
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean} whether both are the same JSON
 */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * @param {State} values
 * @returns {string} what stands behind the question mark of the address
 */
export function toQuery(values) {
  const query = new URLSearchParams();
  for (const [name, field] of entries()) {
    const value = values[name] ?? field.initial;
    if (!same(value, field.initial)) query.set(name, field.write(value));
  }
  return query.toString();
}

/**
 * @param {string} search - of the address
 * @returns {State}
 */
export function fromQuery(search) {
  const query = new URLSearchParams(search);
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const [name, field] of entries()) {
    const text = query.get(name);
    values[name] = text === null ? structuredClone(field.initial) : field.read(text);
  }
  return /** @type {State} */ (/** @type {unknown} */ (values));
}

/** @returns {[keyof State, Field<any>][]} */
function entries() {
  return /** @type {[keyof State, Field<any>][]} */ (Object.entries(FIELDS));
}

/**
 * How many heads a layer has: none of the input embeddings.
 *
 * @param {number[]} perLayer
 * @param {State["layer"]} layer
 * @returns {number}
 */
export function headsAt(perLayer, layer) {
  return typeof layer === "number" ? (perLayer[layer] ?? 0) : 0;
}

/**
 * Brings a state within what the model and the text have, and says what had to be changed.
 *
 * @param {State} values
 * @param {{ heads: number[] } & Record<Side, number>} limits - heads per layer, 0 where a layer has no attention;
 *   number of pieces on either side
 * @returns {{ values: State, notes: string[] }}
 */
export function clamp(values, { heads, from, to }) {
  /** @type {string[]} */
  const notes = [];
  const fixed = { ...values };
  const last = heads.length - 1;
  const middle = Math.floor(heads.length / 2);
  const withHeads = heads.findIndex((count, layer) => count > 0 && layer >= middle);
  fixed.layer ??= Math.max(middle, withHeads);
  if (fixed.layer !== "emb" && fixed.layer > last) {
    notes.push(`This model has layers 0 to ${last}; layer ${fixed.layer} was asked for, ${last} is shown.`);
    fixed.layer = last;
  }
  const count = fixed.layer === "emb" ? Math.max(...heads) : heads[fixed.layer];
  if (fixed.heads?.some((head) => head >= count)) {
    const gone = fixed.heads.filter((head) => head >= count);
    if (count) notes.push(`Layer ${fixed.layer} has heads 0 to ${count - 1}; ${gone.join(", ")} left out.`);
    fixed.heads = fixed.heads.filter((head) => head < count);
    if (!fixed.heads.length) fixed.heads = null;
  }
  fixed.top = within(fixed.top, 100, "The share of attention", notes);
  fixed.span = within(fixed.span, MAX_SPAN, "The number of neighbours", notes);
  if (fixed.window.some((token, i) => token >= (i ? to : from))) {
    const places = fixed.window.join(", ");
    notes.push(`The text has no piece ${places} for a window to begin with; its end is shown.`);
    fixed.window = fixed.window.map((token, i) => Math.min(token, (i ? to : from) - 1));
  }
  const pieces = fixed.side === "from" ? from : to;
  if (fixed.token !== null && (fixed.token < 0 || fixed.token >= pieces)) {
    notes.push(`The text has ${pieces} pieces; piece ${fixed.token} does not exist, none is picked.`);
    fixed.token = null;
  }
  return { values: fixed, notes };
}

/**
 * @param {number} value
 * @param {number} most
 * @param {string} name
 * @param {string[]} notes - gets a line where the value is another
 * @returns {number} 0 to `most`
 */
function within(value, most, name, notes) {
  const fixed = Math.min(most, Math.max(0, value));
  if (fixed !== value) notes.push(`${name} is 0 to ${most}; ${value} was asked for, ${fixed} is shown.`);
  return fixed;
}

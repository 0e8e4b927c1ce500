// The shapes of the state and of what is drawn of it; those of what travels are in `messages.d.ts`, by the same door.
// Types only; nothing here reaches a page.

import type { IndexInfo, InspectMessage, Inspection, LayerSummary, ModelInfo, Piece, Prediction } from "./messages.js";

export * from "./messages.js";

export type Child = Node | string | null | undefined;

type Handlers = { [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => void };
export interface Attributes extends Handlers {
  style?: Record<string, string | number>;
  [name: string]: any;
}

// --- the page -------------------------------------------------------------------------------------------------------

/** What Gradio gives a component beside its element. A saved page has no server. */
export interface Host<Server = unknown> {
  props: { value: string };
  trigger(name: string, data: object): void;
  watch(property: "value", changed: () => void): void;
  server?: Server;
  upload?(file: File): Promise<{ path: string }>;
}

/** What the components tell each other, by the name of the event. */
export interface PageEvents {
  text: { text: string; pair: string };
  search: SearchQuery;
  profile: AllLayersQuery;
  go: number | "emb";
  shown: { request: InspectRequest; facts: ModelInfo; index: IndexInfo | null };
}

/** An entry of a menu; null draws a line. `run` may return, or promise, a text that is said to the user. */
export interface MenuItem {
  label: string;
  hint: string;
  run(): string | Promise<string>;
}

export interface Option<Value> {
  value: Value;
  label: string;
  title?: string;
  gap?: boolean; // shown as something that is not there
}

export interface Tooltip {
  show(anchor: Element, ...content: Child[]): void;
  hide(): void;
  text(): string;
}

// --- the state ------------------------------------------------------------------------------------------------------

export type Side = "from" | "to";
export type LayerNumber = number | "emb";
export type HeadPlace = [layer: number, head: number];
export type AttentionKind = "attention" | "norms" | "rollout";
export type SearchBy = "embedding" | "heads";
export type Comparison = "" | "mask" | "heads" | "text" | "model" | "lens";

/** What the user set. The names are those of the address, which links depend on. */
export interface State {
  model: string; // "": the page's own
  index: string;
  text: string | null;
  pair: string;
  stack: "" | "encoder" | "decoder" | "cross";
  mask: number[]; // positions of pieces
  token: number | null; // position of the picked piece
  side: Side; // where it was picked
  layer: LayerNumber | null; // null: nobody chose yet
  heads: number[] | null; // null: all heads
  hide: boolean; // whether special tokens are left out
  top: number; // percent of the attention that is drawn
  words: boolean; // whether the pieces of a word are shown as one
  window: number[]; // of a long text: the piece it begins with, of cross-attention on either side; []: nobody chose
  by: SearchBy;
  click: boolean; // whether a click searches
  search: boolean; // whether results are on the page, so that a link brings them back
  match: string; // label of each histogram
  attended: string;
  next: string;
  colour: string; // label that the context cells are coloured by
  direction: "out" | "in";
  span: number; // the context cells show offsets -span..span
  grid: boolean; // whether all heads are shown at once
  mode: AttentionKind; // what the curves show
  ablate: HeadPlace[]; // silenced heads
  compare: Comparison; // what the picked token is compared with
  against: string; // the other sentence, or the other model
  profile: string; // label of the bars of all layers, "" while they are closed
  finder: string; // "measure:direction:label" of the heat map of heads, "" while it is closed
  head: string; // of whose page is open, as in "5-9"
  embed: boolean; // whether that page is all there is to see
  filter: string; // "of:field:label" of the bar that filters the results
}

export interface Field<Value> {
  initial: Value;
  write(value: Value): string;
  read(text: string): Value;
}

export type Entry = "push" | "replace" | "none";
export type Listener = (values: State, changed: (keyof State)[]) => void;
export type WriteAddress = (query: string, entry: Entry) => void;
export type SetState = (patch: Partial<State>, entry?: Entry) => void;

export type InspectRequest = Pick<State, "model" | "index" | "text" | "pair" | "stack" | "mask" | "mode" | "ablate">;
export type SearchQuery = Pick<
  State,
  "model" | "index" | "text" | "pair" | "mask" | "token" | "by" | "layer" | "ablate"
> & { heads: number[] };
export type AllLayersQuery = SearchQuery;

// --- the attention view ---------------------------------------------------------------------------------------------

/** What one row of the figure shows: a piece, or the pieces of a word. */
export interface Unit extends Piece {
  start: number; // position of its first piece
  end: number; // behind its last one
}

/** The same with what there is to show. */
export type InspectionMessage = InspectMessage & { facts: ModelInfo; index: IndexInfo | null; inspection: Inspection };

export interface CodedLayer {
  codes: Uint8Array; // [H, N, M]
  heads: number;
  rows: number;
  cols: number;
  scale?: number;
}

/** A layer of which perhaps only the shape is here. */
export type KnownLayer = Omit<CodedLayer, "codes"> & { codes?: Uint8Array };

export interface AttentionLayer {
  values: Float32Array; // [H, N, M]
  heads: number;
  rows: number;
  cols: number;
}

export interface Edges {
  from: number[];
  to: number[];
  weight: number[];
  count: number;
  max: number;
}

export interface Leaving {
  before: number;
  after: number;
}

/** A unit of one side. */
export interface Place {
  side: Side;
  token: number;
}

export type Sides<Value> = Record<Side, Value>;

export interface HeadMatrix {
  values: Float32Array; // [N, H]
  max: number;
}

/** Why there is nothing to draw. */
export interface Overlay {
  text: string;
  busy?: boolean;
  again?: boolean; // whether it can be tried again
}

/** Units of each side: all that are visible, and those of the window. */
export interface Frame {
  units: Sides<Unit[]>;
  all: Sides<number[]>;
  shown: Sides<number[]>;
  start: Sides<number>;
  marks: Sides<Map<number, string>>;
  windowed: boolean;
}

/** What the figure draws. */
export interface Scene extends Frame {
  rows: number[];
  cols: number[];
  pinned: Place | null;
  focus: Place | null;
  overlay: Overlay | null;
  causal: boolean;
  hovered: number | null; // a head
  edges: Edges;
  leaving: Leaving;
  matrix: Sides<HeadMatrix>;
  heads: number;
  active: Set<number>;
  shade: { values: Float32Array; max: number } | null;
  means: Sides<Float32Array> | null;
  rowHeight?: number; // px, set by the figure
  cell?: number; // px
}

/** What is said of the unit in focus. */
export interface Described {
  text: string;
  note: string;
  predictions: Prediction[] | null;
  before: Prediction[] | null;
}

export interface Readiness {
  can: boolean;
  why: string; // not
  scope: string; // what a search would search
  index: boolean;
}

// --- the evidence ---------------------------------------------------------------------------------------------------

export type Of = "match" | "max_attention" | "next";

/** Characters of a text, the last one not included. */
export type Span = [start: number, end: number];

export interface Filter {
  of: Of;
  field: string;
  label: string;
}

// --- all layers, comparisons ----------------------------------------------------------------------------------------

/** A part of a stacked bar; without a label it is what the named ones leave. */
export interface BarPart {
  label: string | null;
  count: number | null;
  share: number;
  base_rate: number | null;
  lift: number | null;
  q?: number;
  low?: number;
  high?: number;
  significant?: boolean;
}

export interface BarRow {
  layer: LayerNumber;
  total: number;
  words: LayerSummary["words"];
  parts: BarPart[];
}

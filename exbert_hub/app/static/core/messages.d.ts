// What travels between the page and the server. The names are those of `wire/requests.py` and `wire/responses/`, where
// `NoticeJson` is the `Notice` here; `tests/js/schema.test.js` compares their fields. Types only.

import type {
  AllLayersQuery,
  AttentionKind,
  Comparison,
  InspectRequest,
  LayerNumber,
  Of,
  SearchBy,
  SearchQuery,
  Span,
} from "./types.js";

export interface Notice {
  title: string;
  message: string;
}

/** What a server function answers, read. */
export type Answer<Content> = (Content & { notice?: undefined }) | { notice: Notice };

/** What a request or an answer is about. */
export interface Scope {
  model: string; // "": the page's own
  index: string;
}

/** Sent once, in front of the page's script. */
export interface Constants {
  request: Record<string, any>; // names of the fields of an `InspectRequest` in order, with their defaults
  query: Record<string, any>; // the same of a `SearchQuery`
  all_layers_up_to: number; // pieces; of a longer text the page asks for the attention layer by layer
  thumbnail: number; // cells on a side of a small picture of a head
  level: number; // of significance
}

// --- what the server is asked ---------------------------------------------------------------------------------------

export interface InspectEvent {
  request: InspectRequest;
  restore: boolean; // whether a link or the back button is being followed
  switched: boolean; // whether it is about another model or index than the one on the page
}

export interface SearchEvent {
  query: SearchQuery;
}

export interface AcceptEvent {
  request: InspectRequest | null;
}

export interface TableRequest {
  query: SearchQuery;
  format: string;
}

export interface ProfileRequest {
  query: AllLayersQuery;
  field: string;
}

export interface AttentionRequest {
  request: InspectRequest;
  layer: number;
}

export interface ThumbnailsRequest {
  request: InspectRequest;
  rows: number[];
  cols: number[];
}

export interface CompareRequest {
  kind: Exclude<Comparison, "">; // "lens" has a function of its own
  against: string; // the other sentence, or the other model
  field: string;
  query: SearchQuery;
}

export interface LensRequest {
  query: SearchQuery;
}

export interface HeadsRequest extends Scope {
  measure: string;
  label: string;
  direction: string;
}

export interface HeadRequest extends Scope {
  head: string;
}

export interface HeadExamplesRequest extends HeadRequest {
  measure: string;
  label: string;
  direction: string;
}

export interface BuildKeyRequest {
  key: string; // whoever knows it began the build
}

export interface BuildRequest extends BuildKeyRequest {
  model: string;
  kind: string;
  corpus: string;
  annotator: string;
  limit: number; // sentences
  split: string;
  column: string;
}

export interface PlaceRequest {
  ticket: string;
}

export interface Nothing {}

/** The server functions of the evidence, which the attention view asks too. A call that is lost answers undefined. */
export interface EvidenceServer {
  table(request: TableRequest): Called<ResultsFile>;
  profile(request: ProfileRequest): Called<AllLayers>;
  attention(request: AttentionRequest): Called<SentLayer>;
  thumbnails(request: ThumbnailsRequest): Called<Thumbnails>;
  shell(request: Nothing): Called<SavedShell>;
  compare(request: CompareRequest): Called<SideBySide>;
  lens(request: LensRequest): Called<Lens>;
  heads(request: HeadsRequest): Called<HeadMap>;
  head_examples(request: HeadExamplesRequest): Called<HeadExamples>;
  head(request: HeadRequest): Called<HeadReport>;
  place(request: PlaceRequest): Called<LinePosition>;
}

/** The server functions of the bar at the top. */
export interface SetupServer {
  models(request: Nothing): Called<Suggestions>;
  indexes(request: Scope): Called<Indexes>;
  annotators(request: Nothing): Called<Annotators>;
  building(request: BuildKeyRequest): Called<BuildStatus>;
  prepare(request: BuildRequest): Called<BuildStatus>;
  build(request: BuildKeyRequest): Called<BuildStatus>;
  cancel(request: BuildKeyRequest): Called<BuildStatus>;
}

type Called<Content> = Promise<Answer<Content> | undefined>;

// --- the attention view ---------------------------------------------------------------------------------------------

export interface ModelInfo {
  model: string;
  name: string;
  architecture: string;
  kind: "masked" | "causal" | "seq2seq" | "encoder";
  heads: number[]; // per layer
  size: number;
}

export interface IndexInfo {
  corpus: string;
  demo: boolean;
  model: string;
  pieces: number;
  sentences: number;
  annotator: string;
  labels: string[];
  layers: Record<SearchBy, LayerNumber[]>;
}

export interface Piece {
  text: string;
  original: string; // what stands behind a mask
  special: boolean;
  masked: boolean;
  segment: number; // 0, or 1 for the second text of a pair
}

export interface Prediction {
  text: string;
  probability: number;
}

/** A layer as it travels: its attention in `data`, or on demand where there is too much of it. */
export interface SentLayer {
  heads: number;
  rows: number;
  cols: number;
  data?: string; // base64
  scale?: number; // of norms: the largest of the layer
}

/** What the model computed for a text: one stack of it. */
export interface Inspection {
  stack: string;
  stacks: string[];
  main: string;
  from: Piece[];
  to: Piece[] | null;
  words: Words;
  mode: AttentionKind;
  modes: Record<string, string>; // why a kind of attention is not available
  heads: number[];
  layers: (SentLayer | null)[];
  predictions: Prediction[][] | null; // of each piece
  before: Prediction[][] | null; // of silenced heads: the same with all heads
  predicts: "next" | "here" | "none";
  causal: boolean;
}

export interface Words {
  from: WordStart[];
  to?: WordStart[];
}

export interface WordStart {
  start: number;
  text: string;
}

/** What the server sends the attention view. */
export interface InspectMessage {
  request: InspectRequest;
  asked?: InspectRequest;
  loading?: Loading;
  notice?: Notice | null;
  note?: string;
  facts?: ModelInfo;
  index?: IndexInfo | null;
  inspection?: Inspection | null;
}

/** A model that is not there yet. */
export interface Loading {
  model: string;
  seconds: number;
}

/** Small pictures of the heads of a layer. */
export interface HeadThumbnails {
  heads: number;
  height: number;
  width: number;
  data: string; // base64
}

export interface Thumbnails {
  layers: (HeadThumbnails | null)[];
}

// --- the evidence ---------------------------------------------------------------------------------------------------

/** A label with its share of the results and its base rate in the corpus. */
export interface Bar {
  label: string;
  count: number;
  share: number;
  base_rate: number;
  lift: number | null; // null: the base never shows it
  q: number;
  low: number; // of the 95 % interval of the share
  high: number;
  significant: boolean;
}

export interface Summary {
  total: number;
  bars: Bar[];
}

export interface Match {
  score: number;
  row: number;
  sentence: number;
  position: number;
  attended: number | null;
  offset: number | null;
  text: string;
  offsets: Span[];
  labels: number[]; // of each piece: a row of `Results.rows`, -1 where it has no labels
  out: number[] | null; // stored attention out of the match, and into it
  into: number[] | null;
}

export interface Results {
  query: SearchQuery;
  token: QueryToken;
  seconds: number;
  left_out: Record<string, number>;
  labels: string[]; // names of the columns of `rows`
  rows: string[][];
  matches: Match[];
  summaries: Partial<Record<Of, Record<string, Summary>>>;
  snippets: Snippets;
}

export interface QueryToken {
  text: string;
  masked: boolean;
}

/** The search as code. */
export interface Snippets {
  python: string;
  command: string;
}

export interface ResultsFile {
  name: string;
  data: string; // base64
}

export interface SavedShell {
  html: string;
}

export interface Offer {
  repo: string;
  corpus: string;
  pieces: number;
  bytes: number;
  others: string[];
  model: string;
}

/** What the server sends the evidence. */
export interface EvidenceMessage {
  query?: SearchQuery;
  scope: Scope;
  index: IndexInfo | null;
  results: Results | null;
  notice?: Notice | null;
  offer: Offer | null;
  how?: BuildHints;
}

/** How to build an index elsewhere. */
export interface BuildHints {
  cli: string;
  python: string;
}

export interface LayerSummary {
  layer: LayerNumber;
  total: number;
  bars: Bar[];
  words: WordCount[];
}

export interface WordCount {
  word: string;
  count: number;
}

export interface AllLayers {
  word: string;
  masked: boolean;
  layers: LayerSummary[];
}

// --- comparisons ----------------------------------------------------------------------------------------------------

export interface LayerOverlap {
  layer: LayerNumber;
  rbo: number;
  jaccard: number;
  shared: number;
  cka: number | null;
  chance: number | null;
}

export interface AttentionDifference {
  tokens: string[][];
  layers: (string | null)[]; // signed codes, base64
  shift: (number[] | null)[]; // per layer and head
  mean_of_heads: boolean;
}

export interface SideBySide {
  sides: string[];
  models: string[];
  k: number;
  layers: LayerOverlap[];
  profiles: LayerSummary[][];
  predictions: Prediction[][];
  attention: AttentionDifference | null;
  no_attention: string;
}

export interface Lens {
  layers: Prediction[][];
}

// --- heads ----------------------------------------------------------------------------------------------------------

export interface Column {
  measure: string;
  label: string;
  direction: string;
}

export interface HeadScore {
  name: string;
  layer: number;
  head: number;
  value: number;
  baseline: number;
  excess: number;
  lift: number | null;
  n: number;
  q: number | null;
  significant: boolean | null; // null: not tested
}

export interface ColumnScore extends HeadScore, Column {}

export interface HeadMap {
  columns: Column[];
  chosen: Column;
  grid: (HeadScore | null)[][];
  best: HeadScore[];
}

export interface HeadExample {
  text: string;
  source: Span;
  target: Span | null;
  attention: number;
}

export interface HeadExamples {
  examples: HeadExample[];
}

export interface PieceLink {
  source: number;
  target: number;
}

export interface Edge extends PieceLink {
  weight: number;
}

export interface HeadSentence {
  text: string;
  strength: number;
  offsets: Span[];
  special: (string | null)[]; // names of special tokens, null for the others
  strongest: PieceLink | null;
  edges: Edge[];
}

export interface HeadBucket {
  low: number;
  high: number;
  count: number;
  sentences: HeadSentence[];
}

export interface DistanceBin {
  low: number;
  high: number;
  before: number;
  behind: number;
}

export interface TopLabel {
  label: string;
  share: number;
  base_rate: number;
  lift: number;
}

export interface HeadPattern {
  self_attention: number;
  previous: number;
  entropy: number;
  distance: number;
  distance_variance: number;
}

export interface HeadReport {
  name: string;
  layer: number;
  head: number;
  pattern: HeadPattern;
  induction: number | null;
  no_induction: string;
  distances: DistanceBin[];
  queries: Record<string, TopLabel[]>;
  keys: Record<string, TopLabel[]>;
  scores: ColumnScore[];
  buckets: HeadBucket[];
  sentences_read: number;
  sentences: number;
}

// --- the bar at the top, builds, the line ---------------------------------------------------------------------------

/** What visitors may do. */
export interface Allowances {
  own: string;
  models: boolean;
  folders: boolean;
  build: boolean;
  max_sentences: number;
  max_upload: number; // MB
  uploads: string[];
}

export interface ModelSuggestion {
  id: string;
  hint: string;
}

export interface Suggestions {
  models: ModelSuggestion[];
}

export interface ListedIndex {
  name: string; // on the page
  corpus: string;
  pieces: number;
}

export interface Indexes {
  indexes: ListedIndex[];
}

export interface Annotators {
  annotators: string[];
}

/** How far a build is. */
export interface BuildStatus {
  phase: string;
  busy: boolean;
  mine: boolean; // whether this browser may build and cancel
  model: string;
  model_name: string;
  corpus: string;
  done: number;
  total: number | null;
  rate: number | null;
  left: number | null; // seconds
  estimate: string;
  message: string;
  index: string;
}

/** Where a request stands in the line. */
export interface LinePosition {
  ahead: number | null;
}

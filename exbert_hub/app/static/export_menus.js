// What can be taken away, as entries of the two "Export" menus.

/** @import { EvidenceServer, MenuItem, Results, Scene } from "./core/types.js" */
/** @import { Evidence } from "./evidence/evidence.js" */
/** @import { Layers } from "./figure/layers.js" */
/** @import { View } from "./view/view.js" */

import { nameOfHeads } from "./core/ablation.js";
import { answered } from "./core/answers.js";
import { copy, download } from "./export/files.js";
import { savedHtml } from "./export/saved_page.js";
import { NAMES, nameOfLayers } from "./figure/captions.js";
import { figureSvg, pngOf } from "./figure/figure_svg.js";
import { decodeBase64 } from "./maths/coding.js";

/** @type {Record<string, { type: string, hint: string }>} */
const TABLES = {
  csv: { type: "text/csv", hint: "CSV" },
  json: { type: "application/json", hint: "JSON" },
  parquet: { type: "application/vnd.apache.parquet", hint: "Parquet" },
};

/**
 * @typedef {{ server: EvidenceServer, data: () => unknown, layers: Layers }} WholePage
 * what a saved page is made of, and who can write one
 */

/**
 * @param {Promise<any>} promise - of a server function
 * @returns {Promise<any>} its answer; a notice is thrown, for the menu to say
 */
async function contentOf(promise) {
  const answer = await answered(promise);
  if (answer.notice) throw new Error(answer.notice.message);
  return answer;
}

/**
 * @param {View} view
 * @returns {string} the figure as an SVG
 */
function drawing({ shown, facts, figure, store }) {
  const { scene } = figure;
  if (!shown || !facts || !scene) throw new Error("there is no figure yet");
  if (scene.overlay?.busy || scene.overlay?.again) throw new Error(scene.overlay.text);
  const { hide, top, words } = store.values;
  const unit = words ? "word" : "piece";
  const { text, pair, ablate } = shown.request;
  const kind = NAMES[shown.mode];
  const title = [
    `${facts.name} · `,
    shown.stacks.length > 1 ? `${shown.stack}, ` : "",
    shown.mode === "rollout" ? `layer ${store.values.layer}` : nameOfChoice(store.values),
    shown.mode === "attention" ? "" : `, ${kind}`,
    ablate.length ? `, without ${nameOfHeads(ablate)}` : "",
  ];
  const note = [
    `Curves: the strongest ${top}% of each ${unit}'s ${kind}`,
    hide ? ", special tokens hidden" : "",
    words ? "; to a word: sum over its pieces, from a word: mean" : "",
    `. Cells: mean ${kind} out of (left) and into (right) each ${unit}, per head. `,
    windowNote(scene, unit),
    "Drawn with exBERT.",
  ];
  const said = pair ? `${text} ‖ ${pair}` : String(text);
  return figureSvg(scene, scene.units, { title: title.join(""), text: said, note: note.join("") });
}

/**
 * @param {View["store"]["values"]} values
 * @returns {string}
 */
function nameOfChoice({ layer, heads }) {
  if (layer === "emb") return "input embeddings";
  if (heads === null) return `layer ${layer}, all heads`;
  return `layer ${layer}, ${heads.length ? `head${heads.length > 1 ? "s" : ""} ${heads.join(", ")}` : "no head"}`;
}

/**
 * @param {Scene} scene
 * @param {string} unit
 * @returns {string}
 */
function windowNote({ windowed, start, rows, all, leaving }, unit) {
  if (!windowed) return "";
  const shown = `${unit}s ${start.from + 1} to ${start.from + rows.length} of ${all.from.length}`;
  return `Shown are ${shown}; ${leaving.before + leaving.after} links lead out of this window. `;
}

/**
 * @param {View} view
 * @param {string} suffix
 * @returns {string} name of a file
 */
function pictureName({ store }, suffix) {
  const { layer, heads } = store.values;
  return `exbert-attention-${layer}${heads ? `-${heads.slice(0, 16).join("-")}` : ""}.${suffix}`;
}

/**
 * @param {View} view
 * @param {WholePage | null} page - null where it cannot be saved
 * @returns {MenuItem[]}
 */
export function viewItems(view, page) {
  const svg = () => download(pictureName(view, "svg"), drawing(view), "image/svg+xml");
  const png = async () => download(pictureName(view, "png"), await pngOf(drawing(view)), "image/png");
  return [
    { label: "Picture", hint: "SVG", run: svg },
    { label: "Picture", hint: "PNG", run: png },
    ...pageItems(page),
  ];
}

/**
 * @param {Evidence} evidence
 * @param {EvidenceServer | undefined} server
 * @param {WholePage | null} page
 * @returns {(MenuItem | null)[]}
 */
export function evidenceItems({ results }, server, page) {
  const tables = results && server ? Object.keys(TABLES).map((format) => tableItem(results, server, format)) : [];
  const groups = [tables, results ? copyItems(results) : [], pageItems(page)].filter((group) => group.length);
  return groups.flatMap((group, i) => (i ? [null, ...group] : group));
}

/**
 * @param {Results} results
 * @param {EvidenceServer} server
 * @param {string} format
 * @returns {MenuItem}
 */
function tableItem({ query }, server, format) {
  const { type, hint } = TABLES[format];
  const run = async () => {
    const { name, data } = await contentOf(server.table({ query, format }));
    return download(name, decodeBase64(data), type);
  };
  return { label: "Results", hint, run };
}

/**
 * @param {Results} results
 * @returns {MenuItem[]}
 */
const copyItems = ({ snippets }) => [
  { label: "Copy as Python", hint: "", run: () => copy(snippets.python, "Python") },
  { label: "Copy as command", hint: "CLI", run: () => copy(snippets.command, "the command") },
];

/**
 * @param {WholePage | null} page
 * @returns {MenuItem[]}
 */
function pageItems(page) {
  if (!page) return [];
  const run = async () => {
    const { html } = await contentOf(page.server.shell({}));
    const said = download("exbert.html", savedHtml(html, page.data()), "text/html");
    const here = page.layers.here();
    const all = page.layers.heads.filter(Boolean).length;
    return here.length < all ? `${said} with ${nameOfLayers(here)}: open others first to take them along` : said;
  };
  return [{ label: "Whole page", hint: "HTML, works offline", run }];
}

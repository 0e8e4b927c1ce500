// What a build needs to know: which corpus, who annotates it, how much of it.

/** @import { Allowances } from "../core/types.js" */

import { el, fill } from "../core/dom.js";
import { segmented } from "../widgets/choices.js";

const MOST = 2000; // sentences that are proposed
const AUTOMATIC = "automatic: gold where there is some, else English";

/** @typedef {"demo" | "upload" | "hub" | "folder"} CorpusKind */

export class BuildForm {
  /**
   * @param {Allowances} may
   * @param {{ changed: () => void, kindChosen: (kind: CorpusKind) => void }} on - changed: the form is to be drawn
   *   anew
   */
  constructor(may, on) {
    this.may = may;
    this.on = on;
    /** @type {CorpusKind} */
    this.kind = "demo";
    const input = (/** @type {string} */ type, /** @type {object} */ attributes) =>
      el("input.exb-input", { type, ...attributes });
    const limit = { min: 1, max: may.max_sentences, value: Math.min(MOST, may.max_sentences) };
    this.inputs = {
      hub: input("text", {
        placeholder: "owner/name, or owner/name:configuration",
        "aria-label": "Hub id of the dataset",
        spellcheck: "false",
      }),
      split: input("text", { placeholder: "train", "aria-label": "Split" }),
      column: input("text", { placeholder: "text", "aria-label": "Text column" }),
      folder: input("text", {
        placeholder: "/home/me/book.txt, or a folder",
        "aria-label": "Path of the file or folder",
        spellcheck: "false",
      }),
      file: input("file", { accept: may.uploads.join(","), "aria-label": "File to send" }),
      limit: input("number", { ...limit, "aria-label": "Sentences at most" }),
      annotator: el("select.exb-select", { "aria-label": "Annotator", onchange: () => on.changed() }),
      language: input("text", { value: "en", maxlength: 3, size: 3, "aria-label": "Code of the language" }),
    };
  }

  get hasAnnotators() {
    return this.inputs.annotator.options.length > 0;
  }

  /** @param {string[]} annotators */
  setAnnotators(annotators) {
    const options = [["", AUTOMATIC], ...annotators.map((name) => [name, name]), ["blank", "words only, no labels"]];
    fill(this.inputs.annotator, ...options.map(([value, label]) => el("option", { value }, label)));
  }

  /** @returns {File | undefined} that is to be sent */
  get file() {
    return this.inputs.file.files?.[0];
  }

  // What the server is asked to prepare; the path of a file that was sent takes the place of `corpus`.
  order() {
    const { kind, inputs } = this;
    const corpus = kind === "hub" ? inputs.hub.value : kind === "folder" ? inputs.folder.value : "";
    const { value } = inputs.annotator;
    const chosen = value === "blank" ? `blank:${inputs.language.value}` : value;
    return {
      kind,
      corpus,
      annotator: kind === "demo" ? "" : chosen,
      limit: Number(inputs.limit.value),
      split: inputs.split.value,
      column: inputs.column.value,
    };
  }

  /** @returns {(HTMLElement | null)[]} */
  draw() {
    const { inputs, kind, may } = this;
    const row = (/** @type {string} */ label, /** @type {(HTMLElement | null)[]} */ ...content) =>
      el("label.exb-field", {}, el("span.exb-label", {}, label), ...content);
    const hint = el("span.exb-hint", {}, `UTF-8 text or CoNLL-U, up to ${may.max_upload} MB`);
    const language = inputs.annotator.value === "blank" ? inputs.language : null;
    const columns = el("div.exb-build-row", {}, row("Split", inputs.split), row("Text column", inputs.column));
    return [
      el("div.exb-field", {}, el("span.exb-label", {}, "Corpus"), this.kinds()),
      kind === "hub" ? row("Dataset", inputs.hub) : null,
      kind === "hub" ? columns : null,
      kind === "upload" ? row("File", inputs.file, hint) : null,
      kind === "folder" ? row("Path", inputs.folder) : null,
      kind === "demo" ? null : row("Annotator", inputs.annotator, language),
      row("Sentences at most", inputs.limit),
    ];
  }

  kinds() {
    /** @type {{ value: CorpusKind, label: string }[]} */
    const kinds = [
      { value: "demo", label: "Demo's own" },
      { value: "upload", label: "File" },
      { value: "hub", label: "Hub dataset" },
    ];
    if (this.may.folders) kinds.push({ value: "folder", label: "Folder" });
    return segmented("Corpus", kinds, this.kind, (value) => {
      this.kind = value;
      this.on.kindChosen(value);
    }).node;
  }
}

// Building an index from the page. The build lives on the server; this asks how far it is and shows it, for whoever looks.

const building = (() => {
  "use strict";
  const { el, fill, segmented } = dom;
  const SOON = 700, LATER = 10_000; // ms between two looks at a build, and at whether there is one
  const number = (count) => Math.round(count).toLocaleString("en");

  function duration(seconds) {
    return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
  }

  // A build in words: [what is done, how far].
  function words(status) {
    const { phase, done, total, rate, left } = status;
    if (phase === "annotating") return ["Annotating", done ? `${number(done)} sentences` : "reading the corpus"];
    if (phase === "measuring") return ["Measuring", "a few sentences, to know what it will cost"];
    const speed = rate ? ` · ${number(rate)} per second` : "";
    if (total && done >= total) return ["Finishing", "putting the parts together"];
    return ["Indexing", `${number(done)} of ${number(total)} pieces${speed}${left ? ` · ${duration(left)} left` : ""}`];
  }

  const share = ({ phase, done, total }) => (phase === "indexing" && total ? done / total : null);

  // Who began a build may cancel it; this survives a reload.
  function ownKey() {
    const make = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      return (localStorage["exb-build"] ??= make());
    } catch {
      return make(); // storage is forbidden here
    }
  }

  class Builder {
    // may: what the page allows; finished(status) is called once when a build that was under way is done.
    constructor({ server, upload, may, scope, finished, changed }) {
      Object.assign(this, { server, upload, may, scope, finished, changed, key: ownKey(), status: { phase: "idle" } });
      this.kind = "demo";
      this.inputs = this.makeInputs();
      this.body = el("div.exb-build-body");
      this.dialog = el("dialog.exb-dialog", { "aria-labelledby": "exb-build-title" },
        el("header", {}, el("h2", { id: "exb-build-title" }, "Build an index"), el("button.exb-text-button", { type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, "✕")),
        this.body);
      this.dialog.onclick = (event) => { if (event.target === this.dialog) this.dialog.close(); };
      this.look();
    }

    makeInputs() {
      const field = (type, attributes) => el("input.exb-input", { type, ...attributes });
      return {
        hub: field("text", { placeholder: "owner/name, or owner/name:configuration", "aria-label": "Hub id of the dataset", spellcheck: "false" }),
        split: field("text", { placeholder: "train", "aria-label": "Split" }),
        column: field("text", { placeholder: "text", "aria-label": "Text column" }),
        folder: field("text", { placeholder: "/home/me/book.txt, or a folder", "aria-label": "Path of the file or folder", spellcheck: "false" }),
        file: field("file", { accept: this.may.uploads.join(","), "aria-label": "File to send" }),
        limit: field("number", { min: 1, max: this.may.max_sentences, value: Math.min(2000, this.may.max_sentences), "aria-label": "Sentences at most" }),
        annotator: el("select.exb-select", { "aria-label": "Annotator" }),
        language: field("text", { value: "en", maxlength: 3, size: 3, "aria-label": "Code of the language" }),
      };
    }

    // --- asking the server ----------------------------------------------------------------------------------------

    async ask(name, data = {}) {
      const answer = (await this.server[name]({ ...data, key: this.key })) ?? { notice: { title: "The server did not answer", message: "Is it still running?" } };
      if (answer.notice) this.problem = answer.notice;
      else this.receive(answer);
      if (name !== "building") this.draw();
      return answer;
    }

    receive(status) {
      const before = this.status;
      this.status = status;
      if (before.busy && status.phase === "done") this.finished(status);
      if (!state.same(before, status)) {
        this.changed(status);
        if (this.dialog.open) this.draw();
      }
    }

    async look() {
      clearTimeout(this.timer);
      if (document.visibilityState === "visible") await this.ask("building");
      this.timer = setTimeout(() => this.look(), this.status.busy ? SOON : LATER);
    }

    async prepare() {
      this.problem = null;
      const { inputs, kind } = this;
      let corpus = { hub: inputs.hub.value, folder: inputs.folder.value }[kind] ?? "";
      if (kind === "upload") {
        const [file] = inputs.file.files;
        if (!file) return this.complain("Choose a file first.");
        if (file.size > this.may.max_upload * 1e6) return this.complain(`${file.name} has ${(file.size / 1e6).toFixed(1)} MB; up to ${this.may.max_upload} MB are taken here.`);
        this.sending = true;
        this.draw();
        try {
          corpus = (await this.upload(file)).path;
        } catch (error) {
          return this.complain(`${file.name} could not be sent: ${error.message}`);
        } finally {
          this.sending = false;
        }
      }
      const annotator = kind === "demo" ? "" : inputs.annotator.value === "blank" ? `blank:${inputs.language.value}` : inputs.annotator.value;
      await this.ask("prepare", { ...this.scope(), kind, corpus, annotator, limit: Number(inputs.limit.value), split: inputs.split.value, column: inputs.column.value });
      this.look();
    }

    complain(message) {
      this.problem = { title: "This cannot be built", message };
      this.draw();
    }

    async act(name) {
      this.problem = null;
      await this.ask(name);
      this.look();
    }

    // --- drawing --------------------------------------------------------------------------------------------------

    async open() {
      if (!this.dialog.open) this.dialog.showModal();
      this.draw();
      if (this.inputs.annotator.options.length) return;
      const { annotators = [] } = (await this.server.annotators({})) ?? {};
      const options = [["", "automatic: gold where there is some, else English"], ...annotators.map((name) => [name, name]), ["blank", "words only, no labels"]];
      fill(this.inputs.annotator, ...options.map(([value, label]) => el("option", { value }, label)));
      this.inputs.annotator.onchange = () => this.draw();
    }

    draw() {
      const { busy, phase, mine } = this.status;
      const kept = this.body.contains(document.activeElement) ? document.activeElement : null;
      const problem = this.problem && el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, this.problem.title), el("p", {}, this.problem.message)));
      fill(this.body, problem, ...(busy ? this.progress(mine) : phase === "ready" && mine ? this.offer() : this.form()));
      if (kept?.isConnected) kept.focus();
      else if (kept) this.body.querySelector("button:not([disabled])")?.focus();
    }

    progress(mine) {
      const [what, how] = words(this.status), part = share(this.status);
      return [
        el("p", {}, el("strong", { "aria-live": "polite" }, `${what} ${this.status.corpus}`), this.status.model_name ? ` for ${this.status.model_name}` : ""),
        el("progress.exb-progress", { "aria-label": what, max: 1, value: part === null ? null : part }),
        el("p.exb-hint", {}, how),
        el("div.exb-build-row", {}, mine ? el("button.exb-secondary", { type: "button", onclick: () => this.act("cancel") }, "Cancel") : el("span.exb-hint", {}, "Somebody else began it."),
          el("span.exb-hint", {}, "You may close this: it goes on.")),
      ];
    }

    offer() {
      return [
        el("p", {}, el("strong", {}, this.status.corpus), ` for ${this.status.model_name}: ${this.status.estimate}.`),
        el("div.exb-build-row", {}, el("button.exb-primary", { type: "button", onclick: () => this.act("build") }, "Build"),
          el("button.exb-secondary", { type: "button", onclick: () => this.act("cancel") }, "Not now")),
      ];
    }

    form() {
      const { inputs, kind, may, status } = this;
      const said = { done: `The index of ${status.corpus} is ready. ${status.message}`, cancelled: `Cancelled. ${status.message}`, failed: null }[status.phase];
      const failure = status.phase === "failed" && !this.problem ? el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, `${status.corpus} could not be built`), el("p", {}, status.message))) : null;
      const kinds = [["demo", "Demo's own"], ["upload", "File"], ["hub", "Hub dataset"], ...(may.folders ? [["folder", "Folder"]] : [])].map(([value, label]) => ({ value, label }));
      const row = (label, ...content) => el("label.exb-field", {}, el("span.exb-label", {}, label), ...content);
      return [
        failure, said ? el("p.exb-build-said", { role: "status" }, said) : null,
        el("p.exb-hint", {}, `What the words of a corpus look like to ${this.name()}, made searchable.`),
        el("div.exb-field", {}, el("span.exb-label", {}, "Corpus"), segmented("Corpus", kinds, kind, (value) => { this.kind = value; this.problem = null; this.draw(); this.body.querySelector(`[data-value='${value}']`).focus(); }).node),
        kind === "hub" ? row("Dataset", inputs.hub) : null,
        kind === "hub" ? el("div.exb-build-row", {}, row("Split", inputs.split), row("Text column", inputs.column)) : null,
        kind === "upload" ? row("File", inputs.file, el("span.exb-hint", {}, `UTF-8 text or CoNLL-U, up to ${may.max_upload} MB`)) : null,
        kind === "folder" ? row("Path", inputs.folder) : null,
        kind === "demo" ? null : row("Annotator", inputs.annotator, inputs.annotator.value === "blank" ? inputs.language : null),
        row("Sentences at most", inputs.limit),
        el("div.exb-build-row", {}, el("button.exb-primary", { type: "button", disabled: this.sending, onclick: () => this.prepare() }, this.sending ? "Sending…" : "Annotate and estimate"),
          el("span.exb-hint", {}, "Nothing is built before you have seen what it costs.")),
      ];
    }
  }

  return { Builder, words, share, duration };
})();

if (typeof module !== "undefined") module.exports = building;

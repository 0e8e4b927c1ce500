// What can be taken away, as entries of the two "Export" menus.

const exporting = (() => {
  "use strict";
  const TYPES = { csv: "text/csv", json: "application/json", parquet: "application/vnd.apache.parquet" };

  function download(name, content, type) {
    const url = URL.createObjectURL(new Blob([content], { type }));
    dom.el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return `Saved ${name}`;
  }

  async function copy(text, what) {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyWithoutClipboard(text); // a page that is not served over https
    return `Copied ${what}`;
  }

  function copyWithoutClipboard(text) {
    const box = dom.el("textarea", { "aria-hidden": "true", style: { position: "fixed", opacity: 0 } });
    box.value = text;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    if (!done) throw new Error("the browser does not allow copying");
  }

  // Server functions answer undefined when the connection fails.
  function checked(answer) {
    if (!answer) throw new Error("the server did not answer");
    if (answer.notice) throw new Error(answer.notice.message);
    return answer;
  }

  function drawing({ shown, facts, figure, store }) {
    const { layer, heads, hide, top, words } = store.values;
    const { scene } = figure;
    if (scene.veil?.busy || scene.veil?.again) throw new Error(scene.veil.text);
    const of = words ? "word" : "piece";
    const chosen = layer === "emb" ? "input embeddings" : `layer ${layer}, ${heads === null ? "all heads" : heads.length ? `head${heads.length > 1 ? "s" : ""} ${heads.join(", ")}` : "no head"}`;
    const { text, pair, ablate } = shown.request, what = scenes.SAID[shown.mode];
    return picture.svg(scene, scene.units, {
      title: `${facts.name} · ${shown.stacks.length > 1 ? `${shown.stack}, ` : ""}${shown.mode === "rollout" ? `layer ${layer}` : chosen}${shown.mode === "attention" ? "" : `, ${what}`}${ablate.length ? `, without ${modes.named(ablate)}` : ""}`,
      text: pair ? `${text} ‖ ${pair}` : text,
      note: `Curves: the strongest ${top}% of each ${of}'s ${what}${hide ? ", special tokens hidden" : ""}${words ? "; to a word: sum over its pieces, from a word: mean" : ""}. Cells: mean ${what} out of (left) and into (right) each ${of}, per head. ${windowNote(scene, of)}Drawn with exBERT.`,
    });
  }

  function windowNote({ windowed, start, rows, all, leaving }, of) {
    if (!windowed) return "";
    return `Shown are ${of}s ${start.from + 1} to ${start.from + rows.length} of ${all.from.length}; ${leaving.before + leaving.after} links lead out of this window. `;
  }

  const pictureName = ({ store }, suffix) => {
    const { layer, heads } = store.values;
    return `exbert-attention-${layer}${heads ? `-${heads.slice(0, 16).join("-")}` : ""}.${suffix}`;
  };

  const viewItems = (view, page) => [
    { label: "Picture", hint: "SVG", run: () => download(pictureName(view, "svg"), drawing(view), "image/svg+xml") },
    { label: "Picture", hint: "PNG", run: async () => download(pictureName(view, "png"), await picture.png(drawing(view)), "image/png") },
    ...pageItems(page),
  ];

  function evidenceItems(evidence, server, page) {
    const { results } = evidence;
    const table = (format) => async () => {
      const { name, data } = checked(await server.table({ query: results.query, format }));
      return download(name, maths.decodeBase64(data), TYPES[format]);
    };
    const copies = results ? [
      { label: "Copy as Python", hint: "", run: () => copy(results.recipes.python, "Python") },
      { label: "Copy as command", hint: "CLI", run: () => copy(results.recipes.command, "the command") },
    ] : [];
    const tables = results && server ? Object.keys(TYPES).map((format) => ({ label: "Results", hint: { csv: "CSV", json: "JSON", parquet: "Parquet" }[format], run: table(format) })) : [];
    const groups = [tables, copies, pageItems(page)].filter((group) => group.length);
    return groups.flatMap((group, i) => (i ? [null, ...group] : group));
  }

  // page: {server, data(), layers} of a page that can be saved, null for a saved one.
  const pageItems = (page) => (page ? [{
    label: "Whole page", hint: "HTML, works offline",
    run: async () => {
      const said = download("exbert.html", saved.html(checked(await page.server.shell({})).html, page.data()), "text/html");
      const here = page.layers.here(), all = page.layers.heads.filter(Boolean).length;
      return here.length < all ? `${said} with ${scenes.listed(here)}: open others first to take them along` : said;
    },
  }] : []);

  return { viewItems, evidenceItems, copy };
})();

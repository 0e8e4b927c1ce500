// The controls of the attention view and the dock below it: what can be chosen, and what is chosen.

const controls = (() => {
  "use strict";
  const { el, fill, put, say, segmented, toggle, roving, percent } = dom;

  // heads: heads per layer. set(patch, entry) changes the store, hoverHead(head|null) previews one head.
  function panel(heads, stacks, { set, hoverHead, openStack, group, choose: chooseMode, refuse, silence }) {
    const stack = segmented("Stack", stacks.map((name) => ({ value: name, label: name === "cross" ? "cross-attention" : name })), null, openStack);
    const layers = [{ value: "emb", label: "emb", title: "Input embeddings, before any attention" },
      ...heads.map((count, layer) => ({
        value: layer, label: String(layer), gap: count === 0,
        title: count ? `Layer ${layer}, ${count} heads` : `Layer ${layer} has no attention`,
      }))];
    const layer = segmented("Layer", layers, null, (value) => set({ layer: value }));
    const mode = modes.control({ choose: chooseMode, refuse });
    const row = el("div.exb-heads", { role: "group", "aria-label": "Heads" });
    const bulk = el("div.exb-bulk");
    const overview = toggle("All heads at once", "A thumbnail of the attention of every layer and head", (grid) => set({ grid }));
    const special = toggle("Hide special tokens", "Leave [CLS], [SEP] and the like out of the picture", (hide) => set({ hide }));
    const words = toggle("Words", "Show words instead of pieces: attention to a word is the sum over its pieces, from a word the mean", group);
    const share = el("output.exb-output", {}, "");
    const slider = el("input.exb-slider", {
      type: "range", min: 0, max: 100, step: 1, "aria-label": "Share of each piece's attention that is drawn, in percent",
      oninput: () => set({ top: Number(slider.value) }, "replace"),
    });
    const node = el("div.exb-controls", {},
      stacks.length > 1 ? el("div.exb-control", {}, el("span.exb-label", {}, "Stack"), stack.node) : null,
      el("div.exb-control", {}, el("span.exb-label", {}, "Layer"), layer.node),
      el("div.exb-control", {}, el("span.exb-label", {}, "Heads"), row, bulk),
      el("div.exb-control.exb-options", {}, el("span.exb-label", {}, "Show"), mode.node, overview.node, special.node, words.node,
        el("label.exb-range", {}, el("span", {}, "Top attention"), slider, share)));

    let chips = [], main = true, whole = false, current = { heads: null, count: 0 };
    const chosen = () => current.heads ?? Array.from({ length: current.count }, (_, head) => head);
    const choose = (list) => set({ heads: list.length === current.count ? null : [...list].sort((a, b) => a - b) });
    const flip = (head) => choose(chosen().includes(head) ? chosen().filter((other) => other !== head) : [...chosen(), head]);
    const everything = () => Array.from({ length: current.count }, (_, head) => head);
    for (const [name, pick] of [["all", everything], ["none", () => []], ["invert", () => everything().filter((head) => !chosen().includes(head))]]) {
      bulk.append(el("button.exb-text-button", { type: "button", "data-bulk": name, onclick: () => choose(pick()) }, name));
    }

    const mute = el("button.exb-text-button", { type: "button", onclick: () => silence(chosen()) });
    bulk.append(mute);

    // shown: the inspection on the page
    function show(shown) {
      stack.select(shown.stack);
      mode.update(shown.mode, shown.modes);
      main = shown.stack === shown.main;
      whole = shown.mode === "rollout";
    }

    function update(values) {
      layer.select(values.layer);
      overview.set(values.grid);
      special.set(values.hide);
      words.set(values.words);
      if (Number(slider.value) !== values.top || !share.textContent) {
        slider.value = values.top;
        slider.style.setProperty("--exb-fill", `${values.top}%`);
        share.textContent = `${values.top}%`;
      }
      const none = values.layer === "emb" || !heads[values.layer];
      const count = none ? Math.max(...heads) : heads[values.layer];
      if (count !== current.count) {
        chips = Array.from({ length: count }, (_, head) => el("button.exb-chip", {
          type: "button", "data-head": head, title: `Head ${head}`, onclick: () => flip(head),
          onpointerenter: () => hoverHead(head), onpointerleave: () => hoverHead(null),
          onfocus: (event) => { if (event.target.matches(":focus-visible")) hoverHead(head); }, onblur: () => hoverHead(null),
        }, String(head)));
        fill(row, ...chips);
        roving(row, chips);
      }
      current = { heads: values.heads, count };
      const on = new Set(chosen());
      const muted = modes.silencedAt(values.ablate, values.layer);
      const again = on.size > 0 && chosen().every((head) => muted.includes(head));
      mute.disabled = none || !main || !on.size;
      say(mute, again ? "unsilence" : "silence");
      put(mute, "title", !main ? "Heads of the main stack can be silenced" : again ? "Hear the chosen heads of this layer again" : "Silence the chosen heads of this layer: set their contexts to zero");
      chips.forEach((chip, head) => {
        chip.toggleAttribute("data-silenced", muted.includes(head));
        put(chip, "title", `Head ${head}${muted.includes(head) ? ", silenced" : ""}`);
        put(chip, "aria-pressed", String(on.has(head)));
        chip.toggleAttribute("data-idle", none || whole);
      });
    }
    return { node, update, flip, show };
  }

  // The dock: the token in question, what the model would put there, and the search.
  function dock(set, { search, searchAll }) {
    const token = el("div.exb-token"), predictions = el("div.exb-predictions");
    const by = segmented("Search by", [{ value: "embedding", label: "embedding" }, { value: "heads", label: "heads" }], null,
      (value) => set({ by: value }));
    const scope = el("span.exb-scope");
    const button = el("button.exb-primary", { type: "button", onclick: search }, "Search corpus");
    const beside = el("button.exb-text-button.exb-beside", { type: "button", title: "Masked against unmasked, with and without heads, two sentences, two models; and the logit lens", onclick: () => set({ compare: "mask" }) }, "Compare");
    const all = el("button.exb-secondary", { type: "button", onclick: searchAll }, "All layers");
    const instant = toggle("on click", "Search at once when a token is clicked", (click) => set({ click }));
    const focused = el("div.exb-dock-row.exb-focus", { "aria-live": "polite" }, token, beside, predictions);
    const node = el("div.exb-dock", {}, focused,
      el("div.exb-dock-row.exb-search", {}, el("span.exb-label", {}, "Search by"), by.node, scope, el("span.exb-spring"), instant.node, all, button));

    // focus: {text, masked, position, predictions: [[text, probability]]|null, kind: "here"|"next"|null}, or null.
    let said = "";
    function show(focus) {
      const key = JSON.stringify(focus);
      if (key === said) return;
      said = key;
      if (!focus) {
        fill(token, el("span.exb-hint", {}, "Hover a piece to see its attention and what the model predicts. Click to pick it; double-click or press ", el("kbd", {}, "M"), " to mask it."));
        fill(predictions);
        return;
      }
      fill(token, el("span.exb-token-name", { dir: "auto" }, focus.text), el("span.exb-hint", {}, focus.note));
      fill(predictions, ...(focus.before ? [line("with all heads", focus.before), line("without these", focus.predictions)] : focus.predictions ? [line(null, focus.predictions)] : []));
    }

    // name: what the predictions belong to, where there are several lines of them
    function line(name, candidates) {
      const top = candidates[0]?.[1] || 1;
      return el("div.exb-prediction-line", {}, name && el("span.exb-label", {}, name), ...candidates.map(([text, probability]) => el("span.exb-prediction", { style: { "--exb-share": probability / top } },
        el("span.exb-prediction-text", { dir: "auto" }, text), el("span.exb-number", {}, percent(probability)))));
    }

    function update(values, ready, readyForAll) {
      focused.toggleAttribute("data-two", values.ablate.length > 0);
      all.disabled = !readyForAll.can;
      put(all, "title", readyForAll.why || "What the nearest tokens have in common at every layer");
      by.select(values.by);
      instant.set(values.click);
      button.disabled = !ready.can;
      put(button, "title", ready.why);
      say(scope, ready.scope);
      node.toggleAttribute("data-no-index", !ready.index);
    }
    return { node, show, update };
  }

  // What the model is, and the menu of what can be taken away.
  function title({ name, kind, architecture, heads, size }, silenced, exports) {
    const kinds = { masked: "masked language model", causal: "causal language model", seq2seq: "encoder-decoder", encoder: "encoder" };
    return el("header.exb-title", {}, el("h2", { dir: "auto" }, name), silenced,
      el("span.exb-hint", {}, `${architecture} · ${kinds[kind]} · ${heads.length} layers × ${Math.max(...heads)} heads · width ${size}`),
      menu.button("Export", exports).node);
  }

  return { title, panel, dock };
})();

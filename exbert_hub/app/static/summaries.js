// Histograms of labels, as rows of plain buttons: a bar for the share, a tick for the base rate, and the figures.

const summaries = (() => {
  "use strict";
  const { el, dropdown, percent } = dom;
  const FIRST = 8; // bars shown before "more"

  const NAMES = { pos: "POS", tag: "fine POS", dep: "DEP", ent_type: "NER", is_entity: "entity", text: "word", lemma: "lemma", head_text: "head word", offset: "offset" };
  const nameOf = (field) => NAMES[field] ?? field;
  const labelOf = (field, label) => (label === "" ? (field === "ent_type" ? "no entity" : "none") : field === "offset" && Number(label) > 0 ? `+${label}` : label);
  const lift = (value) => (value === null ? "new" : `${value >= 9.95 ? Math.round(value) : value.toFixed(1)}×`);

  const CHANCE = "may be chance"; // said of a share that cannot be told from the base rate
  const rate = (q) => (q < 0.0001 ? "< 0.0001" : q.toPrecision(2));

  function bar(field, [label, count, share, base, times, q, low, high, significant], scale, pressed, onclick) {
    const name = labelOf(field, label);
    return el("button.exb-bar", {
      type: "button", "data-label": label, "data-chance": !significant, "aria-pressed": String(pressed), onclick,
      title: `${name}: ${count}, ${percent(share)} of the results${low < high ? ` (95% interval ${percent(low)} to ${percent(high)})` : ""}\nbase rate ${percent(base)}, lift ${lift(times)}\n${significant ? "differs from the base rate" : `${CHANCE}: not to be told from the base rate`} (q ${rate(q)})`,
      style: { "--exb-share": share / scale, "--exb-base": Math.min(1, base / scale), "--exb-colour": field === "offset" ? "var(--exb-accent)" : palette.colour(label) },
    }, el("span.exb-bar-label", { dir: "auto" }, name), el("span.exb-bar-track", { "aria-hidden": "true" }, el("span.exb-bar-fill"), el("span.exb-bar-base")),
    el("span.exb-bar-count", {}, String(count)), el("span.exb-bar-share", {}, percent(share)),
    el("span.exb-bar-base-rate", {}, percent(base)), el("span.exb-bar-lift", {}, lift(times)),
    significant ? null : el("span.exb-unseen", {}, CHANCE));
  }

  // title: what is counted; fields: {field: {total, bars}}; filter: {of, field, label}|null.
  function histogram({ of, title, fields, field, filter, expanded, onfield, onfilter, onmore }) {
    const names = Object.keys(fields);
    const shown = names.includes(field) ? field : names[0];
    const { total, bars } = fields[shown];
    const scale = Math.max(...bars.map(([, , share, base]) => Math.max(share, Math.min(base, share * 1.5))), 0.01);
    const likeliest = new Set([...bars].sort((a, b) => b[1] - a[1]).slice(0, FIRST)); // offsets come in another order
    const visible = expanded ? bars : bars.filter((one) => likeliest.has(one));
    const pressed = (label) => filter !== null && filter.of === of && filter.field === shown && filter.label === label;
    return el("section.exb-histogram", { "data-of": of, "data-field": shown },
      el("header", {}, el("h3", {}, title), el("span.exb-spring"),
        dropdown(`Label of the histogram: ${title}`, names.map((value) => ({ value, label: nameOf(value) })), shown, onfield)),
      total ? el("div.exb-bar-head", { "aria-hidden": "true" }, el("span", {}, ""), el("span", {}, ""), el("span", {}, "n"), el("span", {}, "share"), el("span", {}, "base"), el("span", {}, "lift"))
        : el("p.exb-hint", {}, "None of the results has such a token."),
      ...visible.map((one) => bar(shown, one, scale, pressed(one[0]), () => onfilter(pressed(one[0]) ? null : { of, field: shown, label: one[0] }))),
      bars.length > FIRST ? el("button.exb-text-button.exb-more", { type: "button", onclick: onmore }, expanded ? "fewer" : `${bars.length - FIRST} more`) : null);
  }

  return { histogram, nameOf, labelOf, rate, CHANCE };
})();

// What the curves show (attention, norms or rollout), and which heads are silenced: names, a choice and its reasons.

const modes = (() => {
  "use strict";
  const OPTIONS = [
    { value: "attention", label: "attention", title: "How much each head attends to each piece" },
    { value: "norms", label: "norms", title: "Value-weighted attention: the length of what a head adds to a piece on account of another (Kobayashi et al. 2020)" },
    { value: "rollout", label: "rollout", title: "How much of each input piece reaches each piece of this layer, if attention were all there is (Abnar & Zuidema 2020)" },
  ];

  // on: {choose(mode), refuse(reason)}. A mode that the model does not have stays in sight and says why.
  function control({ choose, refuse }) {
    let reasons = {};
    const choice = dom.segmented("Show", OPTIONS, null, (mode) => (reasons[mode] ? refuse(reasons[mode]) : choose(mode)));
    function update(mode, why) {
      reasons = why;
      choice.select(mode);
      choice.buttons.forEach((button, i) => {
        const { value, title } = OPTIONS[i];
        button.title = why[value] || title;
        button.setAttribute("aria-disabled", String(Boolean(why[value])));
      });
    }
    return { node: choice.node, update };
  }

  // [[5, 6], [5, 9]] -> "5-[6,9]"
  function named(ablate) {
    const layers = new Map();
    for (const [layer, head] of ablate) layers.set(layer, [...(layers.get(layer) ?? []), head]);
    return [...layers].map(([layer, heads]) => `${layer}-[${heads.join(",")}]`).join(", ");
  }

  const silencedAt = (ablate, layer) => ablate.filter(([other]) => other === layer).map(([, head]) => head);

  // The heads silenced too; where all of them are already, heard again.
  function toggled(ablate, layer, heads) {
    const own = silencedAt(ablate, layer);
    const all = heads.every((head) => own.includes(head));
    const now = all ? own.filter((head) => !heads.includes(head)) : [...new Set([...own, ...heads])];
    return [...ablate.filter(([other]) => other !== layer), ...now.map((head) => [layer, head])].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  // Beside the name of the model: what is silenced, and the way back.
  function silenced(undo) {
    const what = dom.el("span");
    const node = dom.el("button.exb-silenced", { type: "button", hidden: true, onclick: undo }, what, dom.el("span", { "aria-hidden": "true" }, " ✕"));
    return {
      node,
      update(ablate) {
        node.hidden = !ablate.length;
        what.textContent = `without ${named(ablate)}`;
        node.title = "These heads are silenced: their contexts are zero. Click to hear them again";
        node.setAttribute("aria-label", `Without heads ${named(ablate)}: hear them again`);
      },
    };
  }

  return { OPTIONS, control, named, silencedAt, silenced, toggled };
})();

if (typeof module !== "undefined") module.exports = modes;

// What the curves show: attention, norms or rollout. A choice, and the reasons why a model does not have all of them.

/** @import { AttentionKind, Option } from "../core/types.js" */

import { segmented } from "../widgets/choices.js";

/** @type {(Option<AttentionKind> & { title: string })[]} */
export const OPTIONS = [
  { value: "attention", label: "attention", title: "How much each head attends to each piece" },
  {
    value: "norms",
    label: "norms",
    title:
      "Value-weighted attention: the length of what a head adds to a piece on account of another " +
      "(Kobayashi et al. 2020)",
  },
  {
    value: "rollout",
    label: "rollout",
    title:
      "How much of each input piece reaches each piece of this layer, if attention were all there is " +
      "(Abnar & Zuidema 2020)",
  },
];

/**
 * A kind that the model does not have stays in sight and says why.
 *
 * @param {{ choose: (kind: AttentionKind) => void, refuse: (reason: string) => void }} on
 */
export function kindControl({ choose, refuse }) {
  /** @type {Record<string, string>} */
  let reasons = {};
  const choice = segmented("Show", OPTIONS, null, (kind) => (reasons[kind] ? refuse(reasons[kind]) : choose(kind)));
  /**
   * @param {AttentionKind} kind
   * @param {Record<string, string>} why - not
   */
  function update(kind, why) {
    reasons = why;
    choice.select(kind);
    choice.buttons.forEach((button, i) => {
      const { value, title } = OPTIONS[i];
      button.title = why[value] || title;
      button.setAttribute("aria-disabled", String(Boolean(why[value])));
    });
  }
  return { node: choice.node, update };
}

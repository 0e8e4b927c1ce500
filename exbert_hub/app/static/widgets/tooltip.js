// A floating card beside an element; one per component, so that it can leave the pane it belongs to.

/** @import { Tooltip } from "../core/types.js" */

import { el, fill, select } from "../core/dom.js";

const GAP = 8; // px, to the element and to the border of the window

/**
 * @param {HTMLElement} owner
 * @returns {Tooltip}
 */
export function tooltip(owner) {
  const card = el("div.exb-tooltip", { role: "tooltip", hidden: true });
  owner.append(card);
  return {
    show(anchor, ...content) {
      fill(card, ...content);
      card.hidden = false;
      const box = anchor.getBoundingClientRect();
      const own = card.getBoundingClientRect();
      const left = Math.max(GAP, box.left + box.width / 2 - own.width / 2);
      const above = box.top - own.height - GAP;
      card.style.left = `${Math.min(left, window.innerWidth - own.width - GAP)}px`;
      card.style.top = `${above >= GAP ? above : box.bottom + GAP}px`;
    },
    hide() {
      card.hidden = true;
    },
    text() {
      if (card.hidden) return "";
      return select(card, "strong, dt, dd")
        .map((part) => part.textContent)
        .join(" ");
    },
  };
}

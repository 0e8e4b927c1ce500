// Says where a question stands in the queue, as soon as it waits long enough for somebody to wonder.

/** @import { EvidenceServer, Host } from "./types.js" */

import { answered } from "./answers.js";
import { el, setText } from "./dom.js";

const SOON = 800; // ms until the place is asked for the first time
const LATER = 1500; // ms from then on
/** @type {Record<string, string>} */
const ENDING = { one: "st", two: "nd", few: "rd", other: "th" };
const RULE = new Intl.PluralRules("en", { type: "ordinal" });

/**
 * @param {number} ahead - questions that wait before this one
 * @returns {string}
 */
export function describePlace(ahead) {
  const place = ahead ? `${ahead + 1}${ENDING[RULE.select(ahead + 1)]}` : "next";
  return `Others are being answered: you are ${place} in line`;
}

/**
 * Asks for a component, with a ticket for each question, and says the place of the latest one.
 *
 * @param {Host} host
 * @param {() => EvidenceServer | undefined} server - who knows the place
 * @returns {{ node: HTMLElement, trigger: Host["trigger"] }}
 */
export function withQueueStatus(host, server) {
  const node = el("p.exb-line", { role: "status" });
  /** @type {string | null} */
  let ticket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const rest = () => {
    clearTimeout(timer);
    ticket = null;
    node.textContent = "";
  };
  const look = async () => {
    const mine = ticket;
    if (mine === null) return;
    const answer = await answered(server()?.place({ ticket: mine })); // where there is none, the other is late, too
    if (ticket !== mine) return;
    if (typeof answer.ahead !== "number") return rest(); // it is being answered
    setText(node, describePlace(answer.ahead)); // read out when it changes
    timer = setTimeout(look, LATER);
  };
  /** @type {Host["trigger"]} */
  const trigger = (name, data) => {
    rest();
    ticket = Math.random().toString(36).slice(2);
    timer = setTimeout(look, SOON);
    host.trigger(name, { ...data, ticket });
  };
  host.watch("value", rest);
  return { node, trigger };
}

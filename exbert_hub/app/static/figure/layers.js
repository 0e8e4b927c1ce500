// The attention of one inspection, layer by layer. Short texts bring all layers along; of long ones a layer is asked
// for when it is first looked at, and a few are kept. What is not here is never replaced by what is.

/** @import { CodedLayer, Inspection, KnownLayer, SentLayer } from "../core/types.js" */

import { NO_ANSWER, answered } from "../core/answers.js";
import { decodeBase64, encodeBase64 } from "../maths/coding.js";

export const KEPT = 6; // layers of a long text: 3 MB each for 12 heads and 512 pieces

export class Layers {
  /**
   * @param {Pick<Inspection, "from" | "layers"> & { to?: Inspection["to"] }} inspection
   * @param {{
   *   ask: (layer: number) => Promise<any> | null,
   *   arrived: () => void,
   *   offline?: boolean,
   * }} given - ask: the server's answer, null while nobody can be asked; arrived: a layer came, or a reason why not;
   *   offline: whether nobody ever can
   */
  constructor(inspection, { ask, arrived, offline = false }) {
    this.sent = inspection.layers;
    this.ask = ask;
    this.arrived = arrived;
    this.offline = offline;
    this.size = { rows: inspection.from.length, cols: (inspection.to ?? inspection.from).length };
    /** @type {Map<number, Uint8Array>} codes by layer, the latest used last */
    this.decoded = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
    /** @type {Map<number, string>} */
    this.problems = new Map();
    this.heads = this.sent.map((layer) => layer?.heads ?? 0);
  }

  /**
   * What there is of a layer. It is asked for where it is "waiting"; "absent" is said of a saved page.
   *
   * @param {number} number
   * @returns {"here" | "gap" | "waiting" | "absent" | "failed"}
   */
  status(number) {
    const sent = this.sent[number];
    if (!sent) return "gap";
    if (this.decoded.has(number) || sent.data) return "here";
    if (this.offline) return "absent";
    if (this.problems.has(number)) return "failed";
    this.fetch(number, sent);
    return "waiting";
  }

  /**
   * @param {number} number
   * @returns {CodedLayer | null} null where `status` is not "here"
   */
  get(number) {
    const sent = this.sent[number];
    const codes = this.decoded.get(number) ?? (sent?.data ? decodeBase64(sent.data) : null);
    if (!sent || !codes) return null;
    this.keep(number, codes);
    return { codes, heads: sent.heads, scale: sent.scale, ...this.size };
  }

  /** @returns {(KnownLayer | null)[]} every layer, null for a gap, without codes where they are not here */
  all() {
    return this.sent.map((sent, number) => sent && (this.get(number) ?? { heads: sent.heads, ...this.size }));
  }

  /**
   * @param {number} number
   * @param {Uint8Array} codes
   */
  keep(number, codes) {
    this.decoded.delete(number);
    this.decoded.set(number, codes);
    const extra = [...this.decoded.keys()].filter((other) => !this.sent[other]?.data);
    for (const oldest of extra.slice(0, Math.max(0, extra.length - KEPT))) this.decoded.delete(oldest);
  }

  /**
   * @param {number} number
   * @param {SentLayer} sent
   */
  async fetch(number, sent) {
    const question = this.asked.has(number) ? null : this.ask(number);
    if (!question) return;
    this.asked.add(number);
    const answer = await answered(question);
    this.asked.delete(number);
    const codes = answer.data ? decodeBase64(answer.data) : null;
    if (codes?.length === sent.heads * this.size.rows * this.size.cols) {
      this.keep(number, codes);
      if (answer.scale) sent.scale = answer.scale;
    } else this.problems.set(number, (answer.notice ?? NO_ANSWER).message);
    this.arrived();
  }

  /** @param {number} number */
  retry(number) {
    this.problems.delete(number);
    this.arrived();
  }

  /** @returns {number[]} the layers that are here, of those that have attention */
  here() {
    return this.sent.flatMap((sent, number) => (sent && (sent.data || this.decoded.has(number)) ? [number] : []));
  }

  /** @returns {(SentLayer | null)[]} what was sent, and asked for since: for a page that works without the server */
  packed() {
    return this.sent.map((sent, number) => {
      const codes = this.decoded.get(number);
      return sent && !sent.data && codes ? { ...sent, data: encodeBase64(codes) } : sent;
    });
  }
}

// The attention of one inspection, layer by layer. Short texts bring all layers along; of long ones a layer is asked for
// when it is first looked at, and a few are kept. What is not here is never replaced by what is.

const layers = (() => {
  "use strict";
  const KEPT = 6; // layers of a long text: 3 MB each for 12 heads and 512 pieces

  class Layers {
    // inspection: as the server sent it; ask(layer): promise of the server's answer, null while nobody can be asked;
    // arrived(): a layer came, or a reason why not; offline: whether nobody ever can
    constructor(inspection, { ask, arrived, offline = false }) {
      Object.assign(this, { sent: inspection.layers, ask, arrived, offline });
      this.size = { rows: inspection.from.length, cols: (inspection.to ?? inspection.from).length };
      this.decoded = new Map(); // layer -> codes, the latest used last
      this.asked = new Set();
      this.problems = new Map();
      this.heads = this.sent.map((layer) => layer?.heads ?? 0);
    }

    // What there is of a layer: "here", "gap", "waiting" (and it is asked for), "absent" from a saved page, "failed".
    status(number) {
      if (!this.sent[number]) return "gap";
      if (this.decoded.has(number) || this.sent[number].data) return "here";
      if (this.offline) return "absent";
      if (this.problems.has(number)) return "failed";
      this.fetch(number);
      return "waiting";
    }

    // {codes, heads, rows, cols, scale}; null where `status` is not "here".
    get(number) {
      const sent = this.sent[number];
      const codes = this.decoded.get(number) ?? (sent?.data ? maths.decodeBase64(sent.data) : null);
      if (!codes) return null;
      this.keep(number, codes);
      return { codes, heads: sent.heads, scale: sent.scale, ...this.size };
    }

    // Every layer, null for a gap, without codes where they are not here.
    all() {
      return this.sent.map((sent, number) => sent && (this.get(number) ?? { heads: sent.heads, ...this.size }));
    }

    keep(number, codes) {
      this.decoded.delete(number);
      this.decoded.set(number, codes);
      const extra = [...this.decoded.keys()].filter((other) => !this.sent[other].data);
      for (const oldest of extra.slice(0, Math.max(0, extra.length - KEPT))) this.decoded.delete(oldest);
    }

    async fetch(number) {
      const question = this.asked.has(number) ? null : this.ask(number);
      if (!question) return;
      this.asked.add(number);
      const answer = await question.catch(() => undefined);
      this.asked.delete(number);
      const codes = answer?.data ? maths.decodeBase64(answer.data) : null;
      if (codes?.length === this.sent[number].heads * this.size.rows * this.size.cols) {
        this.keep(number, codes);
        if (answer.scale) this.sent[number].scale = answer.scale; // of norms: the largest of the layer
      } else this.problems.set(number, answer?.notice?.message ?? "The server did not answer.");
      this.arrived();
    }

    retry(number) {
      this.problems.delete(number);
      this.arrived();
    }

    // The numbers of the layers that are here, of those that have attention.
    here() {
      return this.sent.flatMap((sent, number) => (sent && (sent.data || this.decoded.has(number)) ? [number] : []));
    }

    // What the server sent, and the layers that were asked for since: for a page that works without it.
    packed() {
      return this.sent.map((sent, number) => (
        sent && !sent.data && this.decoded.has(number) ? { ...sent, data: maths.encodeBase64(this.decoded.get(number)) } : sent));
    }
  }

  return { Layers, KEPT };
})();

if (typeof module !== "undefined") module.exports = layers;

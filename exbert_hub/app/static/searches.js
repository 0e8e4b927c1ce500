// Whether a search is possible now, why not, and what it would search.

const searches = (() => {
  "use strict";

  // values: what the user set; at: {index, heads, shown} of the view
  function ready({ token, by, layer, heads, side }, { index, heads: perLayer, shown }) {
    const count = layer === "emb" ? 0 : perLayer[layer];
    const scope = by === "embedding" ? (layer === "emb" ? "of the input" : `at layer ${layer}`)
      : !count ? "" : heads === null ? `of layer ${layer}, all ${count}` : `${layer}-[${heads.join(",")}]`;
    const why = saved.kept ? `${saved.NOTE.title}: open exBERT to search`
      : !index ? "No corpus index is open"
      : shown.stack !== shown.main ? `Searches start from the ${shown.main}; the other stacks are for looking`
      : token === null ? "Pick a piece first: click it in the figure"
      : (side === "from" ? shown.from : shown.to)[token]?.special ? "Special tokens are not indexed; pick another piece"
      : by === "heads" && layer === "emb" ? "The input embeddings have no heads; pick a layer"
      : by === "heads" && !count ? `Layer ${layer} has no heads; search by embedding, or pick another layer`
      : heads !== null && !heads.length && count ? "Switch on at least one head: what a match attends to is theirs"
      : !index.layers[by].includes(layer) ? `The index holds no ${by} of ${layer === "emb" ? "the input" : `layer ${layer}`}`
      : "";
    return { can: !why, why, scope, index: Boolean(index) };
  }

  // The same for a search at all layers, which does not depend on the one that is shown.
  function readyForAll(values, at) {
    const { by, layer } = values;
    const layers = at.index?.layers[by] ?? [];
    return ready({ ...values, layer: layers.includes(layer) ? layer : layers.at(-1) ?? layer }, at);
  }

  return { ready, readyForAll };
})();

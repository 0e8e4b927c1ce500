// The attention view as a picture: an SVG that stands alone, always on white. `svg` is a pure function from the scene
// that the figure shows to text; everything in it is escaped.

const picture = (() => {
  "use strict";

  const INK = { text: "#1b1d22", muted: "#62666f", accent: "#3d5bd9", grey: "#9b9da5", cell: "#eef0f6", faint: "#e4e4df" };
  const FONT = "'IBM Plex Sans', 'Segoe UI', system-ui, 'Helvetica Neue', Arial, sans-serif";
  const ROW = 24, MARGIN = 28, LINKS = 260, HEAD_LINE = 20, NOTE_LINE = 15, MAX_SIDE = 16000; // px; browsers refuse larger canvases

  // What XML 1.0 cannot hold goes, the rest is escaped.
  function escape(text) {
    // eslint-disable-next-line no-control-regex
    return String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "�")
      .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  }

  // A guess that is wide enough: there is no DOM to measure with. Wide scripts take twice the room.
  const width = (text) => [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 15 : 8.2), 0);
  const shorten = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);

  // Lines of at most so many letters, cut between words.
  function wrap(text, most) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = `${lines.at(-1)} ${word}`.trimStart();
      if (longer.length <= most) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  function tag(name, attributes, ...content) {
    const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`).join("");
    return content.length ? `<${name}${written}>${content.join("")}</${name}>` : `<${name}${written}/>`;
  }

  const label = (x, y, text, attributes = {}) => tag("text", { x, y, fill: INK.text, "font-size": 14, ...attributes }, escape(text));

  // scene: as the figure paints it; pieces: {from, to}; about: {title, text, note}
  function svg(scene, pieces, about) {
    const shown = { from: scene.rows.map((i) => pieces.from[i]), to: scene.cols.map((i) => pieces.to[i]) };
    const at = { from: maths.places(scene.all.from, scene.rows), to: maths.places(scene.all.to, scene.cols) };
    const cell = Math.max(4, Math.min(11, 132 / Math.max(scene.heads, 1)));
    const column = (side) => Math.min(190, Math.max(36, ...shown[side].map((piece) => width(shorten(piece.text, 20))))) + (scene.marks?.[side].size ? 36 : 12);
    const matrix = scene.heads * cell, gap = 8;
    const x = { leftMatrix: MARGIN };
    x.leftText = x.leftMatrix + matrix + gap + column("from");
    x.left = x.leftText + gap;
    x.right = x.left + LINKS;
    x.rightText = x.right + gap;
    x.rightMatrix = x.rightText + column("to") + gap;
    const total = Math.ceil(x.rightMatrix + matrix + MARGIN);
    const top = MARGIN + 3 * HEAD_LINE + 18;
    const y = (side, token) => top + (at[side].get(token) + 0.5) * ROW;
    const bottom = top + Math.max(scene.rows.length, scene.cols.length) * ROW;
    const notes = wrap(about.note, Math.floor((total - 2 * MARGIN) / 5.8));
    const height = bottom + MARGIN + notes.length * NOTE_LINE;

    const curves = [];
    for (let i = 0; i < scene.edges.count; i++) {
      const y1 = y("from", scene.edges.from[i]), y2 = y("to", scene.edges.to[i]);
      curves.push(tag("path", {
        d: `M${x.left} ${y1}C${x.left + LINKS * 0.45} ${y1} ${x.left + LINKS * 0.55} ${y2} ${x.right} ${y2}`,
        "stroke-opacity": (scene.edges.weight[i] / scene.edges.max).toFixed(3),
      }));
    }
    const most = Math.floor((total - 2 * MARGIN) / 7.2);
    return `<?xml version="1.0" encoding="UTF-8"?>\n` + tag("svg", {
      xmlns: "http://www.w3.org/2000/svg", width: total, height, viewBox: `0 0 ${total} ${height}`, "font-family": FONT, role: "img",
    },
    tag("title", {}, escape(about.title)), tag("desc", {}, escape(`${about.text} ${about.note}`)),
    tag("rect", { width: total, height, fill: "#ffffff" }),
    label(MARGIN, MARGIN + 12, shorten(about.title, most), { "font-size": 15, "font-weight": 600 }),
    label(MARGIN, MARGIN + 12 + HEAD_LINE, shorten(about.text, most), { "font-size": 13, fill: INK.muted }),
    label(x.leftText, top - 8, "from", { "font-size": 12, fill: INK.muted, "text-anchor": "end" }),
    label(x.rightText, top - 8, "to", { "font-size": 12, fill: INK.muted }),
    matrixOf(scene, "from", x.leftMatrix, top, cell), matrixOf(scene, "to", x.rightMatrix, top, cell),
    tag("clipPath", { id: "links" }, tag("rect", { x: x.left, y: top, width: LINKS, height: bottom - top })),
    tag("g", { fill: "none", stroke: INK.accent, "stroke-width": scene.focus ? 2.6 : 2, "clip-path": "url(#links)" }, ...curves),
    column_(scene, "from", shown.from, x.leftText, top, "end"), column_(scene, "to", shown.to, x.rightText, top, "start"),
    ...notes.map((line, i) => label(MARGIN, bottom + MARGIN + i * NOTE_LINE, line, { "font-size": 11, fill: INK.muted }))) + "\n";
  }

  function column_(scene, side, pieces, x, top, anchor) {
    const tokens = side === "from" ? scene.rows : scene.cols;
    const picked = (token) => scene.pinned?.side === side && scene.pinned.token === token;
    const end = anchor === "end" ? -150 : 150; // of the line above the second text
    const marks = (token, i) => (!scene.marks?.[side].has(token) ? ["", ""] : [
      i ? tag("path", { d: `M${x} ${top + i * ROW}h${end}`, stroke: INK.grey, "stroke-dasharray": "3 3" }) : "",
      `${scene.marks[side].get(token)} · `,
    ]);
    return tag("g", { "text-anchor": anchor }, ...pieces.map((piece, i) => {
      const on = picked(tokens[i]);
      const [line, letter] = marks(tokens[i], i);
      const fill = on ? INK.accent : piece.special || piece.masked ? INK.muted : INK.text;
      return line + label(x, top + i * ROW + 16.5, letter + shorten(piece.text, 20), { fill, "font-weight": on ? 700 : 400, "font-style": piece.masked ? "italic" : "normal" });
    }));
  }

  function matrixOf(scene, side, x, top, cell) {
    const { values, max } = scene.matrix[side];
    const tokens = side === "from" ? scene.rows : scene.cols;
    const parts = [];
    for (let head = 0; head < scene.heads; head++) {
      const on = scene.hovered === null ? scene.active.has(head) : scene.hovered === head;
      if (cell >= 8) parts.push(label(x + (head + 0.5) * cell, top - 5, String(head), { "font-size": 7, "text-anchor": "middle", fill: on ? INK.accent : INK.grey }));
      tokens.forEach((token, i) => {
        const box = { x: (x + head * cell).toFixed(1), y: top + i * ROW + 1, width: (cell - 1).toFixed(1), height: ROW - 2 };
        const share = max ? values[token * scene.heads + head] / max : 0;
        parts.push(tag("rect", { ...box, fill: INK.cell }));
        if (share > 0.004) parts.push(tag("rect", { ...box, fill: on ? INK.accent : INK.grey, "fill-opacity": share.toFixed(3) }));
      });
    }
    return tag("g", {}, ...parts);
  }

  // A PNG of an SVG, at twice its size where the browser can.
  async function png(text) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const scale = Math.min(2, MAX_SIDE / image.naturalHeight, MAX_SIDE / image.naturalWidth);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("the picture is too large for this browser"))), "image/png"));
  }

  return { svg, png, escape };
})();

if (typeof module !== "undefined") module.exports = picture;

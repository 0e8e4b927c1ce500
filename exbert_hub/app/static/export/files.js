// Taking something away: as a file, or through the clipboard.

import { el } from "../core/dom.js";

const KEPT_MS = 10_000; // how long a download can still be fetched

/**
 * @param {string} name
 * @param {BlobPart} content
 * @param {string} type
 * @returns {string} what to say to the user
 */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
  return `Saved ${name}`;
}

/**
 * @param {string} text
 * @param {string} what - it is
 * @returns {Promise<string>} what to say to the user
 */
export async function copy(text, what) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyWithoutClipboard(text); // a page that is not served over https
  return `Copied ${what}`;
}

/** @param {string} text */
function copyWithoutClipboard(text) {
  const box = el("textarea", { "aria-hidden": "true", style: { position: "fixed", opacity: 0 } });
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("the browser does not allow copying");
}

// Numbers as they travel: bytes as base64, attention as the square root of it, differences with a sign.

// Attention travels as 255 * sqrt(a): a table turns a code back into attention.
export const SQUARE = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encodeBase64(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 0x8000) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  }
  return btoa(parts.join(""));
}

/**
 * A signed share that travels as 127 * sign * sqrt(|d|).
 *
 * @param {number} code - of one unsigned byte
 * @returns {number} -1 to 1
 */
export function decodeSigned(code) {
  const root = (code > 127 ? code - 256 : code) / 127;
  return root * Math.abs(root);
}

// What can go wrong in the page's scripts that types do not show. Formatting is prettier's, types are tsc's.
import js from "@eslint/js";
import globals from "globals";

// Rooms of the page, from below: a script imports from its own and from those before it, so that no circle can arise.
const STATIC = "exbert_hub/app/static";
const ROOMS = [
  "core",
  "maths",
  "widgets",
  "export",
  "figure",
  "view",
  "heads",
  "compare",
  "evidence",
  "tour",
  "setup",
];
const arrows = ROOMS.map((room, i) => {
  const above = ["../*.js", ...ROOMS.slice(i + 1).map((other) => `../${other}/*`)];
  const message = `${room} is below that room`;
  return {
    files: [`${STATIC}/${room}/**/*.js`],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: above, message }] }] },
  };
});

export default [
  { ignores: [".venv/", "build/", "dist/"] },
  js.configs.recommended,
  {
    rules: {
      "consistent-this": "error",
      eqeqeq: "error",
      "max-len": ["error", { code: 119, ignoreUrls: false }],
      "max-lines": ["error", 300],
      "no-var": "error",
      "prefer-const": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    files: [`${STATIC}/**/*.js`],
    languageOptions: { globals: globals.browser },
    rules: {
      // text of users reaches the page through text nodes only
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property })),
        { object: "document", property: "write" },
      ],
      "no-eval": "error",
      "no-implied-eval": "error",
    },
  },
  ...arrows,
  { files: ["tests/js/**/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];

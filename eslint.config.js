// What can go wrong in the page's scripts that types do not show. Formatting is prettier's, types are tsc's.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: [".venv/", "node_modules/", "docs/", "build/", "dist/"] },
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
    files: ["exbert_hub/app/static/**/*.js"],
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
  { files: ["tests/js/**/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];

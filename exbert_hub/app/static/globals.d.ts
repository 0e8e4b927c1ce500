// The one name that the script leaves behind.

import type { Page } from "./main.js";

declare global {
  interface Window {
    exbert?: Page;
  }
}

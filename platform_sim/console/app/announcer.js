/** What is said aloud to those who use a screen reader, when it is worth an interruption and not before. */

import { h } from "./elements.js";

const CLEAR_AFTER_MS = 4_000;

export class Announcer {
  #timer = 0;

  constructor() {
    this.element = h("div", { class: "visually-hidden", "aria-live": "polite", id: "announcements" });
  }

  /** Add a sentence to what is being said. */
  say(text) {
    this.element.append(h("p", {}, text));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.element.replaceChildren(), CLEAR_AFTER_MS);
  }
}

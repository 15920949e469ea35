/** The line above a screen that says what went wrong, and has the button to try again. */

import { fill, h, icon } from "./elements.js";
import { t } from "./language.js";
import { Problem } from "./problem.js";

export class Banner {
  element = h("div", { class: "banner", role: "status", hidden: true });

  /**
   * Say what went wrong: in the service's own words where it gave some, else in ours.
   *
   * @param {Error} problem
   * @param {string} fallback our sentence
   * @param {() => void} again
   */
  show(problem, fallback, again) {
    const message = problem instanceof Problem ? problem.userMessage : null;
    const button = h(
      "button",
      { type: "button", class: "button button-small", onclick: again },
      icon("refresh"),
      t("dash.retry.all"),
    );
    fill(
      this.element,
      icon("warning"),
      h("span", { lang: message?.lang, dir: message?.dir }, message?.text ?? fallback),
      button,
    );
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}

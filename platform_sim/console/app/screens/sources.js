/** Where a composed read comes from: a badge for each section, and a sentence for each that failed. */

import { fill, h, icon } from "../elements.js";
import { age, clockTime } from "../formats.js";
import { t } from "../language.js";
import { serviceName } from "../widget-details.js";
import { word } from "../boards/pieces.js";
import { TONES } from "../widget-card.js";

const WHOLE = new Set(["fresh", "cached"]);

export class Sources {
  #context;
  #badges = [];
  #seenAt = null;
  #bad = "";

  constructor(context) {
    this.#context = context;
    this.list = h("ul", { class: "sources", "aria-label": t("board.sources") });
    this.trouble = h("div", { class: "trouble", role: "status" });
    this.seenText = h("span", { class: "caption" });
    this.element = h("div", { class: "source-line" }, this.list, this.seenText, this.trouble);
  }

  /** Show these sections of an answer. */
  show(sections) {
    this.#badges = sections.map((section) => ({ section, text: h("span", {}) }));
    const badge = ({ section, text }) => {
      const title = section.sources.length > 0 ? section.sources.join(", ") : null;
      return h(
        "li",
        {
          class: `badge badge-${TONES[section.outcome] ?? "quiet"}`,
          "data-section": section.id,
          "data-outcome": section.outcome,
          title,
        },
        h("i", { class: "badge-dot" }),
        text,
      );
    };
    fill(this.list, this.#badges.map(badge));
    this.tick();
    this.#complain(sections.filter((section) => !WHOLE.has(section.outcome)));
  }

  /** The whole was read at this moment, whether or not anything had changed. */
  seen(now) {
    this.#seenAt = now;
    const text = t("board.read", { time: clockTime(now, this.#context.timeZone, { seconds: true }) });
    if (this.seenText.textContent !== text) this.seenText.textContent = text;
  }

  tick() {
    for (const { section, text } of this.#badges) {
      const label = t(`section.${section.id}`);
      const old = section.asOf && !WHOLE.has(section.outcome);
      const state = t(`outcome.${section.outcome}`);
      const words = old
        ? `${label} · ${state} · ${age(this.#context.now() - Date.parse(section.asOf))}`
        : `${label} · ${state}`;
      if (text.textContent !== words) text.textContent = words;
    }
  }

  /** Said once when it changes: a screen reader hears of a section that failed, not of one that still fails. */
  #complain(bad) {
    const key = bad.map((section) => `${section.id}:${section.outcome}`).join(" ");
    if (key === this.#bad) return;
    this.#bad = key;
    const sentence = (section) => {
      const message = section.problem?.userMessage;
      return h(
        "li",
        {},
        h("strong", {}, word("section", section.id)),
        " – ",
        h("span", { lang: message?.lang, dir: message?.dir }, message?.text ?? t(`outcome.hint.${section.outcome}`)),
        section.sources.length > 0 &&
          h(
            "span",
            { class: "caption" },
            " (",
            section.sources.map((each, at) => [at > 0 && ", ", serviceName(each)[0]]),
            ")",
          ),
      );
    };
    if (bad.length === 0) fill(this.trouble);
    else
      fill(this.trouble, icon("warning"), h("div", {}, h("p", {}, t("board.partial")), h("ul", {}, bad.map(sentence))));
  }
}

/** How one dashboard arrived: a line of words, and a strip on which every widget leaves a mark at its moment. */

import { fill, h } from "./elements.js";
import { duration } from "./formats.js";
import { t } from "./language.js";

const GUIDES_MS = [50, 200, 600];
const SHORTEST_SCALE_MS = 1000;
const WHOLE = new Set(["fresh", "cached"]);

export class Timeline {
  #words = h("p", { class: "timeline-words" });
  #marks = h("div", { class: "strip-marks" });
  #strip = h("div", { class: "strip", "aria-hidden": "true" });

  constructor() {
    this.element = h("section", { class: "timeline", "aria-label": t("line.label") }, this.#words, this.#strip);
    this.reset();
  }

  /** A request was sent. */
  reset() {
    Object.assign(this, { firstMs: null, total: 0, whole: 0, landed: 0, scaleMs: SHORTEST_SCALE_MS, state: "waiting" });
    this.#marks.replaceChildren();
    this.#strip.replaceChildren(this.#marks);
    this.#strip.dataset.state = "waiting";
    this.#say();
  }

  /** The `start` frame has come. */
  start(atMs, widgets) {
    this.firstMs = atMs;
    this.total = widgets.length;
    this.scaleMs = Math.max(SHORTEST_SCALE_MS, ...widgets.map((each) => (each.deadlineMs ?? 0) + 200));
    this.#guides();
    this.state = "receiving";
    this.#strip.dataset.state = "receiving";
    this.#mark(atMs, "start", t("line.first", { time: duration(atMs) }));
    this.#say();
  }

  /** One widget has landed. */
  land(atMs, outcome, title) {
    this.landed += 1;
    if (WHOLE.has(outcome)) this.whole += 1;
    this.#mark(
      atMs,
      outcome,
      t("line.mark", { widget: title, outcome: t(`outcome.${outcome}`), time: duration(atMs) }),
    );
    this.#say();
  }

  /** The `end` frame has come, or the stream was cut. */
  end(atMs, state) {
    this.state = state;
    this.endMs = atMs;
    this.#strip.dataset.state = state;
    this.#mark(atMs, state === "cut" ? "cut" : "end", duration(atMs));
    this.#say();
  }

  // A square-root scale: most widgets land in the first tenth of the time, and there they must not lie on one another.
  #position(atMs) {
    return `${(Math.sqrt(Math.min(1, atMs / this.scaleMs)) * 100).toFixed(2)}%`;
  }

  #mark(atMs, outcome, title) {
    const mark = h("i", { class: "mark", "data-outcome": outcome, title, vars: { "--at": this.#position(atMs) } });
    this.#marks.append(mark);
  }

  #guides() {
    const guides = GUIDES_MS.filter((each) => each < this.scaleMs);
    const line = (each) =>
      h("span", { class: "guide", vars: { "--at": this.#position(each) } }, h("bdi", {}, duration(each)));
    fill(this.#strip, guides.map(line), this.#marks);
  }

  #say() {
    const part = (text, kind) => h("span", { class: `part part-${kind}` }, text);
    if (this.firstMs === null && this.state === "waiting") return fill(this.#words, part(t("line.waiting"), "wait"));
    const parts = [
      this.firstMs !== null && part(t("line.first", { time: duration(this.firstMs) }), "first"),
      part(t("line.fresh", { n: this.whole, total: this.total }), this.whole === this.total ? "whole" : "partly"),
      this.state === "receiving" && part(t("line.receiving"), "receiving"),
      this.state === "ended" && part(t("line.ended", { time: duration(this.endMs) }), "ended"),
      this.state === "cut" && part(t("line.cut", { time: duration(this.endMs) }), "cut"),
    ];
    return fill(this.#words, parts);
  }
}

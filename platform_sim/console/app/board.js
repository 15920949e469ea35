/** The grid of widgets: their order, their rows, and moving between them with the arrow keys. */

import { isForeign, neighbour, rove } from "./arrow-keys.js";
import { h } from "./elements.js";
import { t } from "./language.js";
import { WidgetCard } from "./widget-card.js";

const COLUMNS = 12;

/**
 * Lay spans out in rows of twelve columns. A role that lacks some widgets would leave holes, so each row's widgets grow in
 * proportion until the row is full.
 *
 * @param {number[]} spans
 * @returns {number[]} the spans to use
 */
export function packRows(spans) {
  const result = [];
  let row = [];
  const close = () => {
    const used = row.reduce((sum, span) => sum + span, 0);
    let left = COLUMNS;
    row.forEach((span, index) => {
      const grown = index === row.length - 1 ? left : Math.round((span / used) * COLUMNS);
      result.push(grown);
      left -= grown;
    });
    row = [];
  };
  for (const wish of spans) {
    const span = Math.max(1, Math.min(COLUMNS, wish || 4));
    if (row.reduce((sum, each) => sum + each, 0) + span > COLUMNS) close();
    row.push(span);
  }
  if (row.length > 0) close();
  return result;
}

export class Board {
  #cards = new Map();
  #context;

  constructor(context) {
    this.#context = context;
    this.element = h("div", { class: "board", role: "group", "aria-label": t("dash.widgets") });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusin", (event) => this.#rove(event.target.closest(".card")));
  }

  get cards() {
    return [...this.#cards.values()];
  }

  card(id) {
    return this.#cards.get(id);
  }

  /** Show exactly these widgets, in this order. Cards that stay keep what they show. */
  expect(plans) {
    const kept = new Map();
    for (const plan of plans) {
      const card = this.#cards.get(plan.id) ?? new WidgetCard(plan, this.#context);
      if (this.#cards.has(plan.id)) card.expect(plan);
      kept.set(plan.id, card);
    }
    this.#cards = kept;
    const spans = packRows(plans.map((plan) => plan.span));
    this.cards.forEach((card, index) => card.element.style.setProperty("--span", spans[index]));
    this.#arrange(this.cards.map((card) => card.element));
  }

  /** Moving a node drops its focus and its open popover, so nothing is touched where the order already fits. */
  #arrange(elements) {
    const same =
      elements.length === this.element.children.length &&
      elements.every((each, at) => this.element.children[at] === each);
    if (!same) this.element.replaceChildren(...elements);
    if (!elements.some((each) => each.tabIndex === 0) && elements.length > 0) elements[0].tabIndex = 0;
  }

  #rove(card) {
    if (card)
      rove(
        this.cards.map((each) => each.element),
        card,
      );
  }

  #onKey(event) {
    if (isForeign(event)) return;
    const elements = this.cards.map((card) => card.element);
    const from = event.target.closest(".card");
    const ends = { Home: elements[0], End: elements.at(-1) };
    const target = event.key.startsWith("Arrow") ? neighbour(elements, from, event.key) : ends[event.key];
    if (target) {
      event.preventDefault();
      target.focus();
      target.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && event.target === from) {
      event.preventDefault();
      from.querySelector(".badge").click();
    }
  }
}

/** The two inboxes: suggestions and alerts, read again every few seconds, each with how old what is shown is. */

import { fill, h } from "../elements.js";
import { ConditionalReads } from "../conditional-reads.js";
import { Feed } from "../feed.js";
import { age } from "../formats.js";
import { has, t } from "../language.js";
import { keepInAddress } from "../places.js";
import { quiet } from "../widgets/figures.js";
import { INBOXES } from "./inbox-cards.js";
import { linesSkeleton } from "./skeleton.js";
import { Sources } from "./sources.js";

const EVERY_MS = 15_000;
const LINES = "50";

export class InboxScreen {
  #context;
  #inbox;
  #id;
  #reads;
  #shownFor = null;
  #cards = new Map();
  #categories = [];
  #items = null;

  /**
   * @param {"suggestions" | "alerts"} id
   * @param {object} context as of a board
   */
  constructor(id, context) {
    this.#id = id;
    this.#inbox = INBOXES[id];
    this.#context = context;
    this.#reads = new ConditionalReads(context.session);
    const { query } = context;
    this.choices = { status: query.get("status") ?? this.#inbox.firstStatus, category: query.get("category") ?? "" };
    this.feed = new Feed({
      everyMs: EVERY_MS,
      timeZone: context.timeZone,
      now: context.now,
      read: (options) => this.#read(options),
      tick: () => this.#tick(),
    });
    this.countdown = this.feed.countdown;
    this.sources = new Sources(context);
    this.found = h("p", { class: "found caption", role: "status" });
    this.list = h("ul", { class: "inbox", "aria-label": t(`nav.${id}`), "aria-busy": "true" });
    this.empty = h("div", { hidden: true });
    fill(this.list, h("li", {}, linesSkeleton()));
    this.element = h(
      "div",
      { class: `board-screen inbox-${id}` },
      this.feed.banner.element,
      this.#tools(),
      this.sources.element,
      this.list,
      this.empty,
    );
    this.feed.element = this.element;
  }

  start() {
    return this.feed.start();
  }

  stop() {
    this.feed.stop();
  }

  refresh(options) {
    return this.feed.refresh(options);
  }

  /** Show the same entries again: something that this page knows of them has changed. */
  repaint() {
    if (this.#items) this.#arrange(this.#items);
  }

  #tools() {
    const status = (value) =>
      h(
        "button",
        {
          type: "button",
          class: "filter",
          "data-status": value,
          "aria-pressed": String(this.choices.status === value),
          onclick: () => this.#choose({ status: value }),
        },
        value ? t(`${this.#inbox.statusWords}.${value}`) : t("board.status.all"),
      );
    this.filters = ["", ...this.#inbox.statuses].map(status);
    this.category = h("select", {
      id: "inbox-category",
      onchange: () => this.#choose({ category: this.category.value }),
    });
    const categories = h(
      "label",
      { class: "field field-inline", hidden: !this.#inbox.hasCategories },
      h("span", {}, t("inbox.category")),
      this.category,
    );
    this.#offerCategories([]);
    return h(
      "div",
      { class: "board-tools" },
      h("div", { class: "filters", role: "group", "aria-label": t("board.status") }, this.filters),
      categories,
      this.found,
    );
  }

  /** Offer the kinds that were seen; the one that is chosen stays, also while nothing of it is there. */
  #offerCategories(items) {
    const chosen = this.choices.category;
    const seen = [...this.#categories, ...items.map((item) => item.category), chosen].filter(Boolean);
    this.#categories = [...new Set(seen)].sort();
    const label = (each) => (has(`ai.category.${each}`) ? t(`ai.category.${each}`) : each.replaceAll(/[_.-]+/g, " "));
    const options = this.#categories.map((each) =>
      h("option", { value: each, selected: each === chosen }, label(each)),
    );
    fill(this.category, h("option", { value: "" }, t("board.status.all")), options);
  }

  #choose(choices) {
    Object.assign(this.choices, choices);
    for (const each of this.filters) {
      each.setAttribute("aria-pressed", String(each.dataset.status === this.choices.status));
    }
    keepInAddress(this.#id, this.choices);
    return this.feed.refresh();
  }

  async #read({ signal, fresh }) {
    const { status, category } = this.choices;
    const query = { limit: LINES, ...(status && { status }), ...(category && { category }) };
    const wanted = JSON.stringify(query);
    let changed = this.#shownFor !== wanted;
    let answer = null;
    const items = [];
    for await (const page of this.#reads.pages(this.#inbox.path, query, { signal, fresh, pageSize: LINES })) {
      answer ??= page.body;
      changed ||= page.changed;
      items.push(...page.body.items);
    }
    if (changed) this.#show(answer, items, wanted);
    this.sources.seen(this.#context.now());
  }

  #show(answer, items, wanted) {
    const first = this.#shownFor !== wanted;
    this.#shownFor = wanted;
    this.sources.show([{ ...answer, id: this.#id }]);
    if (this.#inbox.hasCategories) this.#offerCategories(items);
    this.#announce(items, first);
    this.#arrange(items);
    this.list.removeAttribute("aria-busy");
    const nobodyKnows = answer.asOf === null;
    this.list.hidden = items.length === 0;
    this.empty.hidden = items.length > 0 || nobodyKnows;
    fill(this.empty, quiet(t(this.#inbox.none)));
    const waiting = answer[this.#inbox.counted];
    this.found.textContent = waiting === null ? "" : t(this.#inbox.countWords, { n: waiting });
    if (first) this.#context.announce(this.found.textContent);
  }

  /** A card that has not changed keeps its element, with the focus in it and with what was unfolded. */
  #arrange(items) {
    this.#items = items;
    const before = this.#cards;
    this.#cards = new Map();
    const entries = items.map((item) => {
      const running = this.#context.acts.openOn(item.id);
      const text = JSON.stringify([item, running?.kind, running?.state]);
      const had = before.get(item.id);
      const entry = had?.text === text ? had : { text, row: h("li", {}, this.#inbox.card(item, this.#context)) };
      this.#cards.set(item.id, entry);
      return entry.row;
    });
    const same =
      this.list.children.length === entries.length && entries.every((row, at) => this.list.children[at] === row);
    if (same) return;
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.closest("[data-key]")?.dataset.key;
    this.list.replaceChildren(...entries);
    if (!focused) return;
    // A card that was painted anew has the focus itself; one that has left gives it to the first of the others.
    const card = (id) => this.list.querySelector(id ? `[data-key="${CSS.escape(id)}"]` : "[data-key]");
    const next = focused.isConnected ? focused : (card(key) ?? card(null) ?? document.getElementById("page-title"));
    next.focus({ preventScroll: true });
  }

  #tick() {
    this.sources.tick();
    for (const time of this.list.querySelectorAll("time[data-age]")) {
      const text = age(this.#context.now() - Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  /** Only what was not there before is news; the first list is told by its count. */
  #announce(items, first) {
    for (const item of items) if (!first && !this.#cards.has(item.id)) this.#context.announce(item.title);
  }
}

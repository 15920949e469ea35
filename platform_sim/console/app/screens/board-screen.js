/** One board of the workbench: its counts, filters and lines, read again every few seconds. */

import { BOARDS } from "../boards/index.js";
import { ConditionalReads } from "../conditional-reads.js";
import { fill, h, icon } from "../elements.js";
import { Feed } from "../feed.js";
import { number } from "../formats.js";
import { has, t } from "../language.js";
import { keepInAddress } from "../places.js";
import { linesSkeleton } from "./skeleton.js";
import { Sources } from "./sources.js";

/** The service keeps a board for 15 s; asking more often would only read the same again. */
const EVERY_MS = 15_000;
const FIRST_LINES = "100";
const MORE_LINES = "250";

export class BoardScreen {
  #context;
  #board;
  #id;
  #reads;
  #view = null;
  #shownFor = null;
  #total = 0;
  #last = null;

  /**
   * @param {string} id the board's name on the wire
   * @param {{session: object, timeZone: string, now: () => number, announce: (text: string) => void,
   *   query: URLSearchParams}} context `query` is what the address says was chosen
   */
  constructor(id, context) {
    this.#id = id;
    this.#board = BOARDS[id];
    this.#context = context;
    this.#reads = new ConditionalReads(context.session);
    this.choices = { status: context.query.get("status") ?? "", sort: context.query.get("sort") ?? "" };
    this.feed = new Feed({
      everyMs: EVERY_MS,
      timeZone: context.timeZone,
      now: context.now,
      read: (options) => this.#read(options),
      tick: () => this.sources.tick(),
    });
    this.countdown = this.feed.countdown;
    this.sources = new Sources(context);
    this.tally = h("dl", { class: "tally" });
    this.found = h("p", { class: "found caption", role: "status" });
    this.body = h("div", { class: "board-body", "aria-busy": "true" }, linesSkeleton());
    this.element = h(
      "div",
      { class: `board-screen board-${id}` },
      this.feed.banner.element,
      this.tally,
      this.#tools(),
      this.sources.element,
      this.body,
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

  /** Show the same lines again: something that this page knows of them has changed. */
  repaint() {
    if (!this.#last) return;
    this.#view.show(this.#last.items, this.#last.answer);
    this.#filter();
  }

  /** Do what the keyboard map calls this with the line or card that has the focus, where it can be done. */
  act(binding) {
    const key = document.activeElement?.closest("[data-key]")?.dataset.key;
    const item = key && this.#view?.itemOf?.(key);
    const act = item && this.#board.acts?.(item, this.#context).find((each) => each.binding === binding);
    if (act) act.open(item, this.#context);
    else this.#context.announce(t("acts.nothing"));
  }

  #tools() {
    this.search = h("input", {
      type: "search",
      id: "board-filter",
      autocomplete: "off",
      placeholder: t("board.filter.placeholder"),
      "aria-label": t("board.filter"),
      oninput: () => this.#filter(),
    });
    const sorts = this.#board.sorts.map((sort) => h("option", { value: sort }, t(`sort.${sort}`)));
    this.sort = h("select", { id: "board-sort", onchange: () => this.#choose({ sort: this.sort.value }) }, sorts);
    if (this.#board.sorts.includes(this.choices.sort)) this.sort.value = this.choices.sort;
    return h(
      "div",
      { class: "board-tools" },
      h("div", { class: "search" }, icon("search"), this.search),
      h("div", { class: "filters", role: "group", "aria-label": t("board.status") }, this.#statusButtons()),
      h("label", { class: "field field-inline" }, h("span", {}, t("board.sort")), this.sort),
      this.found,
    );
  }

  #statusButtons() {
    const { statuses, statusWords } = this.#board;
    const one = (value, label) =>
      h(
        "button",
        {
          type: "button",
          class: "filter",
          "data-status": value,
          "aria-pressed": String(this.choices.status === value),
          onclick: () => this.#choose({ status: value }),
        },
        label,
      );
    this.filters = [one("", t("board.status.all")), ...statuses.map((each) => one(each, t(`${statusWords}.${each}`)))];
    return this.filters;
  }

  /** The service filters and orders: it knows all the lines, and the order of what this page can't see. */
  #choose(choices) {
    Object.assign(this.choices, choices);
    for (const each of this.filters) {
      each.setAttribute("aria-pressed", String(each.dataset.status === this.choices.status));
    }
    keepInAddress(this.#id, this.choices);
    return this.feed.refresh();
  }

  #filter() {
    if (!this.#view) return;
    this.#count(this.#view.filter(this.search.value));
  }

  async #read({ signal, fresh }) {
    const { status, sort } = this.choices;
    const query = { limit: FIRST_LINES, ...this.#board.query, ...(status && { status }), ...(sort && { sort }) };
    const wanted = JSON.stringify(query);
    const first = this.#shownFor !== wanted;
    const items = [];
    let answer = null;
    let changed = first;
    for await (const page of this.#reads.pages(this.#board.path, query, { signal, fresh, pageSize: MORE_LINES })) {
      answer ??= page.body;
      changed ||= page.changed;
      items.push(...page.body.items);
      // What is new is shown page by page; what is known already is changed in one piece, so that nothing jumps.
      if (first && page.body.nextCursor) this.#show(answer, items, wanted);
    }
    if (changed) this.#show(answer, items, wanted);
    this.sources.seen(this.#context.now());
  }

  #show(answer, items, wanted) {
    const announce = this.#shownFor !== wanted;
    this.#shownFor = wanted;
    this.#total = answer.counts.matching ?? items.length;
    this.sources.show(answer.sections);
    this.#showTally(answer.counts);
    if (!this.#view) {
      this.#view = this.#board.view(this.#context, answer);
      fill(this.body, this.#view.nodes);
      this.body.removeAttribute("aria-busy");
    }
    this.#last = { items, answer };
    this.#view.show(items, answer);
    this.#filter();
    if (announce) this.#context.announce(this.found.textContent);
  }

  #showTally(counts) {
    const one = ([key, tone]) => {
      const own = `tally.${this.#id}.${key}`;
      const value = counts[key];
      const loud = tone && value > 0 ? ` tally-${tone}` : "";
      const figure = value === null || value === undefined ? "–" : number(value);
      return h(
        "div",
        { class: `tally-one${loud}` },
        h("dt", {}, t(has(own) ? own : `tally.${key}`)),
        h("dd", {}, figure),
      );
    };
    fill(this.tally, this.#board.tally.map(one));
  }

  #count(shown) {
    const text = t("board.shown", { n: shown, total: this.#total });
    if (this.found.textContent !== text) this.found.textContent = text;
  }
}

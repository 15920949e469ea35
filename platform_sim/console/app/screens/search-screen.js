/** The guest search: by name in any script, by telephone number, by code. */

import { ConditionalReads } from "../conditional-reads.js";
import { Banner } from "../banner.js";
import { fill, h, icon } from "../elements.js";
import { t } from "../language.js";
import { Problem, Unreachable } from "../problem.js";
import { searchList } from "../boards/stays.js";

/** Long enough that nobody is asked at every letter, short enough that nobody waits. */
const PAUSE_MS = 250;
const ROWS = "50";
const MOST_ROWS = 200;
const LONGEST = 100;

export class SearchScreen {
  #context;
  #reads;
  #running = null;
  #timer = 0;

  constructor(context) {
    this.#context = context;
    this.#reads = new ConditionalReads(context.session);
    this.banner = new Banner();
    this.input = h("input", {
      type: "search",
      id: "guest-search",
      class: "search-large",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: LONGEST,
      placeholder: t("search.placeholder"),
      "aria-label": t("nav.search"),
      "aria-describedby": "search-hint",
      oninput: () => this.#typed(),
    });
    const form = h(
      "form",
      { class: "search-form", role: "search", onsubmit: (event) => this.#submitted(event) },
      h("div", { class: "search" }, icon("search"), this.input),
      h("p", { class: "caption", id: "search-hint" }, t("search.hint")),
    );
    this.found = h("p", { class: "caption", role: "status" });
    this.view = searchList(context);
    this.results = h("div", {}, this.view.nodes);
    this.results.hidden = true;
    this.element = h(
      "div",
      { class: "board-screen search-screen" },
      this.banner.element,
      form,
      this.found,
      this.results,
    );
  }

  start() {
    this.element.dataset.read = "whole";
    this.input.focus();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
  }

  #submitted(event) {
    event.preventDefault();
    clearTimeout(this.#timer);
    this.#look();
  }

  /** Ask for what is typed now. An older question that is still under way is dropped. */
  async #look() {
    this.#running?.abort();
    const query = this.input.value.trim();
    if (!query) {
      this.results.hidden = true;
      fill(this.found);
      this.banner.hide();
      return;
    }
    const running = new AbortController();
    this.#running = running;
    delete this.element.dataset.read;
    this.element.setAttribute("aria-busy", "true");
    try {
      this.#show(await this.#find(query, running.signal));
      this.banner.hide();
      this.element.dataset.read = "whole";
    } catch (problem) {
      if (running.signal.aborted) return;
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
      this.banner.show(problem, t(problem instanceof Unreachable ? "feed.offline.plain" : "feed.failed"), () =>
        this.#look(),
      );
      this.element.dataset.read = "failed";
    }
    this.element.removeAttribute("aria-busy");
  }

  async #find(query, signal) {
    const items = [];
    let more = false;
    for await (const page of this.#reads.pages("/reservations", { query, limit: ROWS }, { signal, pageSize: ROWS })) {
      items.push(...page.body.items);
      more = page.body.nextCursor !== null;
      if (items.length >= MOST_ROWS) break;
    }
    return { items, more };
  }

  #show({ items, more }) {
    this.results.hidden = items.length === 0;
    this.view.show(items);
    if (items.length === 0) this.found.textContent = t("search.none");
    else this.found.textContent = t(more ? "search.many" : "search.found", { n: items.length });
  }
}

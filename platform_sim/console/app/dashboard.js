/** The dashboard: asks for it, paints it as it comes, says how it came, and asks again. */

import { Banner } from "./banner.js";
import { Board } from "./board.js";
import { dashboardFrames, readWidget, StreamCut } from "./dashboard-stream.js";
import { fill, h } from "./elements.js";
import { language, t } from "./language.js";
import { placeOfWidget } from "./places.js";
import { Problem, Unreachable } from "./problem.js";
import { Timeline } from "./timeline.js";

const REFRESH_MS = 30_000;
const AFTER_FAILURE_MS = 5_000;
const SECOND_MS = 1_000;
const WHOLE = new Set(["fresh", "cached"]);

export class Dashboard {
  #session;
  #property;
  #announce;
  #stream = null;
  #nextAt = 0;
  #ticker = 0;
  #spoken = new Map();

  /**
   * @param {{session: import("./session.js").Session, property: {id: string, timezone: string}, now: () => number,
   *   announce: (text: string) => void}} parts
   */
  constructor({ session, property, now, announce }) {
    this.#session = session;
    this.#property = property;
    this.#announce = announce;
    this.timeline = new Timeline();
    const placeOf = (widget) => placeOfWidget(widget, session.who.roles);
    this.board = new Board({ timeZone: property.timezone, now, retry: (id) => this.retry(id), placeOf });
    this.banner = new Banner();
    this.countdown = h("span", { class: "countdown", "aria-hidden": "true" });
    this.element = h("div", { class: "dashboard" }, this.timeline.element, this.banner.element, this.board.element);
  }

  start() {
    this.#ticker = setInterval(() => this.#tick(), SECOND_MS);
    return this.refresh();
  }

  stop() {
    clearInterval(this.#ticker);
    this.#stream?.abort();
  }

  /** Ask for the whole dashboard. `fresh` asks the caches to stand aside. A running stream gives way to the new one. */
  async refresh({ fresh = false } = {}) {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    this.#nextAt = 0;
    const sent = performance.now();
    this.timeline.reset();
    try {
      await this.#receive(stream.signal, fresh);
      this.banner.hide();
      this.element.dataset.read = "whole";
      this.#nextAt = performance.now() + REFRESH_MS;
    } catch (problem) {
      if (stream.signal.aborted) return;
      this.#fail(problem, performance.now() - sent);
      this.#nextAt = performance.now() + AFTER_FAILURE_MS;
    }
    this.#announceEnd();
  }

  /** Read these widgets again, as far as they are here; nobody asked for it, so nothing is said of one that fails. */
  async freshen(ids) {
    const cards = ids.map((id) => this.board.card(id)).filter(Boolean);
    const read = async (card) => {
      const late = AbortSignal.timeout(REFRESH_MS);
      const request = { language: language().tag, propertyId: this.#property.id, fresh: false, signal: late };
      try {
        card.land(await readWidget(this.#session, card.id, request), null);
      } catch (problem) {
        if (!(problem instanceof Problem) && !(problem instanceof Unreachable) && problem.name !== "TimeoutError")
          throw problem;
      }
    };
    await Promise.all(cards.map(read));
  }

  /** Read one widget again. */
  async retry(id) {
    const card = this.board.card(id);
    const hadFocus = card.element.contains(document.activeElement);
    card.busy();
    try {
      const request = {
        language: language().tag,
        propertyId: this.#property.id,
        signal: AbortSignal.timeout(REFRESH_MS),
      };
      card.land(await readWidget(this.#session, id, request), null);
      this.#announce(t("widget.announce", { widget: card.name, outcome: t(`outcome.${card.outcome}`) }));
    } catch (problem) {
      card.idle();
      this.#showBanner(problem);
    }
    // The button that was pressed is gone; the focus stays with its widget rather than falling to the page.
    if (hadFocus && !card.element.contains(document.activeElement)) card.element.focus();
  }

  async #receive(signal, fresh) {
    const request = { language: language().tag, propertyId: this.#property.id, fresh, signal };
    for await (const { frame, atMs } of dashboardFrames(this.#session, request)) {
      if (frame.frame === "start") {
        this.board.expect(frame.widgets);
        this.timeline.start(atMs, frame.widgets);
        if (frame.widgets.length === 0) fill(this.board.element, h("p", { class: "quiet" }, t("dash.empty")));
      } else if (frame.frame === "widget") {
        const card = this.board.card(frame.id);
        card?.land(frame, atMs);
        this.timeline.land(atMs, frame.outcome, card?.name ?? frame.id);
      } else if (frame.frame === "end") {
        this.timeline.end(atMs, "ended");
      }
    }
  }

  #fail(problem, atMs) {
    for (const card of this.board.cards) card.cut();
    this.timeline.end(atMs, "cut");
    this.#showBanner(problem);
  }

  #showBanner(problem) {
    let text = t("dash.failed");
    if (problem instanceof StreamCut) text = t("dash.cut");
    else if (problem instanceof Unreachable) text = t("dash.failed.network");
    this.banner.show(problem, text, () => this.refresh({ fresh: true }));
  }

  /** Say what changed once a widget has ended. Sixteen widgets that are as well as before are no news. */
  #announceEnd() {
    const cards = this.board.cards;
    const before = this.#spoken;
    this.#spoken = new Map(cards.map((card) => [card.id, card.outcome]));
    if (before.size === 0) {
      const fresh = cards.filter((card) => WHOLE.has(card.outcome)).length;
      this.#announce(t("widget.announce.done", { fresh, total: cards.length }));
    }
    for (const card of cards) {
      const was = before.get(card.id) ?? "fresh";
      if (WHOLE.has(was) === WHOLE.has(card.outcome)) continue;
      this.#announce(t("widget.announce", { widget: card.name, outcome: t(`outcome.${card.outcome}`) }));
    }
  }

  #tick() {
    for (const card of this.board.cards) card.tick();
    if (this.#nextAt === 0) {
      this.countdown.textContent = "";
      return;
    }
    const left = this.#nextAt - performance.now();
    this.countdown.textContent = t("dash.next", { n: Math.max(0, Math.ceil(left / SECOND_MS)) });
    // A hidden window has no reader: it asks again when it is looked at.
    if (left <= 0 && document.visibilityState === "visible") this.refresh();
  }
}

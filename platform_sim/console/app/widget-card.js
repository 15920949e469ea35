/** The frame around a widget: title, how it came, how old it is, and what stands there while or unless it comes. */

import { h, icon } from "./elements.js";
import { age, duration } from "./formats.js";
import { t } from "./language.js";
import { detailRows } from "./widget-details.js";
import { PAINTERS } from "./widgets/index.js";

/** How an outcome looks. */
export const TONES = {
  fresh: "good",
  cached: "good",
  stale: "warn",
  fallback: "warn",
  timeout: "bad",
  breaker_open: "bad",
  shed: "bad",
  forbidden: "quiet",
  error: "bad",
  cut: "bad",
  pending: "quiet",
};

function skeleton(plan) {
  const lines = Math.max(1, Math.min(6, plan.skeleton?.lines ?? 3));
  return h(
    "div",
    { class: `skeleton skeleton-${plan.kind}`, "aria-hidden": "true" },
    h("span", { class: "bone bone-figure" }),
    Array.from({ length: lines }, () => h("span", { class: "bone" })),
  );
}

export class WidgetCard {
  /**
   * @param {object} plan the widget's entry of the `start` frame
   * @param {{timeZone: string, now: () => number, retry: (id: string) => void, placeOf: (id: string) => string | null}}
   *   context
   */
  constructor(plan, context) {
    this.id = plan.id;
    this.context = context;
    this.landedMs = null;
    this.frame = null;
    this.title = h("h2", { id: `title-${plan.id}` });
    this.badgeText = h("span", {});
    this.badgeName = h("span", { class: "visually-hidden" });
    this.details = h("div", { class: "details", popover: "auto", id: `details-${plan.id}` });
    this.badge = h(
      "button",
      { type: "button", class: "badge", popovertarget: this.details.id },
      h("i", { class: "badge-dot" }),
      this.badgeText,
      this.badgeName,
    );
    this.body = h("div", { class: "card-body" });
    this.element = h(
      "article",
      { class: `card kind-${plan.kind}`, "data-widget": plan.id, "aria-labelledby": this.title.id, tabindex: "-1" },
      h("header", { class: "card-head" }, this.title, this.badge, this.details),
      this.body,
    );
    this.details.addEventListener("beforetoggle", (event) => {
      if (event.newState === "open") this.details.replaceChildren(detailRows(this));
    });
    this.expect(plan);
  }

  /** A new stream has promised this widget: keep what is shown, and show that something newer is on its way. */
  expect(plan) {
    this.plan = plan;
    this.awaited = true;
    this.#entitle(plan.title ?? plan.id);
    this.badgeName.textContent = t("widget.details", { widget: this.name });
    this.element.setAttribute("aria-busy", "true");
    if (plan.state === "stale" && plan.data && !this.frame?.data) this.#showLastKnown(plan);
    else if (!this.frame?.data) this.#paint("pending", skeleton(plan));
  }

  /** The title leads to where the widget's subject is worked on, for whoever has that place. */
  #entitle(text) {
    if (this.name === text) return;
    const place = this.context.placeOf(this.id);
    this.title.replaceChildren(place ? h("a", { href: `#/${place}` }, text) : text);
  }

  /** The widget's frame has come. `atMs` counts from the request; null where it was read alone. */
  land(frame, atMs) {
    this.frame = frame;
    this.landedMs = atMs;
    this.#settle(frame.outcome);
    const content = frame.data ? this.#content(frame.data) : [this.#failure(frame)];
    const notice = frame.data && frame.problem ? [this.#notice(frame)] : [];
    this.#paint(frame.outcome, ...notice, ...content);
  }

  /** The stream ended before this widget came. */
  cut() {
    if (!this.awaited) return;
    this.#settle("cut");
    if (!this.frame?.data) this.#paint("cut", this.#failure({ outcome: "cut", problem: null }));
    else this.#badge("cut");
  }

  /** Show that the widget is read again on its own. */
  busy() {
    this.element.setAttribute("aria-busy", "true");
    this.element.classList.add("is-retrying");
  }

  /** The attempt to read it alone ended without a frame. */
  idle() {
    this.element.removeAttribute("aria-busy");
    this.element.classList.remove("is-retrying");
  }

  /** Let the age grow. */
  tick() {
    const asOf = this.frame?.asOf ?? (this.outcome === "stale" ? this.plan.asOf : null);
    const text =
      asOf && this.shows
        ? `${t(`outcome.${this.outcome}`)} · ${age(this.context.now() - Date.parse(asOf))}`
        : t(`outcome.${this.outcome}`);
    if (this.badgeText.textContent !== text) this.badgeText.textContent = text;
  }

  get name() {
    return this.title.textContent;
  }

  #settle(outcome) {
    this.awaited = false;
    this.outcome = outcome;
    this.idle();
  }

  #paint(outcome, ...nodes) {
    this.shows = outcome !== "pending" && !nodes.some((node) => node instanceof Element && node.matches(".failure"));
    this.body.replaceChildren(...nodes.flat().filter(Boolean));
    this.#badge(outcome);
  }

  #badge(outcome) {
    this.outcome = outcome;
    this.element.dataset.outcome = outcome;
    this.badge.className = `badge badge-${TONES[outcome] ?? "quiet"}`;
    this.tick();
  }

  #showLastKnown(plan) {
    this.#paint("stale", ...this.#content(plan.data));
  }

  #content(data) {
    const paint = PAINTERS[this.id];
    if (!paint) return [h("p", { class: "quiet" }, t("widget.unknown"))];
    return paint(data, this.context).filter(Boolean);
  }

  #message(frame) {
    const message = frame.problem?.userMessage;
    if (!message?.text) return h("span", {}, t(`outcome.hint.${frame.outcome}`));
    return h("span", { lang: message.lang, dir: message.dir }, message.text);
  }

  #retry() {
    const label = t("widget.retry.label", { widget: this.name });
    const again = () => this.context.retry(this.id);
    return h(
      "button",
      { type: "button", class: "button button-small", "aria-label": label, onclick: again },
      icon("refresh"),
      t("widget.retry"),
    );
  }

  #notice(frame) {
    return h("div", { class: "notice" }, icon("warning"), this.#message(frame), this.#retry());
  }

  #failure(frame) {
    const waited =
      frame.upstreamMs > 0
        ? h("p", { class: "caption" }, t("widget.waited", { time: duration(frame.upstreamMs) }))
        : null;
    return h(
      "div",
      { class: "failure" },
      h("p", { class: "failure-title" }, t("widget.failed")),
      h("p", { class: "failure-text" }, this.#message(frame)),
      waited,
      frame.outcome !== "forbidden" && this.#retry(),
    );
  }
}

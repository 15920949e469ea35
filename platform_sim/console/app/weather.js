/** The weather: how each system of the simulated platform behaves, as switches. */

import { fill, h, icon } from "./elements.js";
import { has, t } from "./language.js";
import { Network } from "./network.js";

const FAULTS = "/_control/faults";
const FEEDS = {
  "reservation-service": ["arrivals", "departures", "in-house", "arrivals-at-risk"],
  "inventory-service": ["occupancy", "outlook"],
  "analytics-service": ["occupancy", "adr", "revpar"],
  "housekeeping-service": ["rooms", "arrivals-at-risk"],
  "maintenance-service": ["work-orders"],
  "pricing-service": ["rates"],
  "billing-service": ["balances"],
  "notification-service": ["alerts"],
  "ai-orchestrator-service": ["suggestions"],
  "property-service": ["property"],
  "tenant-service": [],
  "iam-service": [],
  "lock-integration-service": [],
  "sync-service": [],
};
/** The services that feed tiles: "all but one bad" is about these, since without iam nobody is signed in at all. */
const FEEDING = Object.keys(FEEDS).filter((service) => FEEDS[service].length > 0);
const MODES = {
  latency: { mode: "latency", latencyMs: 2000 },
  hang: { mode: "hang" },
  error: { mode: "error", status: 503 },
  reset: { mode: "reset" },
  drip: { mode: "drip" },
  malformed: { mode: "malformed" },
  huge: { mode: "huge" },
  slow_tail: { mode: "slow_tail" },
};
const ICON_OF = { healthy: "sun", latency: "weather", slow_tail: "weather", drip: "weather" };

async function control(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  return response;
}

/** Modes by service from the simulator's list, in either of the forms in which it may tell them. */
function modesOf(document) {
  const list = document.faults ?? document.items ?? document;
  const pairs = Array.isArray(list) ? list.map((each) => [each.service, each]) : Object.entries(list);
  return Object.fromEntries(pairs.map(([service, rule]) => [service, (Array.isArray(rule) ? rule[0] : rule)?.mode]));
}

export class Weather {
  #changed;
  #titleOf;
  #modes = {};
  #rows = new Map();
  #status = h("p", { class: "weather-status", role: "status" });

  /**
   * @param {{changed: () => void, closed: () => void, titleOf: (widget: string) => string | null, route: object}} parts
   *   `changed` is told when something behaves differently from now on; `route` is the way to the service
   */
  constructor({ changed, closed, titleOf, route }) {
    this.#changed = changed;
    this.#titleOf = titleOf;
    this.heading = h("h2", { id: "weather-title", tabindex: "-1" }, t("weather.title"));
    const failed = () => {
      this.#status.textContent = t("weather.failed");
    };
    this.network = new Network({ route, changed, failed });
    const close = h(
      "button",
      { type: "button", class: "button button-icon", "aria-label": t("weather.close"), onclick: closed },
      icon("close"),
    );
    this.element = h(
      "aside",
      { class: "weather", "aria-labelledby": "weather-title", hidden: true },
      h("header", { class: "weather-head" }, this.heading, close),
      h("p", { class: "caption" }, t("weather.lead")),
      this.#status,
      this.#storm(),
      this.network.element,
      h("h3", { class: "eyebrow" }, t("weather.systems")),
      h(
        "ul",
        { class: "systems" },
        Object.keys(FEEDS).map((service) => this.#row(service)),
      ),
    );
  }

  /** Show the panel with the simulator's present state. */
  async open() {
    this.element.hidden = false;
    this.heading.focus();
    await this.read();
  }

  close() {
    this.element.hidden = true;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** How many systems are in trouble. */
  get troubled() {
    return Object.values(this.#modes).filter(Boolean).length;
  }

  /** Ask the simulator how things stand: somebody else may have changed them. */
  async read() {
    try {
      const response = await control("GET", FAULTS);
      this.#modes = modesOf(await response.json());
      this.#show();
    } catch {
      this.#status.textContent = t("weather.failed");
    }
  }

  #row(service) {
    const label = has(`service.${service}`) ? t(`service.${service}`) : service;
    const feeds = h("span", { class: "caption" });
    const sign = h("span", { class: "system-sign" }, icon("sun"));
    const options = ["healthy", ...Object.keys(MODES)].map((mode) => h("option", { value: mode }, t(`mode.${mode}`)));
    const select = h(
      "select",
      { "aria-label": label, "data-service": service, onchange: () => this.#choose(service, select.value) },
      options,
    );
    const row = h(
      "li",
      { class: "system" },
      sign,
      h("span", { class: "system-name" }, h("span", {}, label), feeds),
      select,
    );
    this.#rows.set(service, { row, sign, select, feeds });
    return row;
  }

  #storm() {
    const services = FEEDING.map((service) => h("option", { value: service }, t(`service.${service}`)));
    const modes = Object.keys(MODES).map((mode) => h("option", { value: mode }, t(`mode.${mode}`)));
    this.survivor = h("select", { id: "storm-survivor" }, services);
    this.stormMode = h("select", { id: "storm-mode" }, modes);
    this.stormMode.value = "hang";
    return h(
      "div",
      { class: "storm" },
      h(
        "button",
        { type: "button", class: "button button-wide", id: "clear-skies", onclick: () => this.#clear() },
        icon("sun"),
        t("weather.all.hint"),
      ),
      h(
        "div",
        { class: "storm-box" },
        h("label", { class: "field" }, h("span", {}, t("weather.survivor")), this.survivor),
        h("label", { class: "field" }, h("span", {}, t("weather.stormmode")), this.stormMode),
        h(
          "button",
          {
            type: "button",
            class: "button button-wide button-danger",
            id: "all-but-one",
            onclick: () => this.#allButOne(),
          },
          icon("storm"),
          t("weather.storm"),
        ),
      ),
    );
  }

  async #choose(service, mode) {
    await this.#apply([[service, mode]]);
  }

  async #allButOne() {
    const kept = this.survivor.value;
    await this.#apply(FEEDING.map((service) => [service, service === kept ? "healthy" : this.stormMode.value]));
  }

  async #clear() {
    try {
      await control("DELETE", FAULTS);
      this.#modes = {};
      this.#show();
      this.#changed();
    } catch {
      this.#status.textContent = t("weather.failed");
    }
  }

  async #apply(choices) {
    try {
      await Promise.all(
        choices.map(([service, mode]) =>
          mode === "healthy"
            ? control("DELETE", `${FAULTS}/${service}`)
            : control("PUT", `${FAULTS}/${service}`, MODES[mode]),
        ),
      );
      for (const [service, mode] of choices) this.#modes[service] = mode === "healthy" ? null : mode;
      this.#show();
      this.#changed();
    } catch {
      await this.read();
      this.#status.textContent = t("weather.failed");
    }
  }

  /** The widgets that live of a system, by the names that they have on this desk's dashboard. */
  #feedsOf(service) {
    if (FEEDS[service].length === 0) return t("weather.nofeeds");
    return FEEDS[service]
      .map((widget) => this.#titleOf(widget))
      .filter(Boolean)
      .join(" · ");
  }

  #show() {
    for (const [service, { row, sign, select, feeds }] of this.#rows) {
      feeds.textContent = this.#feedsOf(service);
      const mode = this.#modes[service] ?? "healthy";
      row.classList.toggle("is-troubled", mode !== "healthy");
      fill(sign, icon(ICON_OF[mode] ?? "storm"));
      // A mode that was set elsewhere must be shown, also one that this panel does not offer.
      if (![...select.options].some((option) => option.value === mode)) {
        select.append(h("option", { value: mode }, has(`mode.${mode}`) ? t(`mode.${mode}`) : mode));
      }
      select.value = mode;
    }
    this.#status.textContent = this.troubled === 0 ? t("weather.all") : t("weather.count", { n: this.troubled });
    this.#status.classList.toggle("is-troubled", this.troubled > 0);
  }
}

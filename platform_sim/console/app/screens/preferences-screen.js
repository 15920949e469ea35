/** The operator's preferences: those for every desk, kept by the service, and those of this desk alone. */

import { Banner } from "../banner.js";
import { ConditionalReads } from "../conditional-reads.js";
import { fill, h } from "../elements.js";
import { t } from "../language.js";
import { applyPreferences, DENSITIES, THEME_WORDS } from "../preferences.js";
import { Problem, Unreachable } from "../problem.js";
import { settings } from "../settings.js";
import { languageSelect, themeSelect } from "../switches.js";

const CHANGED_MEANWHILE = 412;

export class PreferencesScreen {
  #session;
  #announce;
  #stop = new AbortController();
  #preferences = null;
  #etag = null;
  /** One key for what is to be saved: sending it again after a cut connection does it once. */
  #key = null;

  constructor({ session, announce }) {
    this.#session = session;
    this.#announce = announce;
    this.banner = new Banner();
    this.everywhere = h("div", { class: "preferences-form", "aria-busy": "true" });
    this.element = h(
      "div",
      { class: "board-screen preferences" },
      this.banner.element,
      h("section", { class: "panel" }, h("h2", {}, t("prefs.everywhere")), this.everywhere),
      h("section", { class: "panel" }, h("h2", {}, t("prefs.here")), this.#here()),
    );
  }

  start() {
    return this.#read();
  }

  stop() {
    this.#stop.abort();
  }

  #here() {
    const toggle = h("input", {
      type: "checkbox",
      checked: settings.shortcuts,
      onchange: () => settings.change({ shortcuts: toggle.checked }),
    });
    return h(
      "div",
      { class: "preferences-form" },
      h("p", { class: "caption" }, t("prefs.here.hint")),
      languageSelect(),
      themeSelect(),
      h("label", { class: "toggle" }, toggle, h("span", {}, t("help.enabled"))),
    );
  }

  async #read() {
    await this.#attempt(async () => {
      const { body, etag } = await new ConditionalReads(this.#session).read("/preferences", {
        signal: this.#stop.signal,
      });
      this.#take(body, etag);
      this.#showForm();
    });
  }

  #take(preferences, etag) {
    this.#preferences = preferences;
    this.#etag = etag;
    this.#key = null;
    applyPreferences(preferences);
  }

  #showForm() {
    const option = (words, chosen) => (value) =>
      h("option", { value, selected: value === chosen }, t(`${words}.${value}`));
    const { theme, density } = this.#preferences;
    const changed = () => {
      this.#key = null;
      this.saved.textContent = "";
    };
    const select = (id, options) => h("select", { id, onchange: changed }, options);
    this.theme = select("pref-theme", Object.keys(THEME_WORDS).map(option("prefs.theme", theme)));
    this.density = select("pref-density", DENSITIES.map(option("prefs.density", density)));
    this.save = h("button", { type: "submit", class: "button button-primary" }, t("prefs.save"));
    this.saved = h("p", { class: "caption", role: "status" });
    const field = (label, control) => h("label", { class: "field" }, h("span", {}, t(label)), control);
    fill(
      this.everywhere,
      h(
        "form",
        { onsubmit: (event) => this.#submitted(event) },
        field("nav.theme", this.theme),
        field("prefs.density", this.density),
        this.save,
        this.saved,
      ),
    );
    this.everywhere.removeAttribute("aria-busy");
  }

  async #submitted(event) {
    event.preventDefault();
    this.save.disabled = true;
    await this.#attempt(() => this.#write());
    this.save.disabled = false;
  }

  /** Replace the preferences, unless somebody did so meanwhile; members that this form does not show stay as they are. */
  async #write() {
    const { version: _version, ...kept } = this.#preferences;
    const body = { ...kept, theme: this.theme.value, density: this.density.value };
    this.#key ??= crypto.randomUUID();
    const headers = { Accept: "application/json", "X-Idempotency-Key": this.#key };
    if (this.#etag) headers["If-Match"] = this.#etag;
    const options = { headers, body, signal: this.#stop.signal };
    try {
      const response = await this.#session.send("PUT", "/preferences", options);
      this.#take(await response.json(), response.headers.get("ETag"));
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== CHANGED_MEANWHILE) throw problem;
      await this.#read();
      this.saved.textContent = t("prefs.meanwhile");
      return;
    }
    this.saved.textContent = t("prefs.saved");
    this.#announce(t("prefs.saved"));
  }

  async #attempt(what) {
    delete this.element.dataset.read;
    try {
      await what();
      this.banner.hide();
      this.element.dataset.read = "whole";
    } catch (problem) {
      if (this.#stop.signal.aborted) return;
      if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
      const text = t(problem instanceof Unreachable ? "feed.offline.plain" : "feed.failed");
      this.banner.show(problem, text, () => this.#attempt(what));
      this.element.dataset.read = "failed";
    }
  }
}

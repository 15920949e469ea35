/** The operator's preferences: those for every desk, as the service has them, and those of this desk alone. */

import { ConditionalReads } from "../conditional-reads.js";
import { detailList } from "../details-dialog.js";
import { code, fill, h } from "../elements.js";
import { Feed } from "../feed.js";
import { number } from "../formats.js";
import { has, t } from "../language.js";
import { applyPreferences } from "../preferences.js";
import { settings } from "../settings.js";
import { languageSelect, themeSelect } from "../switches.js";

/** They hardly ever change; where somebody changed them at another desk, this one follows soon. */
const EVERY_MS = 60_000;

export class PreferencesScreen {
  #reads;

  constructor({ session, timeZone, now }) {
    this.#reads = new ConditionalReads(session);
    this.feed = new Feed({ everyMs: EVERY_MS, timeZone, now, read: (options) => this.#read(options) });
    this.countdown = this.feed.countdown;
    this.everywhere = h("div", { class: "preferences-list", "aria-busy": "true" });
    this.element = h(
      "div",
      { class: "board-screen preferences" },
      this.feed.banner.element,
      h("section", { class: "panel" }, h("h2", {}, t("prefs.everywhere")), this.everywhere),
      h("section", { class: "panel" }, h("h2", {}, t("prefs.here")), this.#here()),
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

  async #read(options) {
    const { body, changed } = await this.#reads.read("/preferences", options);
    if (!changed) return;
    const { version, ...chosen } = body;
    applyPreferences(body);
    const rows = Object.entries(chosen).map(([name, value]) => [nameOf(name), valueOf(name, value)]);
    fill(this.everywhere, detailList([...rows, [t("prefs.version"), number(version)]]));
    this.everywhere.removeAttribute("aria-busy");
  }
}

/** Members are tenant-service's, which may have more than we have words for. */
function nameOf(name) {
  return has(`prefs.${name}`) ? t(`prefs.${name}`) : code(name);
}

function valueOf(name, value) {
  if (typeof value === "string" && has(`prefs.${name}.${value}`)) return t(`prefs.${name}.${value}`);
  if (Array.isArray(value) && value.length === 0) return t("prefs.none");
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

/** The operator's preferences: those for every desk, as the service has them, and those of this desk alone. */

import { choiceField } from "../acting/fields.js";
import { ConditionalReads } from "../conditional-reads.js";
import { detailList } from "../details-dialog.js";
import { code, fill, h } from "../elements.js";
import { Feed } from "../feed.js";
import { number } from "../formats.js";
import { has, t } from "../language.js";
import { applyPreferences } from "../preferences.js";
import { settings } from "../settings.js";
import { languageSelect, themeSelect } from "../switches.js";
import { KeysPanel } from "./keys-panel.js";

/** What can be chosen here; the other members are shown, and sent back as they came. */
const CHOICES = { theme: ["system", "light", "dark"], density: ["comfortable", "compact"] };
/** They hardly ever change; where somebody changed them at another desk, this one follows soon. */
const EVERY_MS = 60_000;

export class PreferencesScreen {
  #reads;
  #acts;
  #seen = null;

  constructor({ session, timeZone, now, acts }) {
    this.#acts = acts;
    this.#reads = new ConditionalReads(session);
    this.feed = new Feed({ everyMs: EVERY_MS, timeZone, now, read: (options) => this.#read(options) });
    this.countdown = this.feed.countdown;
    this.keys = new KeysPanel({ reads: this.#reads, acts });
    this.everywhere = h("div", { class: "preferences-list", "aria-busy": "true" });
    this.element = h(
      "div",
      { class: "board-screen preferences" },
      this.feed.banner.element,
      h("section", { class: "panel" }, h("h2", {}, t("prefs.everywhere")), this.everywhere, this.keys.element),
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
    const sound = h("input", {
      type: "checkbox",
      id: "ring-sound",
      checked: settings.sound,
      onchange: () => settings.change({ sound: sound.checked }),
    });
    return h(
      "div",
      { class: "preferences-form" },
      h("p", { class: "caption" }, t("prefs.here.hint")),
      languageSelect(),
      themeSelect(),
      h("label", { class: "toggle" }, toggle, h("span", {}, t("help.enabled"))),
      h("label", { class: "toggle" }, sound, h("span", {}, t("ring.sound"))),
    );
  }

  async #read(options) {
    await Promise.all([this.#readPreferences(options), this.keys.read(options)]);
  }

  async #readPreferences(options) {
    const { body, changed, etag } = await this.#reads.read("/preferences", options);
    if (!changed && this.#seen) return;
    this.#seen = { body, etag };
    const { version, ...chosen } = body;
    applyPreferences(body);
    const others = Object.entries(chosen).filter(([name]) => !(name in CHOICES));
    const rows = others.map(([name, value]) => [nameOf(name), valueOf(name, value)]);
    const focused = this.everywhere.contains(document.activeElement) ? document.activeElement.id : null;
    fill(this.everywhere, this.#form(chosen), detailList([...rows, [t("prefs.version"), number(version)]]));
    if (focused) document.getElementById(focused)?.focus();
    this.everywhere.removeAttribute("aria-busy");
  }

  #form(chosen) {
    const fields = Object.entries(CHOICES).map(([name, values]) => {
      const options = values.map((value) => ({ value, text: t(`prefs.${name}.${value}`) }));
      return choiceField({ name, label: t(`prefs.${name}`), groups: [{ options }], value: chosen[name] });
    });
    const submitted = (event) => {
      event.preventDefault();
      this.#save(Object.fromEntries(fields.map((field) => [field.name, field.read()])));
    };
    const save = h("button", { type: "submit", class: "button button-primary", id: "save-preferences" }, t("prefs.save"));
    const elements = fields.map((field) => field.element);
    return h("form", { class: "preferences-form", onsubmit: submitted }, elements, save);
  }

  /** Only over what was seen: who changed them at another desk meanwhile is not overwritten unseen. */
  #save(chosen) {
    const { body, etag } = this.#seen;
    const { version: _version, ...others } = body;
    this.#acts.do({
      kind: "save_preferences",
      subject: { id: "preferences" },
      method: "PUT",
      path: "/preferences",
      headers: etag ? { "If-Match": etag } : {},
      body: { ...others, ...chosen },
      own: true,
    });
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

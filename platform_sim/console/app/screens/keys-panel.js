/** The operator's own keys: each action of the keyboard map with a field that takes the combination that is pressed in it. */

import { fill, h } from "../elements.js";
import { t } from "../language.js";

const SIGNS = {
  Slash: "/",
  Comma: ",",
  Period: ".",
  Semicolon: ";",
  Quote: "'",
  Minus: "-",
  Equal: "=",
  BracketLeft: "[",
  BracketRight: "]",
  Backslash: "\\",
  Backquote: "`",
};
const NAMED = /^(F([1-9]|1[0-2])|Enter|Space|Home|End|PageUp|PageDown|Arrow(Up|Down|Left|Right))$/;

/** The combination of a key press as the service writes it, such as `Ctrl+Shift+K`; null where it can't be one. */
export function chordOf(event) {
  const key = SIGNS[event.code] ?? /^(?:Key|Digit)(.)$/.exec(event.code)?.[1] ?? NAMED.exec(event.code)?.[0];
  if (!key) return null;
  const held = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", event.metaKey && "Meta"];
  return [...held.filter(Boolean), key].join("+");
}

export class KeysPanel {
  #reads;
  #acts;
  #seen = null;
  /** What is chosen here and not saved: the combination, null for none, `usual` for no choice of one's own. */
  #changes = new Map();

  constructor({ reads, acts }) {
    this.#reads = reads;
    this.#acts = acts;
    this.list = h("div", { class: "keys-list" });
    this.save = h("button", { type: "submit", class: "button button-primary", id: "save-shortcuts" }, t("keys.save"));
    const submitted = (event) => {
      event.preventDefault();
      this.#save();
    };
    const hint = h("p", { class: "caption", id: "keys-hint" }, t("keys.hint"));
    const form = h("form", { class: "preferences-form", onsubmit: submitted }, hint, this.list, this.save);
    this.element = h("details", { class: "keys-details" }, h("summary", {}, t("keys.own")), form);
  }

  /** Read the map. What was chosen here and not saved stays chosen while the map is the same. */
  async read(options) {
    const { body, changed, etag } = await this.#reads.read("/shortcuts", options);
    if (!changed && this.#seen) return;
    this.#seen = { map: body, etag };
    this.#changes.clear();
    this.#paint();
  }

  #paint() {
    const { scopes, items } = this.#seen.map;
    const group = ({ id, label }) => {
      const mine = items.filter((item) => item.scope === id);
      return mine.length > 0 && [h("h3", { class: "eyebrow" }, label), mine.map((item) => this.#row(item))];
    };
    fill(this.list, scopes.map(group));
    this.save.disabled = true;
  }

  #row(item) {
    const input = h("input", {
      type: "text",
      id: `key-${item.id}`,
      class: "key-input",
      dir: "ltr",
      readonly: true,
      "data-takes-keys": true,
      "aria-describedby": "keys-hint",
      value: item.binding?.display ?? t("keys.none"),
    });
    const origin = item.origin === "static" ? null : h("span", { class: "caption" }, t(`keys.origin.${item.origin}`));
    input.addEventListener("keydown", (event) => this.#pressed(event, item, input));
    return h("label", { class: "key-row" }, h("span", {}, item.label), input, origin);
  }

  /** Tab and Esc stay what they are: nobody may be caught in a field. */
  #pressed(event, item, input) {
    const alone = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (alone && (event.key === "Tab" || event.key === "Escape")) return;
    const usual = alone && event.key === "Delete";
    const chord = alone && event.key === "Backspace" ? null : chordOf(event);
    if (!usual && chord === null && event.key !== "Backspace") return;
    event.preventDefault();
    event.stopPropagation();
    this.#changes.set(item.id, usual ? "usual" : chord);
    input.value = usual ? item.staticText : (chord ?? t("keys.none"));
    input.classList.add("is-changed");
    this.save.disabled = false;
  }

  /** All of the operator's choices go together: those that were there, and what is new. */
  #save() {
    const { map, etag } = this.#seen;
    const own = map.items.filter((item) => item.origin === "operator");
    const overrides = new Map(own.map((item) => [item.id, item.binding?.text ?? null]));
    for (const [id, chord] of this.#changes) {
      if (chord === "usual") overrides.delete(id);
      else overrides.set(id, chord);
    }
    this.#acts.do({
      kind: "save_shortcuts",
      subject: { id: "shortcuts" },
      method: "PUT",
      path: "/shortcuts",
      headers: etag ? { "If-Match": etag } : {},
      body: { overrides: Object.fromEntries(overrides) },
      own: true,
    });
  }
}

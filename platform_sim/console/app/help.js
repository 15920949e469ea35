/** The help dialog: the keys, what the badges mean, this desk's key and clock. */

import { code, h, icon } from "./elements.js";
import { duration } from "./formats.js";
import { t } from "./language.js";
import { settings } from "./settings.js";

const KEYS = [
  ["R", "help.refresh"],
  ["W", "help.weather"],
  ["P", "help.print"],
  ["L", "help.language"],
  ["T", "help.theme"],
  ["?", "help.help"],
  ["← ↑ → ↓", "help.arrows"],
  ["Enter", "help.enter"],
  ["Esc", "help.escape"],
];
const BADGES = [
  ["fresh", "good"],
  ["cached", "good"],
  ["stale", "warn"],
  ["fallback", "warn"],
  ["timeout", "bad"],
  ["breaker_open", "bad"],
  ["shed", "bad"],
  ["error", "bad"],
  ["cut", "bad"],
  ["forbidden", "quiet"],
];

function badge([outcome, tone]) {
  const sign = h("span", { class: `badge badge-${tone}` }, h("i", { class: "badge-dot" }), t(`outcome.${outcome}`));
  return h("div", {}, h("dt", {}, sign), h("dd", {}, t(`outcome.hint.${outcome}`)));
}

/** A dialog's first line: its title and a way out. */
export function dialogHead(id, title, closeLabel) {
  const close = h("button", { type: "submit", class: "button button-icon", "aria-label": closeLabel }, icon("close"));
  return h("form", { method: "dialog", class: "dialog-head" }, h("h2", { id }, title), close);
}

function keyRow(keys, what, mark) {
  return h("div", {}, h("dt", {}, h("kbd", { dir: "ltr" }, keys)), h("dd", {}, what, mark));
}

/** Whose choice a key is, where it is not the one that comes with the desktop. */
function origin({ origin: whose }) {
  return whose === "static" ? null : [" ", h("span", { class: "pill pill-accent" }, t(`keys.origin.${whose}`))];
}

/** The service's map, heading by heading; what only the desktop application can do stands apart. */
function mapOfKeys({ items, scopes, clashes, complete }, does) {
  const bound = items.filter((item) => item.binding);
  const list = (some) =>
    h(
      "dl",
      { class: "keys" },
      some.map((item) => keyRow(item.binding.display, item.label, origin(item))),
    );
  const here = scopes.map(({ id, label }) => {
    const mine = bound.filter((item) => item.scope === id && does.has(item.id));
    return mine.length > 0 && [h("h3", { class: "eyebrow" }, label), list(mine)];
  });
  const elsewhere = bound.filter((item) => !does.has(item.id));
  const clash = (each) => h("li", {}, h("kbd", { dir: "ltr" }, each.text), " ", each.reason);
  return [
    !complete && h("p", { class: "caption" }, t("keys.incomplete")),
    here,
    clashes.length > 0 && [h("h3", { class: "eyebrow" }, t("keys.clashes")), h("ul", {}, clashes.map(clash))],
    elsewhere.length > 0 &&
      h("details", { class: "elsewhere" }, h("summary", {}, t("keys.elsewhere")), list(elsewhere)),
  ];
}

/**
 * Open the help dialog.
 *
 * @param {{fingerprint: string, clockOffsetMs: number, map: object | null, does: Set<string>}} desk `map` is the service's
 *   keyboard map, `does` the ids of those of its actions that work here
 */
export function openHelp({ fingerprint, clockOffsetMs, map, does }) {
  const toggle = h("input", {
    type: "checkbox",
    id: "shortcuts-on",
    checked: settings.shortcuts,
    onchange: () => settings.change({ shortcuts: toggle.checked }),
  });
  // The service's map has a key for this help of its own.
  const own = map ? KEYS.filter(([, what]) => what !== "help.help") : KEYS;
  const dialog = h(
    "dialog",
    { class: "dialog help", "aria-labelledby": "help-title" },
    dialogHead("help-title", t("help.title"), t("help.close")),
    h(
      "div",
      { class: "dialog-body" },
      h("label", { class: "toggle" }, toggle, h("span", {}, t("help.enabled"))),
      h("p", { class: "caption" }, t("help.lead")),
      h(
        "dl",
        { class: "keys" },
        own.map(([key, what]) => keyRow(key, t(what))),
      ),
      map && mapOfKeys(map, does),
      h("h3", { class: "eyebrow" }, t("help.outcomes")),
      h("dl", { class: "badges" }, BADGES.map(badge)),
      h("h3", { class: "eyebrow" }, t("help.key")),
      h("p", { class: "caption" }, t("help.key.value"), " ", code(fingerprint)),
      h("p", { class: "caption" }, t("help.clock", { time: duration(clockOffsetMs) })),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

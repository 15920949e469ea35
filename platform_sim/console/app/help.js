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

/**
 * Open the help dialog.
 *
 * @param {{fingerprint: string, clockOffsetMs: number}} desk
 */
export function openHelp({ fingerprint, clockOffsetMs }) {
  const toggle = h("input", {
    type: "checkbox",
    id: "shortcuts-on",
    checked: settings.shortcuts,
    onchange: () => settings.change({ shortcuts: toggle.checked }),
  });
  const keys = KEYS.map(([key, what]) =>
    h("div", {}, h("dt", {}, h("kbd", { dir: "ltr" }, key)), h("dd", {}, t(what))),
  );
  const dialog = h(
    "dialog",
    { class: "dialog help", "aria-labelledby": "help-title" },
    dialogHead("help-title", t("help.title"), t("help.close")),
    h(
      "div",
      { class: "dialog-body" },
      h("label", { class: "toggle" }, toggle, h("span", {}, t("help.enabled"))),
      h("p", { class: "caption" }, t("help.lead")),
      h("dl", { class: "keys" }, keys),
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

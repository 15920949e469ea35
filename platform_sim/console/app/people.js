/** People as the console shows them: a round picture, a name in its own script, roles. */

import { h } from "./elements.js";
import { t } from "./language.js";

/** What a round picture shows of a name: two letters, or one in scripts whose letters join. */
export function initials(text) {
  const parts = text
    .split("@")[0]
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  if (/[\u0600-\u06ff]/.test(text)) return [...(parts[0] ?? "?")][0];
  return (parts.length > 1 ? parts[0][0] + parts[1][0] : (parts[0] ?? "?").slice(0, 2)).toUpperCase();
}

/** A role's name in the reader's language. */
export function roleChips(roles) {
  return h(
    "span",
    { class: "chips" },
    roles.map((role) => h("span", { class: `chip chip-${role}` }, t(`role.${role}`))),
  );
}

/**
 * One person to choose from a list.
 *
 * @param {object} operator of the simulated world
 * @param {boolean} checked
 * @param {() => void} chosen
 */
export function personOption(operator, checked, chosen) {
  const input = h("input", { type: "radio", name: "person", value: operator.id, checked, class: "visually-hidden" });
  // Not `change`: whoever clicks the person already chosen wants the right name and password back.
  input.addEventListener("click", chosen);
  return h(
    "label",
    { class: "person" },
    input,
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(operator.displayName ?? operator.username)),
    h(
      "span",
      { class: "person-text" },
      h(
        "span",
        { class: "person-line" },
        h("bdi", { class: "person-name", translate: "no" }, operator.displayName ?? operator.username),
        roleChips(operator.roles),
      ),
      operator.displayName && h("bdi", { dir: "ltr", class: "caption", translate: "no" }, operator.username),
    ),
  );
}

/** The switches for language and appearance. Many places have them, so they speak to the application through events. */

import { h, icon } from "./elements.js";
import { language, LANGUAGES, t } from "./language.js";
import { settings } from "./settings.js";

export const THEMES = ["auto", "light", "dark"];

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

/** Ask for another language: the application hears it and paints itself anew. */
export function askLanguage(tag) {
  tell("console:language", tag);
}

/** Use an appearance and remember it. */
export function applyTheme(theme) {
  settings.change({ theme });
  document.documentElement.dataset.theme = theme;
  for (const select of document.querySelectorAll("select[data-theme-switch]")) select.value = theme;
}

/** The language menu. Each language is named in itself and in its own direction. */
export function languageSelect() {
  const options = LANGUAGES.map((each) =>
    h("option", { value: each.tag, lang: each.tag, dir: each.dir, selected: each === language() }, each.label),
  );
  const select = h(
    "select",
    { "aria-label": t("nav.language"), "data-language-switch": true, onchange: () => askLanguage(select.value) },
    options,
  );
  return h("span", { class: "switch" }, icon("language"), select);
}

/** The appearance menu. */
export function themeSelect() {
  const options = THEMES.map((each) =>
    h("option", { value: each, selected: each === settings.theme }, t(`theme.${each}`)),
  );
  const select = h(
    "select",
    { "aria-label": t("nav.theme"), "data-theme-switch": true, onchange: () => applyTheme(select.value) },
    options,
  );
  return h("span", { class: "switch" }, icon("theme"), select);
}

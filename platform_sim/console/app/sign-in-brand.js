/** The side of the sign-in screen that says what this is, with the switches for language and appearance. */

import { h, icon } from "./elements.js";
import { t } from "./language.js";
import { languageSelect, themeSelect } from "./switches.js";

/** Build it anew, in the language in use. */
export function signInBrand() {
  const points = [
    ["dashboard", "paint"],
    ["weather", "weather"],
    ["key", "key"],
  ];
  return h(
    "header",
    { class: "signin-brand" },
    h(
      "p",
      { class: "wordmark" },
      h("span", { class: "monogram", "aria-hidden": "true" }, "M"),
      h("span", {}, t("app.name")),
    ),
    h(
      "div",
      { class: "signin-pitch" },
      h("p", { class: "signin-tagline" }, t("signin.tagline")),
      h(
        "ul",
        {},
        points.map(([sign, key]) => h("li", {}, icon(sign), t(`signin.point.${key}`))),
      ),
    ),
    h("div", { class: "signin-switches" }, languageSelect(), themeSelect()),
  );
}

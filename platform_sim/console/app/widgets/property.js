import { h } from "../elements.js";
import { calendarDay, country, longDate } from "../formats.js";
import { t } from "../language.js";

/** The photo's address may belong to this origin, to the policy's origins, or to none: then a drawn front stands in. */
function picture(data) {
  const blank = () => h("div", { class: "photo photo-none", role: "img", "aria-label": t("property.nophoto") });
  if (!data.photoUrl) return blank();
  const image = h("img", { class: "photo", src: data.photoUrl, alt: data.photoAlt ?? "" });
  image.addEventListener("error", () => image.replaceWith(blank()), { once: true });
  return image;
}

export function property(data) {
  const facts = [
    data.localDate && [t("property.localdate"), longDate(calendarDay(data.localDate))],
    [t("property.timezone"), h("bdi", { dir: "ltr" }, data.timezone.replaceAll("_", " "))],
  ].filter(Boolean);
  return [
    h(
      "div",
      { class: "property-card" },
      picture(data),
      h(
        "div",
        { class: "property-text" },
        h("p", { class: "property-name" }, h("bdi", {}, data.name)),
        h(
          "p",
          { class: "caption" },
          h("bdi", {}, data.city),
          " · ",
          country(data.country),
          " · ",
          t("property.rooms", { n: data.rooms }),
        ),
        h(
          "dl",
          { class: "facts" },
          facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
        ),
      ),
    ),
  ];
}

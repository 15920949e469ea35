import { h } from "../elements.js";
import { number, percent } from "../formats.js";
import { has, t } from "../language.js";
import { headline, progress, quiet, rows } from "./figures.js";

function category(text) {
  const key = `ai.category.${text}`;
  return has(key) ? t(key) : h("bdi", {}, text.replaceAll(/[_.-]+/g, " "));
}

export function suggestions(data) {
  if (data.open === 0 && data.items.length === 0) return [quiet(t("ai.none"))];
  return [
    headline(number(data.open), t("ai.open")),
    rows(
      data.items.slice(0, 4).map((item) => ({
        title: h("bdi", {}, item.title),
        note: category(item.category),
        end: h(
          "span",
          { class: "confidence", title: t("ai.confidence", { value: percent(item.confidence * 100, 0) }) },
          h("span", {}, percent(item.confidence * 100, 0)),
          progress(item.confidence),
        ),
      })),
    ),
    h("p", { class: "caption more" }, t("ai.note")),
  ];
}

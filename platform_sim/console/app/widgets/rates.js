import { h } from "../elements.js";
import { money, number } from "../formats.js";
import { t } from "../language.js";
import { quiet } from "./figures.js";

function line(rate) {
  const left = rate.availableRooms;
  const known = left !== null && left !== undefined;
  const price = rate.price ? h("bdi", {}, money(rate.price)) : h("span", { class: "caption" }, t("rates.noprice"));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("bdi", {}, rate.name)),
    h("td", { class: known && left <= 2 ? "scarce" : null }, known ? number(left) : "–"),
    h("td", { class: "price" }, price),
  );
}

export function rates(data) {
  if (data.items.length === 0) return [quiet(t("rates.none"))];
  const head = h(
    "tr",
    {},
    ["rates.type", "rates.left", "rates.price"].map((key) => h("th", { scope: "col" }, t(key))),
  );
  return [h("table", { class: "lines" }, h("thead", {}, head), h("tbody", {}, data.items.map(line)))];
}

import { ring } from "../charts.js";
import { h } from "../elements.js";
import { percent, signed } from "../formats.js";
import { t } from "../language.js";
import { change, headline } from "./figures.js";

export function occupancy(data) {
  const sold = data.soldRooms !== null && data.soldRooms !== undefined && data.sellableRooms;
  const difference = typeof data.previousPercent === "number" ? data.percent - data.previousPercent : null;
  return [
    h(
      "div",
      { class: "figure-row" },
      h(
        "div",
        {},
        headline(h("bdi", {}, percent(data.percent))),
        sold && h("p", { class: "caption" }, t("kpi.sold", { sold: data.soldRooms, total: data.sellableRooms })),
        data.outOfOrderRooms > 0 && h("p", { class: "caption" }, t("kpi.ooo", { n: data.outOfOrderRooms })),
      ),
      ring(data.percent / 100),
    ),
    difference !== null && change(Math.round(difference * 10) / 10, t("kpi.points", { value: signed(difference) })),
  ];
}

/** ADR and RevPAR: one money figure, its change, and the last seven days. */

import { sparkline } from "../charts.js";
import { h } from "../elements.js";
import { majorUnits, money, percent } from "../formats.js";
import { language, t } from "../language.js";
import { change, headline, relativeChange } from "./figures.js";

export function moneyFigure(data) {
  const values = (data.series ?? []).map(majorUnits);
  const spoken = (data.series ?? []).map((each) => money(each)).join(" · ");
  const difference = data.previous ? relativeChange(majorUnits(data.value), majorUnits(data.previous)) : null;
  const sign = difference > 0 ? "+" : "";
  return [
    h(
      "div",
      { class: "figure-row" },
      headline(h("bdi", {}, money(data.value))),
      values.length > 1 &&
        sparkline(values, { rtl: language().dir === "rtl", label: t("kpi.series", { values: spoken }) }),
    ),
    difference !== null && change(Math.round(difference * 10) / 10, sign + percent(difference)),
  ];
}

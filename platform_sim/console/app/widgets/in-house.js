import { h } from "../elements.js";
import { number } from "../formats.js";
import { t } from "../language.js";
import { headline, ledger } from "./figures.js";

export function inHouse(data) {
  const leaving = Math.max(0, data.totalRooms - data.remainingRooms);
  const staying = data.totalRooms === 0 ? 0 : data.remainingRooms / data.totalRooms;
  return [
    headline(number(data.totalRooms), t("house.rooms")),
    h(
      "div",
      { class: "split", "aria-hidden": "true", vars: { "--share": `${(staying * 100).toFixed(1)}%` } },
      h("span", {}),
      h("span", {}),
    ),
    ledger([
      [t("house.staying"), number(data.remainingRooms), "accent"],
      [t("house.leaving"), number(leaving), "muted"],
      [t("house.guests"), number(data.guests)],
    ]),
  ];
}

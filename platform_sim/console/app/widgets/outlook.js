/** Fourteen nights as bars. The same numbers stand in a table for those who can't see bars. */

import { h } from "../elements.js";
import { calendarDay, dayOfMonth, number, percent, shortDate, weekday, weekdayLetter } from "../formats.js";
import { t } from "../language.js";

const FULL_PERCENT = 100;

function tone(day) {
  if (day.availableRooms < 0) return "over";
  if (day.occupancyPercent >= 95) return "full";
  return day.occupancyPercent >= 70 ? "high" : "low";
}

function sentence(day) {
  const when = `${weekday(calendarDay(day.date))} ${shortDate(calendarDay(day.date))}`;
  const left =
    day.availableRooms < 0
      ? t("outlook.over", { n: -day.availableRooms })
      : `${t("outlook.left")} ${number(day.availableRooms)}`;
  return `${when}: ${percent(day.occupancyPercent, 0)} · ${t("outlook.sold")} ${number(day.soldRooms)} · ${left}`;
}

function bar(day, index) {
  const date = calendarDay(day.date);
  const height = `${Math.max(3, Math.min(FULL_PERCENT, day.occupancyPercent))}%`;
  const classes = `bar bar-${tone(day)}${index === 0 ? " bar-today" : ""}`;
  return h(
    "div",
    { class: classes, title: sentence(day), vars: { "--height": height } },
    h("span", { class: "bar-value" }, percent(day.occupancyPercent, 0)),
    h("span", { class: "bar-track" }, h("span", { class: "bar-fill" })),
    h("span", { class: "bar-weekday" }, weekdayLetter(date)),
    h("span", { class: "bar-day" }, dayOfMonth(date)),
  );
}

function table(days) {
  const row = (day) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${weekday(calendarDay(day.date))} ${shortDate(calendarDay(day.date))}`),
      h("td", {}, percent(day.occupancyPercent, 0)),
      h("td", {}, number(day.soldRooms)),
      h("td", {}, number(day.availableRooms)),
    );
  const head = h(
    "tr",
    {},
    ["outlook.day", "%", "outlook.sold", "outlook.left"].map((key) => h("th", { scope: "col" }, t(key))),
  );
  const caption = h("caption", {}, t("outlook.caption"));
  return h("table", { class: "visually-hidden" }, caption, h("thead", {}, head), h("tbody", {}, days.map(row)));
}

export function outlook(data) {
  if (data.days.length === 0) return [];
  const peak = data.days.reduce((best, day) => (day.occupancyPercent > best.occupancyPercent ? day : best));
  const overbooked = data.days.filter((day) => day.availableRooms < 0);
  const worst = overbooked.reduce((most, day) => Math.max(most, -day.availableRooms), 0);
  return [
    h(
      "p",
      { class: "caption outlook-lead" },
      h(
        "span",
        {},
        t("outlook.peak", { value: percent(peak.occupancyPercent, 0), day: shortDate(calendarDay(peak.date)) }),
      ),
      worst > 0 && h("span", { class: "pill pill-bad" }, t("outlook.over", { n: worst })),
    ),
    h("div", { class: "bars", "aria-hidden": "true" }, data.days.map(bar)),
    table(data.days),
  ];
}

import { code, h, icon } from "../elements.js";
import { number } from "../formats.js";
import { has, t } from "../language.js";
import { counts, headline, pill, quiet, rows } from "./figures.js";

const MOST_SHOWN = 4;
const TONES = { critical: "bad", high: "warn", normal: "info", low: "quiet" };

export function workOrders(data) {
  if (data.open === 0) return [quiet(t("orders.none"), icon("check"))];
  return [
    headline(number(data.open), t("orders.open")),
    counts([
      [t("orders.critical"), number(data.critical), data.critical > 0 ? "bad" : null],
      [t("orders.high"), number(data.high), data.high > 0 ? "warn" : null],
      [t("orders.overdue"), number(data.overdue), data.overdue > 0 ? "bad" : null],
      [t("orders.blocked"), number(data.roomsBlocked)],
    ]),
    rows(
      (data.items ?? []).slice(0, MOST_SHOWN).map((order) => ({
        lead: order.roomNumber
          ? h("span", { class: "room" }, code(order.roomNumber))
          : h("span", { class: "room room-none" }, "–"),
        title: h("bdi", {}, order.title),
        note: has(`order.${order.status}`) ? t(`order.${order.status}`) : order.status,
        end: pill(
          has(`severity.${order.severity}`) ? t(`severity.${order.severity}`) : order.severity,
          TONES[order.severity],
        ),
      })),
    ),
  ];
}

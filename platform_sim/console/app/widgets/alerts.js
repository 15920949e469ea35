import { h, icon } from "../elements.js";
import { age, number } from "../formats.js";
import { has, t } from "../language.js";
import { headline, quiet, rows } from "./figures.js";

const SIGNS = { critical: "critical", warning: "warning", info: "info" };
const TONES = { critical: "bad", warning: "warn", info: "info" };

export function alerts(data, context) {
  if (data.unread === 0 && data.items.length === 0) return [quiet(t("alerts.none"), icon("check"))];
  return [
    headline(number(data.unread), t("alerts.unread"), data.critical > 0 ? "figure-bad" : ""),
    rows(
      data.items.map((alert) => ({
        lead: h(
          "span",
          { class: `sign sign-${TONES[alert.severity] ?? "info"}` },
          icon(SIGNS[alert.severity] ?? "info"),
        ),
        title: h("bdi", {}, alert.title),
        note: [
          has(`severity.${alert.severity}`) ? t(`severity.${alert.severity}`) : alert.severity,
          " · ",
          h("time", { datetime: alert.raisedAt }, age(context.now() - Date.parse(alert.raisedAt))),
        ],
      })),
    ),
  ];
}

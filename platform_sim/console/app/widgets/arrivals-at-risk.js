import { code, h, icon, name } from "../elements.js";
import { clockTime, number } from "../formats.js";
import { has, t } from "../language.js";
import { headline, pill, quiet, rows } from "./figures.js";

const MOST_SHOWN = 5;
const TONES = {
  dirty: "bad",
  out_of_order: "bad",
  out_of_service: "bad",
  cleaning: "warn",
  clean: "warn",
  inspected: "info",
};

function statusPill(guest) {
  if (!guest.roomNumber) return pill(t("risk.noroom"), "bad");
  const key = `status.${guest.roomStatus}`;
  return pill(has(key) ? t(key) : (guest.roomStatus ?? "–"), TONES[guest.roomStatus] ?? "warn");
}

export function arrivalsAtRisk(data, context) {
  if (data.total === 0) return [quiet(t("risk.none", { n: data.dueWithinMinutes }), icon("check"))];
  const shown = data.items.slice(0, MOST_SHOWN);
  const rest = data.total - shown.length;
  return [
    headline(number(data.total), t("risk.lead", { n: data.dueWithinMinutes }), "figure-warn"),
    rows(
      shown.map((guest) => ({
        lead: guest.roomNumber
          ? h("span", { class: "room" }, code(guest.roomNumber))
          : h("span", { class: "room room-none" }, "–"),
        title: name(guest.guestName),
        note: [
          code(guest.code),
          guest.expectedAt && [
            " · ",
            h("time", { datetime: guest.expectedAt }, clockTime(guest.expectedAt, context.timeZone)),
          ],
        ],
        end: statusPill(guest),
      })),
    ),
    rest > 0 && h("p", { class: "caption more" }, t("risk.more", { n: rest })),
  ];
}

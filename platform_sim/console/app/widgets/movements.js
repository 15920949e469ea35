/** Arrivals and departures: how many rooms remain of today's, and who is next. */

import { code, h, icon, name } from "../elements.js";
import { clockTime, number } from "../formats.js";
import { t } from "../language.js";
import { headline, progress, quiet, rows } from "./figures.js";

const MOST_SHOWN = 4;

function movement(data, context, caption) {
  const done = data.totalRooms - data.remainingRooms;
  const next = (data.next ?? []).slice(0, MOST_SHOWN).map((guest) => ({
    lead: guest.roomNumber
      ? h("span", { class: "room" }, code(guest.roomNumber))
      : h("span", { class: "room room-none" }, "–"),
    title: name(guest.guestName),
    note: code(guest.code),
    end: guest.expectedAt && h("time", { datetime: guest.expectedAt }, clockTime(guest.expectedAt, context.timeZone)),
  }));
  return [
    headline(number(data.remainingRooms), t(caption)),
    h("p", { class: "caption" }, t("move.of", { total: data.totalRooms, guests: data.totalGuests })),
    progress(data.totalRooms === 0 ? 1 : done / data.totalRooms),
    next.length > 0 ? rows(next) : quiet(t("move.done"), icon("check")),
  ];
}

export const arrivals = (data, context) => movement(data, context, "move.remaining");
export const departures = (data, context) => movement(data, context, "move.leaving");

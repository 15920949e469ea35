/** Which rooms a guest can get: read from the room plan when a form asks for them. */

import { ConditionalReads } from "../conditional-reads.js";
import { t } from "../language.js";
import { Problem, Unreachable } from "../problem.js";

const DAY_MS = 86_400_000;
const PLAN_DAYS_MOST = 31;
const PAGE = "250";
const READY = new Set(["clean", "inspected", "ready"]);

/**
 * Read the rooms that are free for all nights of a stay, those of its own kind first.
 *
 * @param {object} session
 * @param {object} stay a line about a guest
 * @param {{signal: AbortSignal, readyOnly?: boolean, but?: string | null}} options `but` is the room that is left out
 * @returns {Promise<{value: string, text: string, fits: boolean}[]>}
 * @throws {import("../problem.js").Problem | import("../problem.js").Unreachable}
 */
async function freeRooms(session, stay, { signal, readyOnly = false, but = null }) {
  const nights = Math.ceil((Date.parse(stay.departureDate) - Date.parse(stay.arrivalDate)) / DAY_MS);
  const days = Math.min(PLAN_DAYS_MOST, Math.max(1, nights + 1));
  const rooms = [];
  const reads = new ConditionalReads(session);
  for await (const page of reads.pages("/front-desk/grid", { days, limit: PAGE }, { signal, pageSize: PAGE }))
    rooms.push(...page.body.items);
  return rooms
    .filter((room) => room.roomId !== but && isFree(room, stay) && (!readyOnly || READY.has(room.roomStatus)))
    .map((room) => ({ value: room.roomId, text: label(room), fits: room.roomTypeName === stay.roomTypeName }))
    .toSorted((one, other) => Number(other.fits) - Number(one.fits));
}

function isFree(room, stay) {
  if (room.block) return false;
  return room.stays.every(
    (other) =>
      other.reservationId === stay.reservationId ||
      other.state === "completed" ||
      other.start >= stay.departureDate ||
      other.end <= stay.arrivalDate,
  );
}

function label({ roomNumber, roomTypeName, roomStatus }) {
  const status = roomStatus ? t(`status.${roomStatus}`) : t("board.unknown");
  return `\u2066${roomNumber}\u2069 · ${roomTypeName} · ${status}`;
}

/**
 * Offer the free rooms in a field. They are read while the form is open already: nobody waits for a list that they may
 * not need.
 */
export async function offerRooms(field, first, stay, { session }, options) {
  const stop = new AbortController();
  field.control.closest("dialog").addEventListener("close", () => stop.abort());
  field.control.setAttribute("aria-busy", "true");
  try {
    field.offer(roomGroups(first, await freeRooms(session, stay, { ...options, signal: stop.signal })));
  } catch (problem) {
    if (stop.signal.aborted) return;
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    field.say(t("form.rooms.failed"));
  }
  field.control.removeAttribute("aria-busy");
}

/** The rooms as the groups of a choice: `first` (such as "any that is ready"), the stay's own kind, the others. */
function roomGroups(first, rooms) {
  const own = rooms.filter((room) => room.fits);
  const others = rooms.filter((room) => !room.fits);
  return [
    { options: first },
    { label: t("form.rooms.own"), options: own },
    { label: t("form.rooms.others"), options: others },
  ].filter((group) => group.options.length > 0);
}

/** Everything that is known of one guest's stay: what the list has at once, the rest as soon as it is read. */

import { actBar } from "../acting/act-bar.js";
import { stayActs } from "../acting/stay-acts.js";
import { ConditionalReads } from "../conditional-reads.js";
import { detailList, openDetails } from "../details-dialog.js";
import { code, fill, h } from "../elements.js";
import { country, money } from "../formats.js";
import { t } from "../language.js";
import { Problem, Unreachable } from "../problem.js";
import { balance, day, guest, keyState, people, roomNumber, roomStatus, stayStatus, time, word } from "./pieces.js";

/** Who deals with guests and their money (the roles of `GET /reservations/{id}` and `GET /folios/{id}`). */
const AT_THE_DESK = new Set(["front_desk", "night_auditor", "general_manager", "owner"]);

/** Open a line of one of the lists about guests. */
export function openStay(item, context) {
  const rest = h("div", { class: "details-rest", "aria-live": "polite" });
  const { body, dialog, signal } = openDetails([guest(item)], known(item, context), item.id ?? item.reservationId);
  const stay = { ...item, reservationId: item.reservationId ?? item.id };
  dialog.append(actBar(stayActs(stay, context), stay, context, stay.reservationId) ?? "");
  if (!context.session.who.roles.some((role) => AT_THE_DESK.has(role))) return;
  body.append(rest);
  fill(rest, h("p", { class: "caption" }, t("details.loading")));
  showRest(rest, item, { ...context, signal });
}

function known(item, { timeZone, missing }) {
  const list = (texts) =>
    h(
      "ul",
      {},
      texts.map((text) => h("li", {}, text)),
    );
  const asked = item.specialRequests.map((text) => h("bdi", {}, text));
  return [
    [t("col.code"), code(item.code)],
    [t("col.status"), stayStatus(item.status)],
    [t("col.room"), [roomNumber(item.roomNumber), " ", roomStatus(item.roomStatus)]],
    [t("col.type"), item.roomTypeName && h("bdi", {}, item.roomTypeName)],
    [t("col.arrival"), day(item.arrivalDate)],
    [t("col.expected"), time(item.expectedAt, timeZone)],
    [t("col.departure"), [day(item.departureDate), " · ", t("stay.nights", { n: item.nights })]],
    [t("house.guests"), people(item)],
    asked.length > 0 ? [t("col.requests"), list(asked)] : null,
    item.todo?.length > 0 ? [t("col.todo"), list(item.todo.map((each) => word("todo", each)))] : null,
    "balance" in item ? [t("col.balance"), balance(item, { missing })] : null,
    "keyState" in item ? [t("col.key"), keyState(item.keyState)] : null,
  ];
}

async function showRest(rest, item, { session, signal }) {
  const reads = new ConditionalReads(session);
  const read = async (path) => (await reads.read(path, { signal })).body;
  try {
    const card = await read(`/reservations/${item.reservationId ?? item.id}`);
    const folio = card.folioId ? await read(`/folios/${card.folioId}`) : null;
    fill(rest, detailList(more(card, folio)));
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    const message = problem.userMessage;
    const text = message?.text ?? t("details.failed");
    fill(rest, h("p", { class: "caption", lang: message?.lang, dir: message?.dir }, text));
  }
}

function more(card, folio) {
  const sum = (amount) => h("bdi", {}, money(amount));
  const contact = (text) => text && code(text);
  return [
    [t("details.phone"), contact(card.guest.phone)],
    [t("details.email"), contact(card.guest.email)],
    [t("details.country"), card.guest.country && country(card.guest.country)],
    [t("details.rate"), sum(card.nightlyRate)],
    [t("details.total"), sum(card.total)],
    folio && [t("details.charges"), sum(folio.totals.charges)],
    folio && [t("details.payments"), sum(folio.totals.payments)],
    folio && [t("details.owed"), balance(folio, { missing: new Set() })],
    [t("col.notes"), card.notes && h("bdi", {}, card.notes)],
  ];
}

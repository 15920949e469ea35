/** What a desk does for a guest: in and out, a room, a charge, keys. Each is offered where its state and the role allow it. */

import { name } from "../elements.js";
import { t } from "../language.js";
import { choiceField, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { freeRooms, roomGroups } from "./rooms.js";
import { Problem, Unreachable } from "../problem.js";

/** `x-roles` of the routes; `general_manager` and `owner` may use every route. */
const ALWAYS = ["general_manager", "owner"];
const DESK = ["front_desk", "night_auditor", ...ALWAYS];
const HERE = new Set(["checked_in", "in_house"]);
const DOCUMENTS = ["passport", "national_id", "driving_licence", "residence_permit"];

/** The acts about a guest. `binding` is the action's name in the service's keyboard map. */
export const STAY_ACTS = [
  {
    kind: "check_in",
    binding: "reservation.check-in",
    roles: DESK,
    main: true,
    offered: (stay) => stay.status === "confirmed",
    open: openCheckIn,
  },
];

/** Those that this person may do with this stay now. */
export function stayActs(stay, { session, acts }) {
  if (acts.openOn(stay.reservationId)) return [];
  const mine = new Set(session.who.roles);
  return STAY_ACTS.filter((act) => act.offered(stay) && act.roles.some((role) => mine.has(role)));
}

export function subjectOf(stay) {
  return { id: stay.reservationId, name: stay.guestName, room: stay.roomNumber };
}

function rowOf(stay) {
  return stay.id ?? stay.reservationId;
}

/** Read the rooms while the form is open already; nobody waits for a list that they may not need. */
async function offerRooms(field, first, stay, { session }, options) {
  const stop = new AbortController();
  field.control.closest("dialog").addEventListener("close", () => stop.abort());
  field.control.setAttribute("aria-busy", "true");
  try {
    const rooms = await freeRooms(session, stay, { ...options, signal: stop.signal });
    field.offer(roomGroups(first, rooms));
  } catch (problem) {
    if (stop.signal.aborted) return;
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    field.say(t("form.rooms.failed"));
  }
  field.control.removeAttribute("aria-busy");
}

function openCheckIn(stay, context) {
  const promised = stay.roomNumber
    ? { value: "", text: t("form.room.promised", { room: stay.roomNumber }) }
    : { value: "", text: t("form.room.any") };
  const room = choiceField({ name: "roomId", label: t("col.room"), groups: [{ options: [promised] }], hint: t("form.room.hint") });
  const fields = [
    room,
    choiceField({
      name: "documentType",
      label: t("form.document"),
      groups: [{ options: [{ value: "", text: t("form.document.none") }, ...DOCUMENTS.map(documentOption)] }],
    }),
    textField({
      name: "last4",
      label: t("form.document.last4"),
      hint: t("form.document.hint"),
      most: 4,
      more: { dir: "ltr", class: "short" },
    }),
    textField({ name: "notes", label: t("col.notes"), lines: 2, most: 1000 }),
  ];
  openForm({
    title: [t("act.check_in"), " · ", name(stay.guestName)],
    fields,
    submit: t("act.check_in"),
    backTo: rowOf(stay),
    done: ({ roomId, documentType, last4, notes }) => {
      const idDocument = documentType && last4 ? { type: documentType, last4 } : null;
      const body = { ...(roomId && { roomId }), ...(idDocument && { idDocument }), ...(notes && { notes }) };
      context.acts.do({
        kind: "check_in",
        subject: subjectOf(stay),
        path: `/reservations/${stay.reservationId}/check-in`,
        body,
      });
    },
  });
  offerRooms(room, [promised], stay, context, { readyOnly: true });
}

function documentOption(value) {
  return { value, text: t(`form.document.${value}`) };
}

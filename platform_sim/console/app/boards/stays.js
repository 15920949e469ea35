/** The boards about guests: who comes, who leaves, who is here, and what is left to do today. */

import { code, h } from "../elements.js";
import { t } from "../language.js";
import { pill } from "../widgets/figures.js";
import { LineList } from "./line-list.js";
import {
  balance,
  day,
  guest,
  keyState,
  people,
  requests,
  roomNumber,
  roomStatus,
  stayStatus,
  time,
  unknown,
  word,
} from "./pieces.js";
import { actMark } from "../acting/act-mark.js";
import { stayActs } from "../acting/stay-acts.js";
import { openStay } from "./stay-details.js";

const PAST = new Set(["checked_out", "cancelled", "no_show"]);
const STATUSES = ["confirmed", "checked_in", "in_house", "checked_out"];

function room(item) {
  return [roomNumber(item.roomNumber), roomStatus(item.roomStatus)];
}

function who(item) {
  return [
    h("span", { class: "cell-title" }, guest(item)),
    h("span", { class: "cell-note" }, code(item.code), " · ", h("bdi", {}, item.roomTypeName), " · ", people(item)),
    requests(item),
  ];
}

function dates(item) {
  return [
    h(
      "span",
      {},
      day(item.arrivalDate),
      h("span", { "aria-hidden": "true" }, " – "),
      h("span", { class: "visually-hidden" }, " "),
      day(item.departureDate),
    ),
    h("span", { class: "cell-note" }, t("stay.nights", { n: item.nights })),
  ];
}

/** Whether a guest who is still expected should have been here by now. */
function isLate(item, now) {
  return item.status === "confirmed" && Boolean(item.expectedAt) && Date.parse(item.expectedAt) < now;
}

function expected(item, { timeZone, now }) {
  if (!item.expectedAt) return h("span", { class: "cell-note" }, t("stay.anytime"));
  return [time(item.expectedAt, timeZone), isLate(item, now()) && [" ", pill(t("stay.late"), "warn")]];
}

function todo(item) {
  if (item.todo.length === 0) return pill(t("todo.done"), "good");
  return h(
    "span",
    { class: "pills" },
    item.todo.map((each) =>
      pill(word("todo", each), each === "prepare_room" || each === "settle_balance" ? "warn" : "info"),
    ),
  );
}

const ROOM = { id: "room", label: "col.room", width: "minmax(92px, 0.8fr)", cell: room };
const GUEST = { id: "guest", label: "col.guest", width: "minmax(180px, 3fr)", head: true, cell: who };
const DATES = { id: "dates", label: "col.stay", width: "minmax(112px, 1.1fr)", cell: dates };
const BALANCE = {
  id: "balance",
  label: "col.balance",
  width: "minmax(80px, 0.9fr)",
  cell: (item, context) => balance(item, context),
};
const KEY = { id: "key", label: "col.key", width: "minmax(80px, 0.8fr)", cell: (item) => keyState(item.keyState) };
const STATUS = {
  id: "status",
  label: "col.status",
  width: "minmax(84px, 0.8fr)",
  cell: (item, { acts }) => [stayStatus(item.status), actMark(acts.openOn(item.reservationId ?? item.id))],
};
const EXPECTED = { id: "expected", label: "col.expected", width: "minmax(84px, 0.8fr)", cell: expected };

function left(item, { timeZone }) {
  if (item.checkedOutAt) return time(item.checkedOutAt, timeZone);
  return item.overdue
    ? pill(t("stay.overdue"), "bad")
    : item.overdue === null
      ? unknown()
      : h("span", { class: "cell-note" }, t("stay.stillhere"));
}

function since(item, { timeZone }) {
  return [time(item.checkedInAt, timeZone), item.leavesToday && [" ", pill(t("stay.leaves"), "info")]];
}

const COMING_OR_GOING = {
  id: "kind",
  label: "col.kind",
  width: "minmax(84px, 0.8fr)",
  cell: (item, context) => [
    h("span", { class: `kind kind-${item.kind}` }, word("kind", item.kind)),
    h("span", { class: "cell-note" }, time(item.expectedAt, context.timeZone)),
  ],
};

function listOf(label, columns, surroundings) {
  // What nobody could say just now is told apart from what there is not.
  const context = { ...surroundings, missing: new Set() };
  return new LineList({
    label: t(label),
    columns: columns.map((column) => ({
      ...column,
      label: t(column.label),
      cell: (item) => column.cell(item, context),
    })),
    keyOf: (item) => item.id ?? item.reservationId,
    textOf: (item) =>
      [item.guestName, item.code, item.roomNumber, item.roomTypeName, ...item.specialRequests]
        .filter(Boolean)
        .join(" "),
    markOf: (item) => {
      const running = context.acts.openOn(item.reservationId ?? item.id);
      return [isLate(item, context.now()), running?.kind, running?.state, ...context.missing].join(" ");
    },
    toneOf: (item) => (PAST.has(item.status) ? "past" : null),
    seen: (answer) => {
      const gone = (answer?.sections ?? []).filter((section) => section.asOf === null);
      context.missing = new Set(gone.map((section) => section.id));
    },
    open: (item) => openStay(item, context),
  });
}

function stayList(label, columns) {
  return (context, answer) => {
    const hasSection = (id) => answer.sections.some((section) => section.id === id);
    // Money and keys are for the desk; whose board has no such section has no such column.
    const shown = columns.filter(
      (column) => (column !== BALANCE || hasSection("balances")) && (column !== KEY || hasSection("keys")),
    );
    return listOf(label, shown, context);
  };
}

/** The list of what a search found. */
export function searchList(context) {
  return listOf("search.results", [ROOM, GUEST, DATES, STATUS], context);
}

export const ARRIVALS = {
  acts: stayActs,
  path: "/arrivals",
  statuses: STATUSES,
  statusWords: "stay",
  sorts: ["expected", "room", "guest", "code"],
  tally: [
    ["total"],
    ["due"],
    ["arrived"],
    ["guests"],
    ["dueRoomReady"],
    ["dueRoomNotReady", "warn"],
    ["dueWithoutRoom", "bad"],
  ],
  view: stayList("nav.arrivals", [ROOM, GUEST, EXPECTED, DATES, BALANCE, KEY, STATUS]),
};

export const DEPARTURES = {
  acts: stayActs,
  path: "/departures",
  statuses: STATUSES,
  statusWords: "stay",
  sorts: ["leaving", "room", "guest", "code"],
  tally: [["total"], ["stillHere"], ["departed"], ["guests"], ["overdue", "bad"], ["owing", "warn"], ["withKey"]],
  view: stayList("nav.departures", [
    ROOM,
    GUEST,
    DATES,
    { id: "left", label: "col.left", width: "minmax(84px, 0.8fr)", cell: left },
    BALANCE,
    KEY,
    STATUS,
  ]),
};

export const IN_HOUSE = {
  acts: stayActs,
  path: "/in-house",
  statuses: STATUSES,
  statusWords: "stay",
  sorts: ["room", "guest", "code", "departure"],
  tally: [["total"], ["guests"], ["leavingToday"], ["owing", "warn"], ["withKey"]],
  view: stayList("nav.in-house", [
    ROOM,
    GUEST,
    DATES,
    { id: "since", label: "col.since", width: "minmax(84px, 0.8fr)", cell: since },
    BALANCE,
    KEY,
    STATUS,
  ]),
};

export const TODAY = {
  acts: stayActs,
  path: "/today",
  statuses: STATUSES,
  statusWords: "stay",
  sorts: ["todo", "room", "guest", "code"],
  tally: [["open", "warn"], ["arrivalsDue"], ["departuresDue"], ["inHouse"], ["roomsReady"], ["roomsNotReady", "warn"]],
  view: stayList("nav.today", [
    COMING_OR_GOING,
    ROOM,
    GUEST,
    { id: "todo", label: "col.todo", width: "minmax(150px, 1.6fr)", cell: todo },
    BALANCE,
    KEY,
    STATUS,
  ]),
};

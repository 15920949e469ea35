/** The boards about rooms: what is to be cleaned and what is broken, each in columns by its status. */

import { actBar } from "../acting/act-bar.js";
import { actMark } from "../acting/act-mark.js";
import { orderActs, orderMoves } from "../acting/order-acts.js";
import { roomActs, roomMoves } from "../acting/room-acts.js";
import { openDetails } from "../details-dialog.js";
import { code, h, icon, name } from "../elements.js";
import { age, number } from "../formats.js";
import { t } from "../language.js";
import { pill } from "../widgets/figures.js";
import { roomNumber, roomStatus, time, word } from "./pieces.js";
import { TileColumns } from "./tile-columns.js";

const ROOM_STATUSES = ["dirty", "cleaning", "clean", "inspected", "ready", "out_of_order", "out_of_service"];
const ORDER_STATUSES = ["open", "assigned", "in_progress", "blocked"];
const PRESSURE_TONES = { overdue: "bad", soon: "warn", later: "info" };
const SEVERITY_TONES = { critical: "bad", high: "warn", normal: "info", low: "quiet" };
const PRIORITY_TONES = { urgent: "bad", high: "warn" };

function arrivalLine(arrival, pressure, { timeZone }) {
  if (!arrival) return null;
  return h(
    "span",
    { class: `tile-arrival tone-${PRESSURE_TONES[pressure] ?? "quiet"}` },
    icon("arrive"),
    h("span", {}, name(arrival.guestName), " ", time(arrival.expectedAt, timeZone)),
  );
}

function roomTile(item, context) {
  const { task, repair } = item;
  const priority =
    task && PRIORITY_TONES[task.priority] && pill(word("priority", task.priority), PRIORITY_TONES[task.priority]);
  return [
    h(
      "span",
      { class: "tile-head" },
      roomNumber(item.roomNumber),
      h("span", { class: "tile-note" }, word("occupancy", item.occupancy)),
      priority,
      actMark(context.acts.openOn(item.roomId)),
    ),
    task &&
      h(
        "span",
        { class: "tile-line" },
        word("task", task.kind),
        task.assigneeName ? [" · ", name(task.assigneeName)] : [" · ", t("task.unassigned")],
      ),
    arrivalLine(item.arrival, item.arrivalPressure, context),
    repair && h("span", { class: "tile-line tone-bad" }, icon("wrench"), h("bdi", {}, repair.title)),
  ];
}

function openRoom(item, context) {
  const { task, arrival, repair } = item;
  const { dialog } = openDetails(
    [t("col.room"), " ", code(item.roomNumber)],
    [
      [t("col.status"), roomStatus(item.status)],
      [t("col.floor"), number(item.floor)],
      item.roomTypeCode ? [t("col.type"), code(item.roomTypeCode)] : null,
      [t("col.occupancy"), word("occupancy", item.occupancy)],
      task
        ? [
            t("col.task"),
            [word("task", task.kind), " · ", word("taskstatus", task.status), " · ", word("priority", task.priority)],
          ]
        : null,
      task ? [t("col.assignee"), task.assigneeName ? name(task.assigneeName) : t("task.unassigned")] : null,
      task?.scheduledFor ? [t("col.scheduled"), time(task.scheduledFor, context.timeZone)] : null,
      arrival ? [t("col.arrival"), [name(arrival.guestName), " ", time(arrival.expectedAt, context.timeZone)]] : null,
      item.arrivalPressure && item.arrivalPressure !== "none"
        ? [t("col.pressure"), pill(word("pressure", item.arrivalPressure), PRESSURE_TONES[item.arrivalPressure])]
        : null,
      repair
        ? [
            t("col.repair"),
            [h("bdi", {}, repair.title), " ", pill(word("severity", repair.severity), SEVERITY_TONES[repair.severity])],
          ]
        : null,
      item.notes ? [t("col.notes"), h("bdi", {}, item.notes)] : null,
      [t("col.updated"), age(context.now() - Date.parse(item.updatedAt))],
    ],
    item.roomId,
  );
  dialog.append(actBar(roomActs(item, context), item, context, item.roomId) ?? "");
}

/** What of an act changes how its card looks. */
function markOf(act) {
  return act ? ` ${act.kind} ${act.state}` : "";
}

export const HOUSEKEEPING = {
  acts: roomActs,
  path: "/housekeeping/board",
  statuses: ROOM_STATUSES,
  statusWords: "status",
  sorts: ["pressure", "priority", "room"],
  tally: [["total"], ["openTasks"], ["unassignedTasks", "warn"], ["underPressure", "bad"]],
  view: (context) =>
    new TileColumns({
      label: t("nav.housekeeping"),
      columns: ROOM_STATUSES.map((id) => ({ id, label: t(`status.${id}`) })),
      columnOf: (item) => item.status,
      keyOf: (item) => item.roomId,
      textOf: (item) =>
        [item.roomNumber, item.task?.assigneeName, item.arrival?.guestName, item.repair?.title]
          .filter(Boolean)
          .join(" "),
      toneOf: (item) => PRESSURE_TONES[item.arrivalPressure] ?? null,
      markOf: (item) => markOf(context.acts.openOn(item.roomId)),
      move: {
        movesOf: (item) => roomMoves(item, context),
        nameOf: (item) => `${t("col.room")} ${item.roomNumber}`,
        announce: context.announce,
      },
      tile: (item) => roomTile(item, context),
      open: (item) => openRoom(item, context),
    }),
};

function orderTile(item, context) {
  return [
    h(
      "span",
      { class: "tile-head" },
      item.roomNumber ? roomNumber(item.roomNumber) : h("span", { class: "tile-note" }, t("order.nowhere")),
      pill(word("severity", item.severity), SEVERITY_TONES[item.severity]),
      item.overdue && pill(t("orders.overdue"), "bad"),
      item.blocksRoom && pill(t("order.blocksroom"), "warn"),
      actMark(context.acts.openOn(item.id)),
    ),
    h("span", { class: "tile-title" }, h("bdi", {}, item.title)),
    h(
      "span",
      { class: "tile-line" },
      item.assigneeName ? name(item.assigneeName) : t("task.unassigned"),
    ),
    h(
      "span",
      { class: "tile-line" },
      word("category", item.category),
      " · ",
      age(context.now() - Date.parse(item.reportedAt)),
    ),
    arrivalLine(item.arrival, "soon", context),
  ];
}

function openOrder(item, context) {
  const when = (instant) => instant && h("time", { datetime: instant }, age(context.now() - Date.parse(instant)));
  const { dialog } = openDetails(
    [h("bdi", {}, item.title)],
    [
      [t("col.severity"), pill(word("severity", item.severity), SEVERITY_TONES[item.severity])],
      [t("col.status"), word("order", item.status)],
      item.roomNumber ? [t("col.room"), [roomNumber(item.roomNumber), " ", roomStatus(item.roomStatus)]] : null,
      item.floor === null ? null : [t("col.floor"), number(item.floor)],
      item.occupancy ? [t("col.occupancy"), word("occupancy", item.occupancy)] : null,
      [t("col.category"), word("category", item.category)],
      [t("col.assignee"), item.assigneeName ? name(item.assigneeName) : t("task.unassigned")],
      [t("col.reported"), when(item.reportedAt)],
      item.dueAt
        ? [t("col.due"), [time(item.dueAt, context.timeZone), item.overdue && [" ", pill(t("orders.overdue"), "bad")]]]
        : null,
      item.description ? [t("col.notes"), h("bdi", {}, item.description)] : null,
      item.arrival
        ? [t("col.arrival"), [name(item.arrival.guestName), " ", time(item.arrival.expectedAt, context.timeZone)]]
        : null,
    ],
    item.id,
  );
  dialog.append(actBar(orderActs(item, context), item, context, item.id) ?? "");
}

export const MAINTENANCE = {
  acts: orderActs,
  path: "/maintenance/board",
  statuses: ORDER_STATUSES,
  statusWords: "order",
  sorts: ["severity", "due", "reported", "room"],
  tally: [
    ["total"],
    ["overdue", "bad"],
    ["unassigned", "warn"],
    ["roomsBlocked", "warn"],
    ["blockedWithArrival", "bad"],
  ],
  view: (context) =>
    new TileColumns({
      label: t("nav.maintenance"),
      // What is mended leaves the board: its column is only there to be dropped on.
      columns: [
        ...ORDER_STATUSES.map((id) => ({ id, label: t(`order.${id}`) })),
        { id: "resolved", label: t("order.resolved"), empty: t("order.drophere") },
      ],
      columnOf: (item) => item.status,
      keyOf: (item) => item.id,
      textOf: (item) => [item.title, item.roomNumber, item.assigneeName, item.description].filter(Boolean).join(" "),
      toneOf: (item) => (item.overdue ? "bad" : null),
      markOf: (item) => markOf(context.acts.openOn(item.id)),
      move: {
        movesOf: (item) => orderMoves(item, context),
        nameOf: (item) => item.title,
        announce: context.announce,
      },
      tile: (item) => orderTile(item, context),
      open: (item) => openOrder(item, context),
    }),
};

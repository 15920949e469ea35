/** What is done with a room and its task: begun, paused, finished, given to somebody, and what the room is now. */

import { code } from "../elements.js";
import { t } from "../language.js";
import { choiceField, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { staffField } from "./people-field.js";
import { offeredActs } from "./stay-acts.js";

const ALWAYS = ["general_manager", "owner"];
const LEAD = ["housekeeping_lead", ...ALWAYS];
const CLEANING = [...LEAD, "housekeeper"];
const KEEPING = [...CLEANING, "front_desk", "night_auditor"];

const STARTABLE = new Set(["pending", "assigned", "paused"]);
const STARTED = new Set(["in_progress", "paused"]);
const STATUSES = ["dirty", "cleaning", "clean", "inspected", "ready", "out_of_order", "out_of_service"];

export const ROOM_ACTS = [
  {
    kind: "start_task",
    path: "/housekeeping/tasks/{id}/start",
    binding: "task.start",
    roles: CLEANING,
    main: true,
    offered: ({ task }) => STARTABLE.has(task?.status),
    open: (room, context) => doTask("start", room, context),
  },
  {
    kind: "complete_task",
    path: "/housekeeping/tasks/{id}/complete",
    binding: "task.complete",
    roles: CLEANING,
    main: true,
    offered: ({ task }) => STARTED.has(task?.status),
    open: (room, context) => doTask("complete", room, context),
  },
  {
    kind: "pause_task",
    path: "/housekeeping/tasks/{id}/pause",
    roles: CLEANING,
    offered: ({ task }) => task?.status === "in_progress",
    open: openPause,
  },
  {
    kind: "assign_task",
    path: "/housekeeping/tasks/{id}/assign",
    roles: LEAD,
    offered: ({ task }) => Boolean(task) && task.status !== "completed",
    open: openAssign,
  },
  {
    kind: "room_status",
    path: "/housekeeping/rooms/{id}/status",
    roles: KEEPING,
    offered: () => true,
    open: openStatus,
  },
];

/** Those that this person may do with this room now. */
export function roomActs(room, context) {
  return offeredActs(ROOM_ACTS, room, room.roomId, context);
}

/**
 * The columns to which this person may move a room, and how: a task begins or is finished where that is what the column
 * means, else somebody says what the room is.
 *
 * @returns {Map<string, () => void>} by the column's id
 */
export function roomMoves(room, context) {
  const offered = new Set(roomActs(room, context).map((act) => act.kind));
  const moves = new Map();
  for (const status of STATUSES) {
    if (status === room.status) continue;
    if (status === "cleaning" && offered.has("start_task")) moves.set(status, () => doTask("start", room, context));
    else if (status === "clean" && offered.has("complete_task"))
      moves.set(status, () => doTask("complete", room, context));
    else if (offered.has("room_status")) moves.set(status, () => setStatus(room, context, status));
  }
  return moves;
}

function subjectOf(room, text) {
  return { id: room.roomId, room: room.roomNumber, text };
}

function doTask(verb, room, context, body = {}) {
  const path = `/housekeeping/tasks/${room.task.id}/${verb}`;
  context.acts.do({ kind: `${verb}_task`, subject: subjectOf(room, t(`task.${room.task.kind}`)), path, body });
}

function setStatus(room, context, status, notes) {
  const path = `/housekeeping/rooms/${room.roomId}/status`;
  const body = { status, ...(notes && { notes }) };
  context.acts.do({ kind: "room_status", subject: subjectOf(room, t(`status.${status}`)), path, body });
}

function openRoomForm(kind, room, parts) {
  const title = [t(`act.${kind}`), " · ", t("col.room"), " ", code(room.roomNumber)];
  return openForm({ title, submit: t(`act.${kind}`), backTo: room.roomId, ...parts });
}

function openPause(room, context) {
  openRoomForm("pause_task", room, {
    fields: [textField({ name: "reason", label: t("form.reason"), lines: 2, most: 1000 })],
    done: ({ reason }) => doTask("pause", room, context, reason ? { reason } : {}),
  });
}

function openAssign(room, context) {
  openRoomForm("assign_task", room, {
    fields: [staffField(context, ["housekeeper", "housekeeping_lead"], room.task.assigneeId)],
    done: (body) => doTask("assign", room, context, body),
  });
}

function openStatus(room, context) {
  const options = STATUSES.filter((status) => status !== room.status).map((value) => ({
    value,
    text: t(`status.${value}`),
  }));
  openRoomForm("room_status", room, {
    fields: [
      choiceField({ name: "status", label: t("col.status"), groups: [{ options }], required: true }),
      textField({ name: "notes", label: t("col.notes"), lines: 2, most: 1000 }),
    ],
    done: ({ status, notes }) => setStatus(room, context, status, notes),
  });
}

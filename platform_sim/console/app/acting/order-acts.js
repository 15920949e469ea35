/** What is done with a work order, from who shall do it to its being mended. */

import { h } from "../elements.js";
import { t } from "../language.js";
import { switchField, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { staffField } from "./people-field.js";
import { offeredActs } from "./stay-acts.js";

const MENDING = ["maintenance", "general_manager", "owner"];
const among = (...statuses) => (order) => statuses.includes(order.status);

export const ORDER_ACTS = [
  {
    kind: "start_order",
    path: "/maintenance/work-orders/{id}/start",
    binding: "task.start",
    roles: MENDING,
    main: true,
    offered: among("open", "assigned"),
    open: (order, context) => doOrder("start", order, context),
  },
  {
    kind: "resume_order",
    path: "/maintenance/work-orders/{id}/resume",
    binding: "task.start",
    roles: MENDING,
    main: true,
    offered: among("blocked"),
    open: (order, context) => doOrder("resume", order, context),
  },
  {
    kind: "resolve_order",
    path: "/maintenance/work-orders/{id}/resolve",
    binding: "task.complete",
    roles: MENDING,
    main: true,
    offered: among("assigned", "in_progress", "blocked"),
    open: openResolve,
  },
  {
    kind: "assign_order",
    path: "/maintenance/work-orders/{id}/assign",
    roles: MENDING,
    offered: among("open", "assigned", "in_progress", "blocked"),
    open: openAssign,
  },
  {
    kind: "block_order",
    path: "/maintenance/work-orders/{id}/block",
    roles: MENDING,
    offered: among("assigned", "in_progress"),
    open: openBlock,
  },
  {
    kind: "cancel_order",
    path: "/maintenance/work-orders/{id}/cancel",
    roles: MENDING,
    danger: true,
    offered: among("open", "assigned", "in_progress", "blocked"),
    open: openCancel,
  },
];

/** Which act leads to which column. */
const LEADS_TO = {
  assigned: ["assign_order"],
  in_progress: ["start_order", "resume_order"],
  blocked: ["block_order"],
  resolved: ["resolve_order"],
};

/** Those that this person may do with this work order now. */
export function orderActs(order, context) {
  return offeredActs(ORDER_ACTS, order, order.id, context);
}

/** The columns to which this person may move a work order, and how. Some moves ask a question first. */
export function orderMoves(order, context) {
  const offered = orderActs(order, context);
  const moves = new Map();
  for (const [column, kinds] of Object.entries(LEADS_TO)) {
    const act = offered.find((each) => kinds.includes(each.kind));
    if (act && column !== order.status) moves.set(column, () => act.open(order, context));
  }
  return moves;
}

function doOrder(verb, order, context, body = {}) {
  const path = `/maintenance/work-orders/${order.id}/${verb}`;
  const subject = { id: order.id, room: order.roomNumber, text: order.title };
  context.acts.do({ kind: `${verb}_order`, subject, path, body });
}

function openOrderForm(kind, order, parts) {
  const title = [t(`act.${kind}`), " · ", h("bdi", {}, order.title)];
  return openForm({ title, submit: t(`act.${kind}`), backTo: order.id, ...parts });
}

function reasonField(label = t("form.reason")) {
  return textField({ name: "reason", label, lines: 2, most: 1000 });
}

function openAssign(order, context) {
  openOrderForm("assign_order", order, {
    fields: [staffField(context, ["maintenance"], order.assigneeId)],
    done: (body) => doOrder("assign", order, context, body),
  });
}

function openBlock(order, context) {
  const closes = order.roomNumber && !order.blocksRoom;
  const room = closes ? [switchField({ name: "blocksRoom", label: t("form.blocksroom") })] : [];
  openOrderForm("block_order", order, {
    fields: [reasonField(t("form.block.why")), ...room],
    done: ({ reason, blocksRoom }) =>
      doOrder("block", order, context, { ...(reason && { reason }), ...(blocksRoom && { blocksRoom }) }),
  });
}

function openResolve(order, context) {
  openOrderForm("resolve_order", order, {
    fields: [textField({ name: "resolution", label: t("form.resolution"), lines: 2, most: 1000 })],
    done: ({ resolution }) => doOrder("resolve", order, context, resolution ? { resolution } : {}),
  });
}

function openCancel(order, context) {
  openOrderForm("cancel_order", order, {
    fields: [reasonField()],
    danger: true,
    done: ({ reason }) => doOrder("cancel", order, context, reason ? { reason } : {}),
  });
}

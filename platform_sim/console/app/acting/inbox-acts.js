/** What is done in the inboxes: deciding about a suggestion, taking care of an alert. */

import { h } from "../elements.js";
import { money } from "../formats.js";
import { t } from "../language.js";
import { moneyField, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { offeredActs } from "./stay-acts.js";

const ALWAYS = ["general_manager", "owner"];
const DECIDING = [...ALWAYS, "front_desk", "housekeeping_lead", "fnb_manager", "revenue_manager"];
const EVERYBODY = [...DECIDING, "night_auditor", "housekeeper", "maintenance"];
/** Whoever does not follow the advice here has to say why; the service refuses it otherwise. */
const SAY_WHY = new Set(["rate_change", "overbooking", "overbooking_warning", "audit_anomaly"]);

const isOpen = (item) => item.status === "open";
const DECIDE = "/ai/suggestions/{id}/decide";

export const SUGGESTION_ACTS = [
  { kind: "accept", path: DECIDE, roles: DECIDING, main: true, offered: isOpen, open: openAccept },
  { kind: "modify", path: DECIDE, roles: DECIDING, offered: isOpen, open: openModify },
  { kind: "reject", path: DECIDE, roles: DECIDING, offered: isOpen, open: openReject },
];

export const ALERT_ACTS = [
  {
    kind: "acknowledge",
    path: "/alerts/{id}/acknowledge",
    roles: EVERYBODY,
    main: true,
    offered: (alert) => alert.status !== "acknowledged",
    open: openAcknowledge,
  },
];

export function suggestionActs(item, context) {
  return offeredActs(SUGGESTION_ACTS, item, item.id, context);
}

export function alertActs(item, context) {
  return offeredActs(ALERT_ACTS, item, item.id, context);
}

function decide(item, context, body) {
  const path = `/ai/suggestions/${item.id}/decide`;
  context.acts.do({ kind: body.decision, subject: { id: item.id, text: item.title }, path, body });
}

function openItemForm(kind, item, parts) {
  const title = [t(`act.${kind}`), " · ", h("bdi", {}, item.title)];
  return openForm({ title, submit: t(`act.${kind}`), backTo: item.id, ...parts });
}

function reasonField(item, decision) {
  const required = decision !== "accept" && SAY_WHY.has(item.category);
  return textField({ name: "reason", label: t("form.why"), lines: 2, most: 1000, required });
}

function openAccept(item, context) {
  openItemForm("accept", item, {
    lead: h("p", { class: "caption" }, t("form.accept.hint")),
    fields: [reasonField(item, "accept")],
    done: ({ reason }) => decide(item, context, { decision: "accept", ...(reason && { reason }) }),
  });
}

function openReject(item, context) {
  openItemForm("reject", item, {
    fields: [reasonField(item, "reject")],
    done: ({ reason }) => decide(item, context, { decision: "reject", ...(reason && { reason }) }),
  });
}

/** A price is changed as a price; whatever else is proposed is changed in words. */
function openModify(item, context) {
  const { suggestedAmountMicros: micros, currency } = item.proposal;
  const isPrice = item.category === "rate_change" && micros && currency;
  const suggested = isPrice && { amountMicro: String(micros), currency };
  const change = isPrice
    ? moneyField({
        name: "amount",
        label: t("form.price"),
        currency,
        hint: t("form.price.hint", { price: money(suggested) }),
      })
    : textField({ name: "note", label: t("form.instead"), lines: 2, most: 1000, required: true });
  openItemForm("modify", item, {
    fields: [change, reasonField(item, "modify")],
    done: ({ amount, note, reason }) => {
      const delta = isPrice ? { suggestedAmountMicros: amount.amountMicro, currency } : { note };
      decide(item, context, { decision: "modify", delta, ...(reason && { reason }) });
    },
  });
}

function openAcknowledge(item, context) {
  openItemForm("acknowledge", item, {
    fields: [textField({ name: "note", label: t("form.note"), lines: 2, most: 1000 })],
    done: ({ note }) =>
      context.acts.do({
        kind: "acknowledge",
        subject: { id: item.id, text: item.title },
        path: `/alerts/${item.id}/acknowledge`,
        body: note ? { note } : {},
      }),
  });
}

/** The forms of what a desk does for a guest. */

import { code, h, name } from "../elements.js";
import { money } from "../formats.js";
import { t } from "../language.js";
import { choiceField, countField, moneyField, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { offerRooms } from "./rooms.js";

const DOCUMENTS = ["passport", "national_id", "driving_licence", "residence_permit"];
const CHARGES = ["minibar", "food_beverage", "laundry", "transport", "other"];
const KEY_KINDS = ["rfid_card", "pin_code", "mobile_app"];

const VERBS = {
  check_in: "check-in",
  check_out: "check-out",
  assign_room: "assign-room",
  no_show: "no-show",
  cancel_stay: "cancel",
};

/** What the tray says of an act for this stay. */
function subjectOf(stay, text) {
  return { id: stay.reservationId, name: stay.guestName, room: stay.roomNumber, text };
}

function openStayForm(kind, stay, parts) {
  return openForm({
    title: [t(`act.${kind}`), " · ", name(stay.guestName)],
    submit: t(`act.${kind}`),
    backTo: stay.id ?? stay.reservationId,
    ...parts,
  });
}

function act(kind, stay, context, body, more = {}) {
  const path = `/reservations/${stay.reservationId}/${VERBS[kind]}`;
  context.acts.do({ kind, subject: subjectOf(stay), path, body, ...more });
}

function notesField() {
  return textField({ name: "notes", label: t("col.notes"), lines: 2, most: 1000 });
}

function options(values, words) {
  return values.map((value) => ({ value, text: t(`${words}.${value}`) }));
}

export function openCheckIn(stay, context) {
  const promised = stay.roomNumber ? t("form.room.promised", { room: stay.roomNumber }) : t("form.room.any");
  const first = [{ value: "", text: promised }];
  const room = choiceField({
    name: "roomId",
    label: t("col.room"),
    groups: [{ options: first }],
    hint: t("form.room.hint"),
  });
  const kinds = [{ value: "", text: t("form.document.none") }, ...options(DOCUMENTS, "form.document")];
  const kind = choiceField({ name: "type", label: t("form.document"), groups: [{ options: kinds }] });
  const last4 = textField({
    name: "last4",
    label: t("form.document.last4"),
    hint: t("form.document.hint"),
    most: 4,
    more: { dir: "ltr", class: "short" },
  });
  // One without the other says nothing.
  const check = () => (Boolean(kind.read()) === (last4.read().length === 4) ? null : t("form.document.both"));
  openStayForm("check_in", stay, {
    fields: [room, kind, { ...last4, check }, notesField()],
    done: ({ roomId, type, last4: digits, notes }) =>
      act("check_in", stay, context, {
        ...(roomId && { roomId }),
        ...(type && { idDocument: { type, last4: digits } }),
        ...(notes && { notes }),
      }),
  });
  offerRooms(room, first, stay, context, { readyOnly: true });
}

export function openCheckOut(stay, context) {
  const owed = stay.balance && BigInt(stay.balance.amountMicro) > 0n;
  const lead = h(
    "div",
    { class: "form-lead" },
    owed && h("p", { class: "owed tone-warn" }, t("form.owed"), " ", h("bdi", {}, money(stay.balance))),
    h("p", { class: "caption" }, t("form.checkout.hint")),
  );
  openStayForm("check_out", stay, {
    lead,
    fields: [notesField()],
    done: ({ notes }) => act("check_out", stay, context, notes ? { notes } : {}),
  });
}

export function openAssignRoom(stay, context) {
  const first = [{ value: "", text: t("form.room.choose") }];
  const room = choiceField({
    name: "roomId",
    label: t("col.room"),
    groups: [{ options: first }],
    hint: t("form.room.free"),
    required: true,
  });
  openStayForm("assign_room", stay, {
    lead: stay.roomNumber && h("p", {}, t("form.room.now"), " ", code(stay.roomNumber)),
    fields: [room],
    done: ({ roomId }) => act("assign_room", stay, context, { roomId }),
  });
  offerRooms(room, first, stay, context, { but: stay.roomId });
}

export function openCharge(stay, context) {
  const currency = stay.balance?.currency ?? context.property.currency;
  const fields = [
    textField({ name: "description", label: t("form.charge.what"), required: true }),
    moneyField({ name: "amount", label: t("form.charge.each"), currency }),
    countField({ name: "quantity", label: t("form.charge.quantity") }),
    choiceField({
      name: "category",
      label: t("col.category"),
      groups: [{ options: options(CHARGES, "charge") }],
      value: "other",
    }),
  ];
  openStayForm("post_charge", stay, {
    fields,
    done: (body) => {
      const subject = subjectOf(stay, `${body.description} × ${body.quantity}, ${money(body.amount)}`);
      context.acts.do({ kind: "post_charge", subject, path: `/folios/${stay.folioId}/charges`, body });
    },
  });
}

export function openIssueKey(stay, context) {
  const lockId = context.lockOf(stay.roomId);
  const kind = choiceField({
    name: "kind",
    label: t("form.key.kind"),
    groups: [{ options: options(KEY_KINDS, "keykind") }],
  });
  openStayForm("issue_key", stay, {
    lead: h("p", { class: "caption" }, t("form.key.until")),
    fields: [kind],
    done: ({ kind: chosen }) =>
      context.acts.do({
        kind: "issue_key",
        subject: subjectOf(stay, t(`keykind.${chosen}`)),
        path: `/locks/${lockId}/issue-key`,
        body: { reservationId: stay.reservationId, kind: chosen },
        patient: true,
      }),
  });
}

export function openRevokeKey(stay, context) {
  const keys = stay.keys.map((key) => ({ value: key.keyCredentialId, text: keyWords(key) }));
  const fields = [
    choiceField({ name: "keyCredentialId", label: t("col.key"), groups: [{ options: keys }], required: true }),
    textField({ name: "reason", label: t("form.reason"), required: true, most: 500, lines: 2 }),
  ];
  openStayForm("revoke_key", stay, {
    lead: h("p", { class: "caption" }, t("form.key.proof")),
    fields,
    danger: true,
    done: (body) => {
      const key = stay.keys.find((each) => each.keyCredentialId === body.keyCredentialId);
      context.acts.do({
        kind: "revoke_key",
        subject: subjectOf(stay, t(`keykind.${key.kind}`)),
        path: `/locks/${key.lockId}/revoke-key`,
        body,
        patient: true,
      });
    },
  });
}

/** Keys have no names; the end of the identifier tells two of a kind apart. */
function keyWords({ kind, state, keyCredentialId }) {
  return `${t(`keykind.${kind}`)} · ${t(`key.${state}`)} · \u2066…${keyCredentialId.slice(-6)}\u2069`;
}

export function openNoShow(stay, context) {
  openStayForm("no_show", stay, {
    lead: h("p", {}, t("form.noshow.hint")),
    fields: [],
    danger: true,
    done: () => act("no_show", stay, context, {}),
  });
}

export function openCancel(stay, context) {
  openStayForm("cancel_stay", stay, {
    fields: [textField({ name: "reason", label: t("form.reason"), lines: 2, most: 1000 })],
    danger: true,
    done: ({ reason }) => act("cancel_stay", stay, context, reason ? { reason } : {}),
  });
}

/** What one suggestion and one alert look like in their inboxes. */

import { actButtons } from "../acting/act-bar.js";
import { actMark } from "../acting/act-mark.js";
import { alertActs, suggestionActs } from "../acting/inbox-acts.js";
import { code, h, icon, name } from "../elements.js";
import { age, calendarDay, clockTime, money, percent, shortDate } from "../formats.js";
import { has, t } from "../language.js";
import { pill, progress } from "../widgets/figures.js";
import { word } from "../boards/pieces.js";

const SEVERITY_SIGNS = { critical: "critical", warning: "warning", info: "info" };
const SEVERITY_TONES = { critical: "bad", warning: "warn", info: "info" };
const SUGGESTION_TONES = { open: "info", decided: "good", expired: "quiet" };
const ALERT_TONES = { unread: "info", read: "quiet", acknowledged: "good" };

function when(instant, { now, timeZone }) {
  const time = clockTime(instant, timeZone);
  const day = shortDate(new Date(instant), timeZone);
  return h("time", { datetime: instant, "data-age": true, title: `${day} ${time}` }, age(now() - Date.parse(instant)));
}

/** Who did something: by name where this desk knows the person, else by identifier. */
function person(id, { staff }) {
  const known = staff.find((each) => each.id === id);
  return known ? name(known.displayName ?? known.username) : code(id);
}

/** A price suggestion in money; every other proposal as its author wrote it. */
function proposal(item) {
  const { stayDate, baselineAmountMicros, suggestedAmountMicros, currency } = item.proposal;
  if (item.category === "rate_change" && currency && suggestedAmountMicros) {
    const price = (micros) => h("strong", {}, h("bdi", {}, money({ amountMicro: String(micros), currency })));
    const day = stayDate && [" · ", h("time", { datetime: stayDate }, shortDate(calendarDay(stayDate)))];
    return h(
      "p",
      { class: "inbox-proposal" },
      t("ai.price"),
      " ",
      price(baselineAmountMicros),
      h("span", { "aria-hidden": "true", class: "to" }, "→"),
      h("span", { class: "visually-hidden" }, t("ai.becomes")),
      " ",
      price(suggestedAmountMicros),
      day,
    );
  }
  return (
    typeof item.proposal.note === "string" && h("p", { class: "inbox-proposal" }, h("bdi", {}, item.proposal.note))
  );
}

function raw(members) {
  const rows = Object.entries(members).map(([key, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return h("div", {}, h("dt", {}, code(key)), h("dd", {}, code(text)));
  });
  return h("dl", { class: "raw" }, rows);
}

function decided(decision, context) {
  if (!decision) return null;
  return h(
    "p",
    { class: "inbox-decision" },
    icon("check"),
    h(
      "span",
      {},
      word("decision", decision.decision),
      " · ",
      person(decision.decidedBy, context),
      " · ",
      when(decision.decidedAt, context),
      decision.reason && [" · ", h("bdi", {}, decision.reason)],
    ),
  );
}

function suggestionCard(item, context) {
  const confidence = percent(item.confidence * 100, 0);
  return h(
    "article",
    { class: "inbox-card", "data-id": item.id, "data-key": item.id, tabindex: "-1", "aria-labelledby": `t-${item.id}` },
    h("span", { class: "sign" }, icon("spark")),
    h(
      "div",
      { class: "inbox-text" },
      h("h2", { class: "inbox-title", id: `t-${item.id}` }, h("bdi", {}, item.title)),
      h("p", { class: "cell-note" }, categoryOf(item), " · ", when(item.createdAt, context)),
      h("p", {}, h("bdi", {}, item.summary)),
      proposal(item),
      decided(item.decision, context),
      h(
        "details",
        { class: "inbox-why" },
        h("summary", {}, t("ai.why")),
        h("h3", { class: "eyebrow" }, t("ai.proposal")),
        raw(item.proposal),
        h("h3", { class: "eyebrow" }, t("ai.provenance")),
        raw(item.provenance),
      ),
      actButtons(suggestionActs(item, context), item, context),
    ),
    h(
      "div",
      { class: "inbox-side" },
      pill(word("suggestion", item.status), SUGGESTION_TONES[item.status]),
      actMark(context.acts.openOn(item.id)),
      h("span", { class: "cell-note" }, t("ai.confidence", { value: confidence })),
      progress(item.confidence),
    ),
  );
}

function categoryOf(item) {
  return has(`ai.category.${item.category}`) ? t(`ai.category.${item.category}`) : word("ai.category", item.category);
}

function acknowledged(item, context) {
  if (!item.acknowledgedAt) return null;
  return h(
    "p",
    { class: "inbox-decision" },
    icon("check"),
    h(
      "span",
      {},
      t("alert.acknowledged"),
      " · ",
      item.acknowledgedBy && [person(item.acknowledgedBy, context), " · "],
      when(item.acknowledgedAt, context),
      item.note && [" · ", h("bdi", {}, item.note)],
    ),
  );
}

function alertCard(item, context) {
  const tone = SEVERITY_TONES[item.severity] ?? "info";
  return h(
    "article",
    {
      class: `inbox-card${item.status === "unread" ? " is-new" : ""}`,
      "data-id": item.id,
      "data-key": item.id,
      tabindex: "-1",
      "aria-labelledby": `t-${item.id}`,
    },
    h("span", { class: `sign sign-${tone}` }, icon(SEVERITY_SIGNS[item.severity] ?? "info")),
    h(
      "div",
      { class: "inbox-text" },
      h("h2", { class: "inbox-title", id: `t-${item.id}` }, h("bdi", {}, item.title)),
      h("p", { class: "cell-note" }, word("severity", item.severity), " · ", when(item.raisedAt, context)),
      item.body && h("p", {}, h("bdi", {}, item.body)),
      acknowledged(item, context),
      actButtons(alertActs(item, context), item, context),
    ),
    h(
      "div",
      { class: "inbox-side" },
      pill(word("alert", item.status), ALERT_TONES[item.status]),
      actMark(context.acts.openOn(item.id)),
    ),
  );
}

/** Both inboxes: address, filters, what is counted, and the card of one entry. */
export const INBOXES = {
  suggestions: {
    path: "/ai/suggestions",
    statuses: ["open", "decided", "expired"],
    firstStatus: "open",
    statusWords: "suggestion",
    hasCategories: true,
    counted: "open",
    countWords: "inbox.open",
    none: "ai.none",
    card: suggestionCard,
  },
  alerts: {
    path: "/alerts",
    statuses: ["unread", "read", "acknowledged"],
    firstStatus: "",
    statusWords: "alert",
    hasCategories: false,
    counted: "unread",
    countWords: "inbox.unread",
    none: "alerts.none",
    card: alertCard,
  },
};

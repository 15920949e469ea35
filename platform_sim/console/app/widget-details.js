/** What stands in a widget's details: where its numbers come from, how old they are, what they mean. */

import { code, h } from "./elements.js";
import { clockTime, duration } from "./formats.js";
import { has, t } from "./language.js";

/** A platform service by the name that people use, with its own name behind it. */
export function serviceName(service) {
  const key = `service.${service}`;
  return has(key) ? [t(key), " ", h("small", {}, code(service))] : [code(service)];
}

function sources(frame, plan) {
  const names = frame?.sources ?? plan.sources ?? [];
  return names.length === 0
    ? null
    : h(
        "ul",
        {},
        names.map((each) => h("li", {}, serviceName(each))),
      );
}

/** The definition list for one card. */
export function detailRows(card) {
  const { frame, plan, outcome, landedMs, context } = card;
  const known = (value) => value !== null && value !== undefined;
  const asOf = frame?.asOf ?? plan.asOf;
  const hint = t(`outcome.hint.${outcome}`);
  const rows = [
    [t("detail.definition"), plan.definition ?? (has(`define.${plan.id}`) ? t(`define.${plan.id}`) : null)],
    [t("detail.outcome"), [h("strong", {}, t(`outcome.${outcome}`)), " – ", hint]],
    [t("detail.asof"), asOf && clockTime(asOf, context.timeZone, { seconds: true })],
    [t("detail.sources"), sources(frame, plan)],
    [t("detail.upstream"), known(frame?.upstreamMs) && duration(frame.upstreamMs)],
    [t("detail.deadline"), known(plan.deadlineMs) && duration(plan.deadlineMs)],
    [t("detail.landed"), known(landedMs) && duration(landedMs)],
    [t("detail.code"), frame?.problem?.code && code(frame.problem.code)],
    [t("detail.request"), frame?.problem?.requestId && code(frame.problem.requestId)],
  ];
  return h(
    "dl",
    {},
    rows.filter(([, value]) => value).map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
  );
}

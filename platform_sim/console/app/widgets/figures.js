/** The parts that widgets are built from: the big number, the change, the list row, the row of small counts. */

import { signed } from "../formats.js";
import { h } from "../elements.js";
import { t } from "../language.js";

/** The number that the widget is about, and in words what it counts. */
export function headline(value, caption, tone = "") {
  return h(
    "p",
    { class: "headline" },
    h("span", { class: `figure ${tone}` }, value),
    caption && h("span", { class: "caption" }, caption),
  );
}

/** How much a number moved since last week. The arrow repeats the sign, so that colour is never the only bearer. */
export function change(difference, text) {
  const tone = difference > 0 ? "up" : difference < 0 ? "down" : "even";
  const arrow = { up: "▲", down: "▼", even: "■" }[tone];
  return h(
    "p",
    { class: "change" },
    h(
      "span",
      { class: `delta delta-${tone}` },
      h("span", { class: "arrow", "aria-hidden": "true" }, arrow),
      h("bdi", {}, text),
    ),
    h("span", { class: "caption" }, t("kpi.lastweek")),
  );
}

/** The relative change in per cent with its sign, such as `+4.2`. */
export function relativeChange(value, previous) {
  return previous === 0 ? 0 : ((value - previous) / Math.abs(previous)) * 100;
}

export { signed };

/** Small counts side by side: `[label, value, tone?]`. */
export function counts(rows) {
  return h(
    "dl",
    { class: "counts" },
    rows.map(([label, value, tone]) =>
      h("div", { class: tone ? `tone-${tone}` : null }, h("dt", {}, label), h("dd", {}, value)),
    ),
  );
}

/** Label and value on a line each, for widgets with few numbers and much room: `[label, value, tone?]`. */
export function ledger(lines) {
  return h(
    "dl",
    { class: "ledger" },
    lines.map(([label, value, tone]) =>
      h("div", { class: tone ? `tone-${tone}` : null }, h("dt", {}, label), h("dd", {}, value)),
    ),
  );
}

/** A list of lines, each `{lead, title, note, end}`; every part may be missing. */
export function rows(items) {
  return h(
    "ul",
    { class: "rows" },
    items.map(({ lead, title, note, end }) =>
      h(
        "li",
        {},
        lead && h("span", { class: "row-lead" }, lead),
        h(
          "span",
          { class: "row-body" },
          h("span", { class: "row-title" }, title),
          note && h("span", { class: "row-note" }, note),
        ),
        end && h("span", { class: "row-end" }, end),
      ),
    ),
  );
}

/** A small label with a tone: `good`, `warn`, `bad`, `info` or `quiet`. */
export function pill(text, tone = "quiet") {
  return h("span", { class: `pill pill-${tone}` }, text);
}

/** What stands where there is nothing to list, which is mostly good news. */
export function quiet(text, sign) {
  return h("p", { class: "quiet" }, sign && h("span", { class: "quiet-sign" }, sign), h("span", {}, text));
}

/** A thin bar of one share, 0 to 1. The number stands beside it. */
export function progress(share) {
  const width = `${(Math.max(0, Math.min(1, share)) * 100).toFixed(1)}%`;
  return h("div", { class: "progress", "aria-hidden": "true", vars: { "--share": width } }, h("span", {}));
}

import { donut } from "../charts.js";
import { h } from "../elements.js";
import { number } from "../formats.js";
import { t } from "../language.js";

/** From what the desk can give away at once to what it can't give away at all. */
const STATES = [
  ["ready", "rooms.readyRooms", "ready"],
  ["inspected", "rooms.inspected", "inspected"],
  ["clean", "rooms.clean", "clean"],
  ["cleaning", "rooms.cleaning", "cleaning"],
  ["dirty", "rooms.dirty", "dirty"],
  ["outOfOrder", "rooms.outOfOrder", "ooo"],
  ["outOfService", "rooms.outOfService", "oos"],
];

export function rooms(data) {
  const parts = STATES.map(([member, , tone]) => ({ value: data[member], tone }));
  const legend = STATES.map(([member, label, tone]) =>
    h(
      "div",
      { class: data[member] === 0 ? "none" : null },
      h("dt", {}, h("i", { class: `swatch tone-${tone}` }), t(label)),
      h("dd", {}, number(data[member])),
    ),
  );
  return [
    h(
      "div",
      { class: "donut-row" },
      h(
        "div",
        { class: "donut-box" },
        donut(parts),
        h(
          "p",
          { class: "donut-word" },
          h("span", { class: "figure" }, number(data.ready)),
          h("span", { class: "caption" }, t("rooms.ready", { n: data.ready })),
        ),
      ),
      h("dl", { class: "legend" }, legend),
    ),
    h("p", { class: "caption" }, t("rooms.of", { n: data.total })),
  ];
}

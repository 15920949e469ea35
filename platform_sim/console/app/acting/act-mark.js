/** The mark at a line, a card or a room with which something is being done just now. */

import { h, icon } from "../elements.js";
import { t } from "../language.js";

/** `act` is undefined where nothing is; then there is no mark. */
export function actMark(act) {
  if (!act) return null;
  const busy = act.state === "sending" || act.state === "waiting";
  return h(
    "span",
    { class: `pill pill-${busy ? "info" : "warn"} act-mark` },
    icon(busy ? "clock" : "warning"),
    t(`act.${act.kind}`),
    h("span", { class: "visually-hidden" }, " ", t(`acts.state.${busy ? "sending" : act.state}`)),
  );
}

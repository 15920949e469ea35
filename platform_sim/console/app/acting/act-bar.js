/** The buttons of what can be done with something, at the foot of the dialog that shows it. */

import { h } from "../elements.js";
import { t } from "../language.js";
import { stateWords } from "./tray.js";

/** The buttons alone, for what is not shown in a dialog. `item.id` is where the focus goes back to. */
export function actButtons(offered, item, context) {
  if (offered.length === 0) return null;
  const button = (act) =>
    h(
      "button",
      {
        type: "button",
        class: `button button-small${act.main ? " button-primary" : ""}`,
        "data-act-kind": act.kind,
        onclick: () => act.open(item, context),
      },
      t(`act.${act.kind}`),
    );
  return h("p", { class: "act-buttons", role: "group", "aria-label": t("acts.offered") }, offered.map(button));
}

/**
 * The foot of a dialog.
 *
 * @param {{kind: string, main?: boolean, danger?: boolean, open: (item: object, context: object) => void}[]} offered
 * @param {object} item
 * @param {object} context of the desk, with its `acts`
 * @param {string} subjectId
 * @returns {HTMLElement | null} null where there is nothing to do
 */
export function actBar(offered, item, context, subjectId) {
  const running = context.acts.openOn(subjectId);
  if (running)
    return h(
      "div",
      { class: "dialog-foot act-bar" },
      h("p", { class: "caption" }, t(`act.${running.kind}`), " – ", stateWords(running)),
    );
  if (offered.length === 0) return null;
  const button = (act) =>
    h(
      "button",
      {
        type: "button",
        class: `button${act.main ? " button-primary" : ""}${act.danger ? " button-danger" : ""}`,
        "data-act-kind": act.kind,
        onclick: (event) => {
          event.target.closest("dialog").close();
          act.open(item, context);
        },
      },
      t(`act.${act.kind}`),
    );
  const attributes = { class: "dialog-foot act-bar", role: "group", "aria-label": t("acts.offered") };
  return h("div", attributes, offered.map(button));
}

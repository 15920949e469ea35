/** The dialog that shows everything of one line. */

import { openModal } from "./acting/form-dialog.js";
import { dialogHead } from "./help.js";
import { h } from "./elements.js";
import { t } from "./language.js";

/**
 * Open it.
 *
 * @param {unknown} title
 * @param {([string, unknown] | null)[]} rows label and value; rows without a value are left out
 * @param {string} [backTo] the `data-key` of the line that it is about
 * @returns {{dialog: HTMLDialogElement, body: HTMLElement, signal: AbortSignal}} `signal` is aborted when it closes
 */
export function openDetails(title, rows, backTo) {
  const stop = new AbortController();
  const body = h("div", { class: "dialog-body" }, detailList(rows));
  const dialog = h(
    "dialog",
    { class: "dialog dialog-details", "aria-labelledby": "details-title" },
    dialogHead("details-title", title, t("help.close")),
    body,
  );
  dialog.addEventListener("close", () => stop.abort());
  openModal(dialog, backTo);
  return { dialog, body, signal: stop.signal };
}

/** Labels and values below each other. */
export function detailList(rows) {
  return h(
    "dl",
    { class: "detail-list" },
    rows
      .filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== false)
      .map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
  );
}

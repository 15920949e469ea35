/** A dialog in which an act is put together: its fields, what is missing, and the way back to where it began. */

import { dialogHead } from "../help.js";
import { h } from "../elements.js";
import { t } from "../language.js";

/**
 * Open it. `Ctrl+S` or `⌘S` does the same as its button.
 *
 * @param {object} parts
 * @param {unknown} parts.title
 * @param {unknown} [parts.lead] what there is to know before it is done
 * @param {{name: string, element: HTMLElement, read: () => unknown, check?: () => string | null}[]} parts.fields
 * @param {string} parts.submit the button's words
 * @param {boolean} [parts.danger]
 * @param {(values: Record<string, unknown>, trouble: HTMLElement) => unknown} parts.done is given what was entered once
 *   nothing is missing, and where to say what went wrong. The dialog stays open where it returns `false`, or a promise of it
 * @param {string} [parts.backTo] the `data-key` of what the focus goes back to where its element was painted anew
 * @returns {HTMLDialogElement}
 */
export function openForm(parts) {
  const id = `form-${crypto.randomUUID()}`;
  const send = h(
    "button",
    { type: "submit", class: `button ${parts.danger ? "button-danger" : "button-primary"}` },
    parts.submit,
  );
  const trouble = h("p", { class: "form-trouble", role: "alert" });
  const close = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("form.cancel"));
  const form = h(
    "form",
    { class: "act-form", novalidate: true, onsubmit: (event) => submitted(event) },
    h("div", { class: "dialog-body" }, parts.lead, parts.fields.map((field) => field.element), trouble),
    h("div", { class: "dialog-foot" }, close, send),
  );
  const dialog = h(
    "dialog",
    { class: "dialog dialog-act", "aria-labelledby": id },
    dialogHead(id, parts.title, t("help.close")),
    form,
  );
  const submitted = async (event) => {
    event.preventDefault();
    const wrong = firstWrong(parts.fields);
    trouble.textContent = wrong?.words ?? "";
    if (wrong) {
      wrong.field.control.focus();
      return;
    }
    send.disabled = true;
    const values = Object.fromEntries(parts.fields.map((field) => [field.name, field.read()]));
    const stays = (await parts.done(values, trouble)) === false;
    send.disabled = false;
    if (!stays) dialog.close();
  };
  dialog.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  openModal(dialog, parts.backTo);
  (parts.fields[0]?.control ?? send).focus();
  return dialog;
}

/** Show a dialog; once closed it is gone, and the focus is where it was, also where that was painted anew meanwhile. */
export function openModal(dialog, backTo) {
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement !== document.body) return;
    const back = backTo && document.querySelector(`[data-key="${CSS.escape(backTo)}"]`);
    (back ?? document.getElementById("page-title"))?.focus({ preventScroll: true });
  });
  // A click beside the dialog lands on the dialog element itself.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** The first field in which something is missing or wrong, marked; the marks of the others go. */
function firstWrong(fields) {
  let first = null;
  for (const field of fields) {
    const words = field.check?.() ?? null;
    if (words) field.control.setAttribute("aria-invalid", "true");
    else field.control.removeAttribute("aria-invalid");
    if (words && !first) first = { field, words };
  }
  return first;
}

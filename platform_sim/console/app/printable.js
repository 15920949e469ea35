/**
 * Printable pages: the service's own HTML of the dashboard, and of the downtime pack.
 *
 * A link can't carry a proof of possession, so the page is fetched and shown in a frame. The frame runs no script, and as
 * it inherits this page's policy, its inline styles would be refused: they are handed over as constructed style sheets.
 */

import { dialogHead } from "./help.js";
import { fill, h, icon } from "./elements.js";
import { language, t } from "./language.js";
import { Problem, Unreachable } from "./problem.js";

function adoptStyles(root, view) {
  const sheets = [...root.querySelectorAll("template[data-sheet]")].map((held) => {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(held.content.textContent);
    held.remove();
    return sheet;
  });
  if (sheets.length > 0) root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
  for (const element of root.querySelectorAll("*")) if (element.shadowRoot) adoptStyles(element.shadowRoot, view);
}

/** Put the page into the frame. Its shadow roots come declared in the markup, which only this parser honours. */
function show(frame, html) {
  // Inside a template a sheet is only text: neither parser nor policy takes notice of it until it is handed over.
  const held = html.replaceAll(/<style\b/g, "<template data-sheet").replaceAll("</style>", "</template>");
  const parsed = Document.parseHTMLUnsafe(held);
  for (const script of parsed.querySelectorAll("script, meta[http-equiv]")) script.remove();
  const page = frame.contentDocument;
  const root = page.adoptNode(parsed.documentElement);
  page.replaceChild(root, page.documentElement);
  adoptStyles(page, frame.contentWindow);
}

/**
 * Fetch a page and show it in a dialog.
 *
 * @param {{session: object, path: string, title: string}} page `path` below the API's prefix, with its query
 */
export async function openPrintable({ session, path, title }) {
  const frame = h("iframe", {
    class: "page-frame",
    title,
    sandbox: "allow-same-origin allow-modals",
  });
  const status = h("p", { class: "quiet", role: "status" }, t("print.loading"));
  const print = h(
    "button",
    { type: "button", class: "button button-primary", disabled: true, onclick: () => frame.contentWindow.print() },
    icon("print"),
    t("print.button"),
  );
  const dialog = h(
    "dialog",
    { class: "dialog dialog-page", "aria-labelledby": "print-title" },
    dialogHead("print-title", title, t("print.close")),
    status,
    frame,
    h("footer", { class: "dialog-foot" }, print),
  );
  const stop = new AbortController();
  dialog.addEventListener("close", () => {
    stop.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    const headers = { Accept: "text/html", "Accept-Language": language().tag };
    const response = await session.send("GET", path, { headers, signal: stop.signal });
    show(frame, await response.text());
    status.remove();
    print.disabled = false;
  } catch (problem) {
    if (stop.signal.aborted) return;
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    fill(status, problem.userMessage?.text ?? t("print.failed"));
  }
}

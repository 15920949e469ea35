/** The tray of acts: what is under way, what is done, what was refused and why, and what can be done about it. */

import { code, h, icon, name } from "../elements.js";
import { has, t } from "../language.js";
import { isOpen } from "./acts.js";

/** How long something that went well stays in sight by itself; the list of all of them keeps it. */
const SHOWN_MS = 8_000;
const SIGNS = {
  sending: "clock",
  waiting: "refresh",
  unsure: "warning",
  proof: "lock",
  done: "check",
  refused: "critical",
};
const TONES = { sending: "info", waiting: "warn", unsure: "warn", proof: "warn", done: "good", refused: "bad" };

export class Tray {
  #acts;
  #announce;
  #prove;
  #whoAmI;
  /** All of them, what has not gone well or is new (as it begins), or none. */
  #shows = "news";
  #fresh = new Map();
  #rows = new Map();
  #onChange = (event) => this.#changed(event.detail);

  /**
   * @param {{acts: import("./acts.js").Acts, announce: (text: string) => void, prove: (act: object) => void,
   *   operatorId: string}} parts
   */
  constructor({ acts, announce, prove, operatorId }) {
    this.#acts = acts;
    this.#announce = announce;
    this.#prove = prove;
    this.#whoAmI = operatorId;
    this.list = h("ul", { class: "acts-list" });
    this.summary = h("span", {});
    this.toggle = h(
      "button",
      { type: "button", class: "acts-toggle", "aria-expanded": "false", onclick: () => this.#fold() },
      icon("today"),
      this.summary,
      icon("chevron"),
    );
    this.element = h(
      "section",
      { class: "acts", id: "acts", "aria-label": t("acts.title"), hidden: true },
      this.toggle,
      this.list,
    );
    acts.addEventListener("changed", this.#onChange);
    this.#paint();
  }

  stop() {
    this.#acts.removeEventListener("changed", this.#onChange);
    for (const timer of this.#fresh.values()) clearTimeout(timer);
  }

  #fold() {
    const folds = this.#shows === "all" || (this.#shows === "news" && this.list.children.length === this.#acts.all.length);
    this.#shows = folds ? "none" : "all";
    this.#paint();
  }

  #changed(change) {
    if (change && change.act.state !== change.was) {
      this.#say(change.act);
      if (this.#shows === "none") this.#shows = "news";
      this.#keepInSight(change.act);
    }
    this.#paint();
    // The second factor is asked for at once: whoever wants to withdraw a key should not have to look for a button.
    if (change?.act.state === "proof" && change.was === "sending") this.#prove(change.act);
  }

  #keepInSight(act) {
    clearTimeout(this.#fresh.get(act.id));
    const timer = setTimeout(() => this.#letGo(act.id), SHOWN_MS);
    this.#fresh.set(act.id, timer);
  }

  /** It leaves the sight, unless somebody is at it just now. */
  #letGo(id) {
    this.#fresh.delete(id);
    const row = this.#rows.get(id)?.row;
    if (row?.matches(":focus-within, :hover")) this.#keepInSight({ id });
    else this.#paint();
  }

  /** Who can't see the tray hears how each act ended; what is only on its way is heard once. */
  #say(act) {
    if (act.state === "sending" && act.tries > 1) return;
    const message = act.state === "refused" ? act.problem?.userMessage?.text : null;
    const parts = [titleText(act), stateWords(act), message].filter(Boolean);
    this.#announce(parts.join(" – "));
  }

  #paint() {
    const all = this.#acts.all;
    const open = all.filter(isOpen).length;
    const text = open > 0 ? t("acts.open", { n: open }) : t("acts.settled", { n: all.length });
    if (this.summary.textContent !== text) this.summary.textContent = text;
    this.element.hidden = all.length === 0;
    const isNews = (act) => act.state !== "done" || this.#fresh.has(act.id);
    const shown = this.#shows === "none" ? [] : all.filter((act) => this.#shows === "all" || isNews(act));
    this.toggle.setAttribute("aria-expanded", String(shown.length > 0));
    this.#arrange(shown);
  }

  /** A row that has not changed keeps its element, and with it the focus of its button. */
  #arrange(shown) {
    const before = this.#rows;
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const focusedId = focused?.closest("[data-act]")?.dataset.act;
    this.#rows = new Map(
      shown.map((act) => {
        const mark = JSON.stringify([act.state, act.tries, act.problem, act.replayed]);
        const had = before.get(act.id);
        return [act.id, had?.mark === mark ? had : { mark, row: this.#row(act) }];
      }),
    );
    const rows = [...this.#rows.values()].map((each) => each.row);
    this.list.hidden = rows.length === 0;
    const same = this.list.children.length === rows.length && rows.every((row, at) => this.list.children[at] === row);
    if (same) return;
    this.list.replaceChildren(...rows);
    if (!focused || document.querySelector("dialog[open]")) return;
    const next = this.#rows.get(focusedId)?.row.querySelector("button") ?? (this.element.hidden ? null : this.toggle);
    (focused.isConnected ? focused : next)?.focus({ preventScroll: true });
  }

  #row(act) {
    const others = act.who.operatorId !== this.#whoAmI;
    const message = act.problem?.userMessage;
    return h(
      "li",
      { class: `act act-${TONES[act.state]}`, "data-act": act.id, "data-kind": act.kind, "data-state": act.state },
      h("span", { class: "act-sign" }, icon(SIGNS[act.state])),
      h(
        "div",
        { class: "act-text" },
        h("p", { class: "act-title" }, title(act)),
        h("p", { class: "act-state" }, stateWords(act), others && [" · ", t("acts.by"), " ", name(act.who.displayName)]),
        message && h("p", { lang: message.lang, dir: message.dir, class: "act-message" }, message.text),
        act.state === "refused" && places(act),
        act.state === "unsure" && h("p", { class: "act-hint" }, hint(act)),
        this.#buttons(act),
      ),
    );
  }

  #buttons(act) {
    const button = (words, onclick, more = {}) =>
      h("button", { type: "button", class: "button button-small", onclick, ...more }, words);
    const retry = (act.state === "waiting" || act.state === "unsure") && act.retry !== "never";
    const anew = act.state === "refused" && act.retry === "new_key";
    const settled = !isOpen(act);
    return h(
      "p",
      { class: "act-buttons" },
      retry && button(t("acts.again"), () => this.#acts.again(act.id), { "data-do": "again" }),
      act.state === "proof" && button(t("acts.prove"), () => this.#prove(act), { "data-do": "prove" }),
      anew && button(t("acts.anew"), () => this.#acts.anew(act.id), { "data-do": "anew" }),
      (settled || act.state === "unsure" || act.state === "proof") &&
        button(settled ? t("acts.dismiss") : t("acts.giveup"), () => this.#acts.dismiss(act.id), {
          "data-do": "dismiss",
          class: "button button-small button-quiet",
        }),
    );
  }
}

/** Where the service saw something wrong, in its own short words; they are for whoever mends it. */
function places({ problem }) {
  const texts = (problem?.places ?? []).map(({ field, code: what }) => `${field} ${what}`);
  const more = [...texts, problem?.code, problem?.requestId].filter(Boolean);
  return h("p", { class: "caption act-code" }, code(more.join(" · ")));
}

function title(act) {
  const { room, name: whose, text } = act.subject;
  return [
    h("strong", {}, t(`act.${act.kind}`)),
    whose && [" · ", name(whose)],
    room && [" · ", t("col.room"), " ", code(room)],
    text && [" · ", h("bdi", {}, text)],
  ];
}

function titleText(act) {
  const { room, name: whose, text } = act.subject;
  return [t(`act.${act.kind}`), whose ?? text, room && `${t("col.room")} ${room}`].filter(Boolean).join(", ");
}

/** How it stands with an act, in words. */
export function stateWords(act) {
  if (act.state === "done" && act.replayed) return t("acts.state.done.before");
  const own = `acts.state.${act.state}.${act.lost ? "lost" : "busy"}`;
  return t(has(own) ? own : `acts.state.${act.state}`);
}

function hint(act) {
  return t(act.retry === "never" ? "acts.never.hint" : "acts.unsure.hint");
}

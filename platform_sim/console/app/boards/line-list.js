/**
 * A long list of lines with columns, for 1,500 guests as well as for three.
 *
 * Every line is in the page, so that the browser's own search, a printer and a screen reader find it; the lines stand in
 * blocks that the browser neither lays out nor paints before they come near the window (`content-visibility`). A line
 * that has not changed keeps its element, and with it the focus.
 */

import { isForeign, rove } from "../arrow-keys.js";
import { h } from "../elements.js";
import { t } from "../language.js";

const BLOCK = 50;
const PAGE = 12;

/** Letters as somebody types them who looks for a name: no case, no accents, one form of each Arabic letter. */
export function plain(text) {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll("ي", "ی").replaceAll("ك", "ک");
}

export class LineList {
  #parts;
  #lines = new Map();
  #order = [];
  #needle = "";

  /**
   * @param {object} parts
   * @param {string} parts.label what the list is, for a screen reader
   * @param {{id: string, label: string, width: string, head?: boolean, cell: (item: object) => unknown}[]} parts.columns
   *   `width` is a track of a CSS grid; the one with `head` names the line
   * @param {(item: object) => string} parts.keyOf
   * @param {(item: object) => string} parts.textOf what the filter looks at
   * @param {(item: object) => string} [parts.markOf] what else decides how a line looks, such as being late
   * @param {(answer: object) => void} [parts.seen] is told of every answer before its lines are painted
   * @param {(item: object) => void} parts.open
   */
  constructor(parts) {
    this.#parts = parts;
    const { columns, label } = parts;
    const heads = columns.map((column) =>
      h("span", { role: "columnheader", class: `cell cell-${column.id}` }, column.label),
    );
    this.head = h("div", { role: "rowgroup", class: "line-head" }, h("div", { role: "row", class: "line" }, heads));
    this.element = h(
      "div",
      { role: "grid", class: "line-list", "aria-label": label, "aria-readonly": "true" },
      this.head,
    );
    this.element.style.setProperty("--columns", columns.map((column) => column.width).join(" "));
    this.empty = h("p", { class: "quiet", hidden: true });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("click", (event) => this.#open(event.target.closest("[data-key]")));
    this.element.addEventListener("focusin", (event) => this.#rove(event.target.closest("[data-key]")));
  }

  get nodes() {
    return [this.element, this.empty];
  }

  /** What a line is about. */
  itemOf(key) {
    return this.#lines.get(key)?.item;
  }

  /** Show exactly these lines, in this order. `answer` is the board that they are of. */
  show(items, answer) {
    this.#parts.seen?.(answer);
    const before = this.#lines;
    this.#lines = new Map();
    this.#order = items.map((item) => {
      const key = this.#parts.keyOf(item);
      const text = JSON.stringify(item) + (this.#parts.markOf?.(item) ?? "");
      const had = before.get(key);
      this.#lines.set(key, had?.text === text ? had : this.#line(key, item, text));
      return key;
    });
    return this.#arrange();
  }

  /** Show only lines in which these letters are; returns how many. */
  filter(letters) {
    this.#needle = plain(letters.trim());
    return this.#arrange();
  }

  #line(key, item, text) {
    const cells = this.#parts.columns.map((column) => {
      const role = column.head ? "rowheader" : "gridcell";
      return h("span", { role, class: `cell cell-${column.id}`, "data-label": column.label }, column.cell(item));
    });
    const tone = this.#parts.toneOf?.(item);
    const row = h(
      "div",
      { role: "row", class: `line${tone ? ` line-${tone}` : ""}`, "data-key": key, tabindex: "-1" },
      cells,
    );
    return { row, text, item, words: plain(this.#parts.textOf(item)) };
  }

  /** Put the lines into blocks. Blocks that hold what they should are not touched. */
  #arrange() {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const at = focused ? this.#rows.indexOf(document.activeElement) : -1;
    const shown = this.#order.map((key) => this.#lines.get(key)).filter((line) => line.words.includes(this.#needle));
    const rows = shown.map((line) => line.row);
    const blocks = [...this.element.querySelectorAll(":scope > .line-block")];
    for (let number = 0; number * BLOCK < rows.length; number += 1) {
      const block = blocks.shift() ?? this.element.appendChild(h("div", { role: "rowgroup", class: "line-block" }));
      const mine = rows.slice(number * BLOCK, (number + 1) * BLOCK);
      block.style.setProperty("--lines", mine.length);
      const same = block.children.length === mine.length && mine.every((row, index) => block.children[index] === row);
      if (!same) block.replaceChildren(...mine);
    }
    for (const block of blocks) block.remove();
    this.#say(rows.length);
    // Whoever was at a line stays at it; where it has left, at the one that took its place.
    const there = this.#lines.get(focused)?.row;
    if (focused && (there?.isConnected || rows.length > 0))
      (there?.isConnected ? there : rows[Math.min(at, rows.length - 1)]).focus({ preventScroll: true });
    else if (!rows.some((row) => row.tabIndex === 0)) rove(rows, rows[0]);
    return rows.length;
  }

  #say(count) {
    this.element.hidden = count === 0;
    this.empty.hidden = count > 0;
    this.empty.textContent = t(this.#order.length > 0 ? "board.nomatch" : "board.none");
  }

  get #rows() {
    return [...this.element.querySelectorAll(".line-block > .line")];
  }

  #rove(row) {
    if (row) rove(this.#rows, row);
  }

  #open(row) {
    if (row && getSelection().isCollapsed) this.#parts.open(this.#lines.get(row.dataset.key).item);
  }

  #onKey(event) {
    const row = event.target.closest("[data-key]");
    if (!row || isForeign(event)) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#parts.open(this.#lines.get(row.dataset.key).item);
      return;
    }
    const rows = this.#rows;
    const at = rows.indexOf(row);
    const last = rows.length - 1;
    const targets = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
      Home: 0,
      End: last,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    const target = rows[Math.max(0, Math.min(last, targets[event.key]))];
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  }
}

/**
 * Cards in columns, one column for each word that a card can have: rooms by their status, repairs by their severity.
 *
 * Arrow keys move between cards as they stand; all of them together are one stop of the Tab key. Cards can be moved to
 * another column where the board says what that means.
 */

import { isForeign, neighbour, rove } from "../arrow-keys.js";
import { h } from "../elements.js";
import { number } from "../formats.js";
import { t } from "../language.js";
import { Carrying } from "./carrying.js";
import { plain } from "./line-list.js";

export class TileColumns {
  #parts;
  #tiles = new Map();
  #order = [];
  #needle = "";
  #later = null;

  /**
   * @param {object} parts
   * @param {string} parts.label what the board is, for a screen reader
   * @param {{id: string, label: string, empty?: string}[]} parts.columns `empty` is what stands in an empty one
   * @param {(item: object) => string} parts.columnOf the `id` of an item's column
   * @param {(item: object) => string} parts.keyOf
   * @param {(item: object) => string} parts.textOf what the filter looks at
   * @param {(item: object) => unknown} parts.tile what stands on the card
   * @param {(item: object) => string | null} [parts.toneOf]
   * @param {(item: object) => string} [parts.markOf] what else decides how a card looks, such as being worked on just now
   * @param {(item: object) => void} parts.open
   * @param {{movesOf: (item: object) => Map<string, () => void>, nameOf: (item: object) => string,
   *   announce: (text: string) => void}} [parts.move] where cards can be moved: how, by the id of the column
   */
  constructor(parts) {
    this.#parts = parts;
    this.columns = parts.columns.map((column) => this.#column(column));
    this.element = h(
      "div",
      { class: "tile-columns", role: "group", "aria-label": parts.label },
      parts.move && h("p", { class: "visually-hidden", id: "move-hint" }, t("move.hint")),
      this.columns.map((column) => column.element),
    );
    this.empty = h("p", { class: "quiet", hidden: true });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusin", (event) => this.#rove(event.target.closest(".tile")));
    this.element.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (tile) parts.open(this.#tiles.get(tile.dataset.key).item);
    });
    if (!parts.move) return;
    this.carrying = new Carrying({
      ...parts.move,
      element: this.element,
      columns: this.columns,
      itemOf: (key) => this.itemOf(key),
      columnOf: parts.columnOf,
      rested: () => this.#later && this.show(this.#later),
    });
  }

  /** What a card is about. */
  itemOf(key) {
    return this.#tiles.get(key)?.item;
  }

  get nodes() {
    return [this.element, this.empty];
  }

  /** Show exactly these cards. Those that have not changed keep their elements. */
  show(items) {
    this.#later = this.carrying?.isMoving ? items : null;
    if (this.#later) return;
    const before = this.#tiles;
    this.#tiles = new Map();
    this.#order = items.map((item) => {
      const key = this.#parts.keyOf(item);
      const text = JSON.stringify(item) + (this.#parts.markOf?.(item) ?? "");
      const had = before.get(key);
      this.#tiles.set(key, had?.text === text ? had : this.#tile(key, item, text));
      return key;
    });
    return this.#arrange();
  }

  /** Show only cards in which these letters are; returns how many. */
  filter(letters) {
    this.#needle = plain(letters.trim());
    return this.#arrange();
  }

  #column({ id, label, empty }) {
    const count = h("span", { class: "column-count" });
    const list = h("ul", { class: "tiles" });
    const title = h("h2", { class: "column-title", id: `column-${id}` }, h("span", {}, label), count);
    const attributes = { class: `column column-${id}`, "aria-labelledby": title.id };
    const element = h("section", attributes, title, list, empty && h("p", { class: "column-empty" }, empty));
    return { id, label, element, list, count };
  }

  #tile(key, item, text) {
    const tone = this.#parts.toneOf?.(item);
    const attributes = { type: "button", class: `tile${tone ? ` tile-${tone}` : ""}`, "data-key": key, tabindex: "-1" };
    if (this.#parts.move) Object.assign(attributes, { draggable: "true", "aria-describedby": "move-hint" });
    const button = h("button", attributes, this.#parts.tile(item));
    return { item, text, button, element: h("li", {}, button), words: plain(this.#parts.textOf(item)) };
  }

  #arrange() {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const shown = this.#order.map((key) => this.#tiles.get(key)).filter((tile) => tile.words.includes(this.#needle));
    for (const { id, element, list, count } of this.columns) {
      const mine = shown.filter((tile) => this.#parts.columnOf(tile.item) === id).map((tile) => tile.element);
      const same = list.children.length === mine.length && mine.every((each, at) => list.children[at] === each);
      if (!same) list.replaceChildren(...mine);
      count.textContent = number(mine.length);
      element.classList.toggle("is-empty", mine.length === 0);
    }
    this.element.hidden = shown.length === 0;
    this.empty.hidden = shown.length > 0;
    this.empty.textContent = t(this.#order.length > 0 ? "board.nomatch" : "board.none");
    const buttons = this.#buttons;
    const there = this.#tiles.get(focused)?.button;
    if (there?.isConnected) {
      there.focus({ preventScroll: true });
      there.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else if (focused && buttons.length > 0) (buttons.find((button) => button.tabIndex === 0) ?? buttons[0]).focus();
    else if (!buttons.some((button) => button.tabIndex === 0)) rove(buttons, buttons[0]);
    return shown.length;
  }

  get #buttons() {
    return [...this.element.querySelectorAll(".tile")];
  }

  #rove(tile) {
    if (tile) rove(this.#buttons, tile);
  }

  #onKey(event) {
    const tile = event.target.closest(".tile");
    if (!tile || isForeign(event) || this.carrying?.takesKey(event, tile)) return;
    const buttons = this.#buttons;
    const ends = { Home: buttons[0], End: buttons.at(-1) };
    const target = event.key.startsWith("Arrow") ? neighbour(buttons, tile, event.key) : ends[event.key];
    if (!target) return;
    event.preventDefault();
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

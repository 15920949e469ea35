/**
 * Moving cards from column to column: dragged, or carried by keyboard.
 *
 * Space takes the card that has the focus, the arrows choose among the columns that it may go to, Space or Enter puts it
 * down, Esc leaves it where it was. Whoever does neither has the same acts as buttons in the card's details.
 */

import { t } from "../language.js";

const TYPE = "application/x-console-card";

export class Carrying {
  #parts;
  #carried = null;
  #dragged = null;

  /**
   * @param {{element: HTMLElement, columns: {id: string, label: string, element: HTMLElement}[],
   *   itemOf: (key: string) => object, columnOf: (item: object) => string, announce: (text: string) => void,
   *   movesOf: (item: object) => Map<string, () => void>, nameOf: (item: object) => string, rested: () => void}} parts
   *   `rested` is called once nothing is on its way any more
   */
  constructor(parts) {
    this.#parts = parts;
    const { element } = parts;
    element.addEventListener("dragstart", (event) => this.#startDrag(event));
    element.addEventListener("dragend", () => this.isMoving && this.#rest());
    element.addEventListener("dragover", (event) => this.#over(event));
    element.addEventListener("drop", (event) => this.#drop(event));
    // A button that is pressed by Space is pressed when the key comes up again.
    element.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
    element.addEventListener("focusout", () => this.#carried && this.#putBack());
  }

  /** Whether a card is on its way: whoever paints the board waits, because a card that is painted anew falls down. */
  get isMoving() {
    return this.#carried !== null || this.#dragged !== null;
  }

  /** Whether this key press was one of carrying. */
  takesKey(event, tile) {
    if (this.#carried) return this.#carryOn(event);
    if (event.key !== " ") return false;
    event.preventDefault();
    this.#pickUp(tile.dataset.key);
    return true;
  }

  #pickUp(key) {
    const { itemOf, movesOf, columnOf, nameOf, announce, columns } = this.#parts;
    const item = itemOf(key);
    const moves = movesOf(item);
    const from = columns.findIndex((column) => column.id === columnOf(item));
    const targets = columns.filter((column, at) => at === from || moves.has(column.id));
    if (targets.length < 2) {
      announce(t("move.none", { what: nameOf(item) }));
      return;
    }
    this.#carried = { item, moves, targets, home: columns[from], at: targets.indexOf(columns[from]) };
    this.#mark(targets, columns[from]);
    announce(t("move.taken", { what: nameOf(item), column: columns[from].label }));
  }

  #carryOn(event) {
    const { targets, at } = this.#carried;
    const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const steps = { [forward]: 1, [back]: -1 };
    if (event.key in steps) {
      this.#carried.at = Math.max(0, Math.min(targets.length - 1, at + steps[event.key]));
      const column = targets[this.#carried.at];
      this.#mark(targets, column);
      column.element.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.#parts.announce(column.label);
    } else if (event.key === " " || event.key === "Enter") this.#putDown();
    else if (event.key === "Escape") this.#putBack();
    else return event.key !== "Tab";
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #putDown() {
    const { targets, at, moves } = this.#carried;
    const move = moves.get(targets[at].id);
    if (!move) {
      this.#putBack();
      return;
    }
    this.#rest();
    move();
  }

  #putBack() {
    const { item, home } = this.#carried;
    this.#rest();
    this.#parts.announce(t("move.back", { what: this.#parts.nameOf(item), column: home.label }));
  }

  #startDrag(event) {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (!key) return;
    const item = this.#parts.itemOf(key);
    const moves = this.#parts.movesOf(item);
    if (moves.size === 0) {
      event.preventDefault();
      return;
    }
    event.dataTransfer.setData(TYPE, key);
    event.dataTransfer.effectAllowed = "move";
    this.#dragged = moves;
    this.#mark(this.#allowed(moves), null);
  }

  #allowed(moves) {
    return this.#parts.columns.filter((column) => moves.has(column.id));
  }

  #columnAt(event) {
    return this.#parts.columns.find((column) => column.element.contains(event.target));
  }

  #over(event) {
    const column = this.#columnAt(event);
    if (!this.#dragged) return;
    const allowed = column && this.#dragged.has(column.id);
    this.#mark(this.#allowed(this.#dragged), allowed ? column : null);
    if (allowed) event.preventDefault();
  }

  #drop(event) {
    const move = this.#dragged?.get(this.#columnAt(event)?.id);
    if (!move) return;
    event.preventDefault();
    this.#rest();
    move();
  }

  #rest() {
    this.#carried = null;
    this.#dragged = null;
    this.#mark([], null);
    this.#parts.rested();
  }

  /** Show where the card may go, and where it would go now. */
  #mark(targets, chosen) {
    for (const column of this.#parts.columns) {
      column.element.classList.toggle("is-open", targets.includes(column));
      column.element.classList.toggle("is-target", column === chosen);
    }
    this.#parts.element.classList.toggle("is-moving", targets.length > 0);
  }
}

/**
 * The front-desk grid: rooms by days. A stay is one cell as wide as its nights; what is free is a cell for each day.
 *
 * Arrow keys move between cells as they stand; the whole plan is one stop of the Tab key.
 */

import { isForeign, neighbour, rove } from "../arrow-keys.js";
import { openDetails } from "../details-dialog.js";
import { code, h, icon, name } from "../elements.js";
import { calendarDay, dayOfMonth, shortDate, weekday, weekdayLetter } from "../formats.js";
import { t } from "../language.js";
import { pill } from "../widgets/figures.js";
import { plain } from "./line-list.js";
import { day, roomStatus, word } from "./pieces.js";

const DAY_MS = 86_400_000;
const BLOCK = 25;
const DAYS = 14;

function dayAfter(text, count) {
  return new Date(calendarDay(text).getTime() + count * DAY_MS).toISOString().slice(0, 10);
}

function daysBetween(from, to) {
  return Math.round((calendarDay(to) - calendarDay(from)) / DAY_MS);
}

/** What stands in a room's row: `{from, span, stay?, block?}` without gaps, from the first day to the last. */
export function cellsOf(item, first, count) {
  const cells = [];
  let at = 0;
  const free = (until) => {
    for (; at < until; at += 1) cells.push({ from: at, span: 1 });
  };
  for (const stay of item.stays.toSorted((a, b) => a.start.localeCompare(b.start))) {
    const from = Math.max(at, daysBetween(first, stay.start));
    const to = Math.min(count, daysBetween(first, stay.end));
    if (to <= from) continue;
    free(from);
    cells.push({ from, span: to - from, stay });
    at = to;
  }
  if (item.block) {
    const until = item.block.until ? Math.min(count, daysBetween(first, item.block.until)) : count;
    if (until > at) {
      cells.push({ from: at, span: until - at, block: item.block });
      at = until;
    }
  }
  free(count);
  return cells;
}

function dateIn(timeZone, instant) {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    instant,
  );
}

export class RoomPlan {
  #context;
  #rows = new Map();
  #order = [];
  #needle = "";
  #first = null;

  constructor(context, answer) {
    this.#context = context;
    // Where nobody has said which day the hotel has, its time zone and our clock say it.
    this.#first = answer.date ?? dateIn(context.timeZone, context.now());
    this.days = Array.from({ length: DAYS }, (_, at) => dayAfter(this.#first, at));
    const attributes = { role: "grid", class: "plan", "aria-label": t("nav.front-desk-grid"), "aria-readonly": "true" };
    this.grid = h("div", attributes, this.#head(this.#first));
    this.element = h("div", { class: "plan-scroll" }, this.grid);
    this.grid.style.setProperty("--days", this.days.length);
    this.empty = h("p", { class: "quiet", hidden: true });
    this.grid.addEventListener("keydown", (event) => this.#onKey(event));
    this.grid.addEventListener("focusin", (event) => this.#rove(event.target.closest(".plan-cell")));
    this.grid.addEventListener("click", (event) => this.#open(event.target.closest(".plan-cell")));
  }

  get nodes() {
    return [this.element, this.empty];
  }

  show(items) {
    const before = this.#rows;
    this.#rows = new Map();
    this.#order = items.map((item) => {
      const text = JSON.stringify(item);
      const had = before.get(item.roomId);
      this.#rows.set(item.roomId, had?.text === text ? had : this.#row(item, text));
      return item.roomId;
    });
    return this.#arrange();
  }

  filter(letters) {
    this.#needle = plain(letters.trim());
    return this.#arrange();
  }

  #head(today) {
    const column = (text) => {
      const date = calendarDay(text);
      return h(
        "div",
        { role: "columnheader", class: text === today ? "plan-day is-today" : "plan-day" },
        h("span", { "aria-hidden": "true" }, weekdayLetter(date)),
        h("span", { "aria-hidden": "true", class: "plan-date" }, dayOfMonth(date)),
        h("span", { class: "visually-hidden" }, `${weekday(date)} ${shortDate(date)}`),
      );
    };
    const corner = h("div", { role: "columnheader", class: "plan-room" }, t("col.room"));
    return h(
      "div",
      { role: "rowgroup", class: "plan-head" },
      h("div", { role: "row", class: "plan-row" }, corner, this.days.map(column)),
    );
  }

  #row(item, text) {
    const cells = cellsOf(item, this.#first, this.days.length).map((cell) => this.#cell(cell, item));
    const head = h(
      "div",
      { role: "rowheader", class: "plan-room" },
      h("span", { class: "room" }, code(item.roomNumber)),
      h("span", { class: "cell-note" }, h("bdi", {}, item.roomTypeName)),
    );
    const row = h("div", { role: "row", class: "plan-row" }, head, cells);
    const names = item.stays.flatMap((stay) => [stay.guestName, stay.code]);
    return { row, text, words: plain([item.roomNumber, item.roomTypeName, ...names].filter(Boolean).join(" ")) };
  }

  #cell({ from, span, stay, block }, item) {
    const date = shortDate(calendarDay(this.days[from]));
    const attributes = {
      role: "gridcell",
      tabindex: "-1",
      class: "plan-cell",
      "aria-colspan": span > 1 ? span : null,
      vars: { "--from": from + 2, "--span": span },
    };
    if (stay) return this.#stayCell(attributes, stay, item);
    if (block) {
      const label = [
        block.kind ? word("status", block.kind) : t("plan.closed"),
        block.repair && [": ", h("bdi", {}, block.repair.title)],
      ];
      const cell = h(
        "div",
        { ...attributes, class: "plan-cell plan-block" },
        icon("wrench"),
        h("span", { class: "plan-name" }, label),
      );
      cell.details = () => openBlock(block, item);
      return cell;
    }
    return h("div", { ...attributes, "aria-label": t("plan.free", { day: date }) });
  }

  #stayCell(attributes, stay, item) {
    const classes = ["plan-cell", "plan-stay", `plan-${stay.state}`];
    if (stay.start < this.#first) classes.push("is-cut-start");
    if (daysBetween(this.#first, stay.end) > this.days.length) classes.push("is-cut-end");
    const cell = h(
      "div",
      { ...attributes, class: classes.join(" ") },
      h("span", { class: "plan-name" }, stay.guestName ? name(stay.guestName) : t("plan.somebody")),
      h(
        "span",
        { class: "visually-hidden" },
        ` ${t("plan.stay", { from: shortDate(calendarDay(stay.start)), to: shortDate(calendarDay(stay.end)) })}`,
      ),
    );
    cell.details = () => openGridStay(stay, item);
    return cell;
  }

  #arrange() {
    const shown = this.#order.map((key) => this.#rows.get(key)).filter((row) => row.words.includes(this.#needle));
    const rows = shown.map((each) => each.row);
    const blocks = [...this.grid.querySelectorAll(":scope > .plan-block-of-rows")];
    for (let at = 0; at * BLOCK < rows.length; at += 1) {
      const block =
        blocks.shift() ?? this.grid.appendChild(h("div", { role: "rowgroup", class: "plan-block-of-rows" }));
      const mine = rows.slice(at * BLOCK, (at + 1) * BLOCK);
      block.style.setProperty("--lines", mine.length);
      if (block.children.length !== mine.length || mine.some((row, index) => block.children[index] !== row))
        block.replaceChildren(...mine);
    }
    for (const block of blocks) block.remove();
    this.element.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    this.empty.textContent = t(this.#order.length > 0 ? "board.nomatch" : "board.none");
    const cells = this.#cells;
    if (!cells.some((cell) => cell.tabIndex === 0)) rove(cells, cells[0]);
    return rows.length;
  }

  get #cells() {
    return [...this.grid.querySelectorAll(".plan-cell")];
  }

  #rove(cell) {
    if (cell) rove(this.#cells, cell);
  }

  #open(cell) {
    cell?.details?.();
  }

  /** Up and down look only at the rows beside, so that a plan of 400 rooms answers at once. */
  #onKey(event) {
    const cell = event.target.closest(".plan-cell");
    if (!cell || isForeign(event)) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#open(cell);
      return;
    }
    const target = this.#target(cell, event.key);
    if (!target) return;
    event.preventDefault();
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #target(cell, key) {
    const row = cell.closest(".plan-row");
    const mine = [...row.querySelectorAll(".plan-cell")];
    if (key === "Home") return mine[0];
    if (key === "End") return mine.at(-1);
    if (key === "ArrowLeft" || key === "ArrowRight") return neighbour(mine, cell, key);
    if (key !== "ArrowUp" && key !== "ArrowDown") return null;
    const rows = [...this.grid.querySelectorAll(".plan-block-of-rows > .plan-row")];
    const other = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
    const from = Number(cell.style.getPropertyValue("--from"));
    return [...(other?.querySelectorAll(".plan-cell") ?? [])].findLast(
      (each) => Number(each.style.getPropertyValue("--from")) <= from,
    );
  }
}

function openGridStay(stay, item) {
  openDetails(
    [stay.guestName ? name(stay.guestName) : t("plan.somebody")],
    [
      stay.code ? [t("col.code"), code(stay.code)] : null,
      [t("col.status"), pill(word("gridstate", stay.state), "info")],
      [t("col.room"), [code(item.roomNumber), " ", roomStatus(item.roomStatus)]],
      [t("col.type"), h("bdi", {}, item.roomTypeName)],
      [t("col.arrival"), day(stay.start)],
      [t("col.departure"), [day(stay.end), " · ", t("stay.nights", { n: daysBetween(stay.start, stay.end) })]],
    ],
  );
}

function openBlock(block, item) {
  openDetails(
    [t("col.room"), " ", code(item.roomNumber)],
    [
      [t("col.status"), block.kind ? roomStatus(block.kind) : t("plan.closed")],
      block.until ? [t("col.until"), day(block.until)] : null,
      block.repair ? [t("col.repair"), h("bdi", {}, block.repair.title)] : null,
    ],
  );
}

export const GRID = {
  path: "/front-desk/grid",
  statuses: ["free", "taken", "closed"],
  statusWords: "gridstatus",
  sorts: ["room", "type"],
  tally: [["total"], ["free"], ["taken"], ["closed", "warn"], ["stays"], ["withoutRoom"]],
  query: { days: String(DAYS) },
  view: (context, answer) => new RoomPlan(context, answer),
};

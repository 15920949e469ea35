/** Small parts that lines and cards of the boards share. */

import { code, h, icon, name } from "../elements.js";
import { calendarDay, clockTime, money, shortDate } from "../formats.js";
import { has, t } from "../language.js";
import { pill } from "../widgets/figures.js";

const ROOM_TONES = {
  dirty: "bad",
  cleaning: "warn",
  clean: "info",
  inspected: "good",
  ready: "good",
  out_of_order: "bad",
  out_of_service: "quiet",
};
const STAY_TONES = {
  cancelled: "quiet",
  no_show: "bad",
  confirmed: "info",
  checked_in: "good",
  in_house: "good",
  checked_out: "quiet",
};

/** What nobody could say just now. It is read aloud too: a dash alone says nothing. */
export function unknown() {
  return h(
    "span",
    { class: "unknown" },
    h("span", { "aria-hidden": "true" }, "–"),
    h("span", { class: "visually-hidden" }, t("board.unknown")),
  );
}

/** The words of the wire's word, or the word itself where it is new to us. */
export function word(family, value) {
  if (value === null || value === undefined) return unknown();
  const key = `${family}.${value}`;
  return has(key) ? t(key) : h("bdi", { dir: "ltr" }, String(value).replaceAll(/[_.-]+/g, " "));
}

export function roomNumber(number) {
  return number
    ? h("span", { class: "room" }, code(number))
    : h(
        "span",
        { class: "room room-none" },
        h("span", { "aria-hidden": "true" }, "–"),
        h("span", { class: "visually-hidden" }, t("risk.noroom")),
      );
}

export function roomStatus(status) {
  return status ? pill(word("status", status), ROOM_TONES[status] ?? "quiet") : null;
}

export function stayStatus(status) {
  return pill(word("stay", status), STAY_TONES[status] ?? "quiet");
}

/** A guest's name with what distinguishes them. */
export function guest(item) {
  const flags = (item.flags ?? []).map((flag) => pill(word("flag", flag), "accent"));
  return [name(item.guestName ?? ""), flags.length > 0 && " ", flags];
}

export function time(instant, timeZone) {
  return instant ? h("time", { datetime: instant }, clockTime(instant, timeZone)) : null;
}

export function day(text) {
  return h("time", { datetime: text }, shortDate(calendarDay(text)));
}

/** What is owed; nothing owed is said in words, and so is an account that is not open yet, or not any more. */
export function balance({ balance: amount, folioId }, { missing }) {
  if (!amount && missing.has("balances")) return unknown();
  if (!amount) return h("span", { class: "cell-note" }, t(folioId ? "stay.folioclosed" : "stay.nofolio"));
  const owed = BigInt(amount.amountMicro);
  if (owed === 0n) return h("span", { class: "even" }, t("balance.even"));
  return h("bdi", { class: owed > 0n ? "owed" : "credit" }, money(amount));
}

const KEY_TONES = { active: "good", pending: "warn", none: "quiet" };

export function keyState(state) {
  if (!state) return unknown();
  return h("span", { class: `key key-${KEY_TONES[state] ?? "quiet"}` }, icon("key"), h("span", {}, word("key", state)));
}

/** How many people: adults, and children where there are any. */
export function people(item) {
  const adults = t("stay.adults", { n: item.adults });
  return item.children > 0 ? `${adults}, ${t("stay.children", { n: item.children })}` : adults;
}

/** What a guest asked for, as it was written down. */
export function requests(item) {
  if (item.specialRequests.length === 0) return null;
  const texts = item.specialRequests.flatMap((text, at) => [at > 0 && " · ", h("bdi", {}, text)]);
  return h("span", { class: "requests" }, icon("note"), h("span", {}, texts));
}

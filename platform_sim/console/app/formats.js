/**
 * Numbers, money, dates and ages as the reader writes them.
 *
 * Dari and Pashto use the Solar Hijri calendar with the Afghan month names and the extended Arabic digits. Browsers know
 * the calendar's arithmetic but often not the Pashto language, so the names are ours.
 */

import { language, t, useLanguage } from "./language.js";

const MICRO = 1_000_000;
const AFGHAN_MONTHS = {
  "fa-AF": ["حمل", "ثور", "جوزا", "سرطان", "اسد", "سنبله", "میزان", "عقرب", "قوس", "جدی", "دلو", "حوت"],
  "ps-AF": ["وری", "غویی", "غبرګولی", "چنګاښ", "زمری", "وږی", "تله", "لړم", "لیندۍ", "مرغومی", "سلواغه", "کب"],
};
const AFGHAN_WEEKDAYS = {
  "fa-AF": ["یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"],
  "ps-AF": ["یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"],
};
const AFGHAN_LETTERS = {
  "fa-AF": ["ی", "د", "س", "چ", "پ", "ج", "ش"],
  "ps-AF": ["ی", "د", "س", "چ", "پ", "ج", "ش"],
};
/** What Intl is asked for. Pashto borrows Dari's conventions, which are Afghanistan's. */
const INTL = {
  en: "en-GB",
  fr: "fr-FR",
  ar: "ar-u-nu-arab",
  "fa-AF": "fa-AF-u-nu-arabext",
  "ps-AF": "fa-AF-u-nu-arabext",
};

const formatters = new Map();

function formatter(Kind, options) {
  const key = `${Kind.name}|${language().tag}|${JSON.stringify(options)}`;
  if (!formatters.has(key)) formatters.set(key, new Kind(INTL[language().tag], options));
  return formatters.get(key);
}

/** Use a language, with its digits inside sentences. */
export function speak(tag) {
  useLanguage(tag, (value) => number(value));
}

export function number(value, digits = 0) {
  return formatter(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);
}

/** A signed number: `+2.1`, and `0` without a sign. */
export function signed(value, digits = 1) {
  return formatter(Intl.NumberFormat, { maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value);
}

/** `value` is 0 to 100. */
export function percent(value, digits = 1) {
  return formatter(Intl.NumberFormat, { style: "percent", maximumFractionDigits: digits }).format(value / 100);
}

/** A money amount of the wire as a number of major units. Only for drawing and rounding, never for sums. */
export function majorUnits(money) {
  return Number(money.amountMicro) / MICRO;
}

/** Money of the wire. Cents are left out where they are noise: above a thousand, or where there are none. */
export function money(amount, { sign = false } = {}) {
  const value = majorUnits(amount);
  const whole = Math.abs(value) >= 1000 || Number.isInteger(value);
  const parts = formatter(Intl.NumberFormat, {
    style: "currency",
    currency: amount.currency,
    // A currency sign of another script would stand wrongly in a Latin sentence; there the code says it better.
    currencyDisplay: language().dir === "rtl" ? "narrowSymbol" : "symbol",
    minimumFractionDigits: whole ? 0 : undefined,
    maximumFractionDigits: whole ? 0 : undefined,
    signDisplay: sign ? "exceptZero" : "auto",
  }).formatToParts(value);
  // `US$` between digits that are written from right to left would be turned into `$US`.
  const isolated = (part) => (part.type === "currency" ? `\u2066${part.value}\u2069` : part.value);
  return parts.map(language().dir === "rtl" ? isolated : (part) => part.value).join("");
}

function solarHijri(date, timeZone) {
  const options = { calendar: "persian", numberingSystem: "latn", day: "numeric", month: "numeric", year: "numeric" };
  const parts = new Intl.DateTimeFormat("en", { ...options, timeZone }).formatToParts(date);
  const part = (type) => Number(parts.find((each) => each.type === type).value);
  return { year: part("year"), month: part("month"), day: part("day") };
}

function weekdayIndex(date, timeZone) {
  const short = new Intl.DateTimeFormat("en", { weekday: "short", timeZone }).format(date);
  return ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(short);
}

/** A calendar date of the wire (`YYYY-MM-DD`) as an instant at noon UTC, which no time zone moves to another day. */
export function calendarDay(text) {
  return new Date(`${text}T12:00:00Z`);
}

/** `Sunday, 22 November 2026` · `یکشنبه، ۱ قوس ۱۴۰۵`. */
export function longDate(date, timeZone = "UTC") {
  const months = AFGHAN_MONTHS[language().tag];
  if (!months) return formatter(Intl.DateTimeFormat, { dateStyle: "full", timeZone }).format(date);
  const { year, month, day } = solarHijri(date, timeZone);
  const weekday = AFGHAN_WEEKDAYS[language().tag][weekdayIndex(date, timeZone)];
  const plainYear = formatter(Intl.NumberFormat, { useGrouping: false }).format(year);
  return `${weekday}، ${number(day)} ${months[month - 1]} ${plainYear}`;
}

/** `22 Nov` · `۱ قوس`. */
export function shortDate(date, timeZone = "UTC") {
  const months = AFGHAN_MONTHS[language().tag];
  if (!months) return formatter(Intl.DateTimeFormat, { day: "numeric", month: "short", timeZone }).format(date);
  const { month, day } = solarHijri(date, timeZone);
  return `${number(day)} ${months[month - 1]}`;
}

/** The day of the month alone, in the reader's calendar. */
export function dayOfMonth(date, timeZone = "UTC") {
  if (AFGHAN_MONTHS[language().tag]) return number(solarHijri(date, timeZone).day);
  return number(Number(new Intl.DateTimeFormat("en", { day: "numeric", timeZone }).format(date)));
}

/** One letter for the weekday, for narrow charts. */
export function weekdayLetter(date, timeZone = "UTC") {
  const letters = AFGHAN_LETTERS[language().tag];
  if (letters) return letters[weekdayIndex(date, timeZone)];
  return formatter(Intl.DateTimeFormat, { weekday: "narrow", timeZone }).format(date);
}

/** The weekday in full, for what is read aloud. */
export function weekday(date, timeZone = "UTC") {
  const names = AFGHAN_WEEKDAYS[language().tag];
  if (names) return names[weekdayIndex(date, timeZone)];
  return formatter(Intl.DateTimeFormat, { weekday: "long", timeZone }).format(date);
}

/** `14:30` at the property. */
export function clockTime(instant, timeZone, { seconds = false } = {}) {
  const options = { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23" };
  return formatter(Intl.DateTimeFormat, { ...options, timeZone }).format(new Date(instant));
}

/** `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 2) return t("age.now");
  if (seconds < 60) return t("age.seconds", { n: seconds });
  if (seconds < 3600) return t("age.minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("age.hours", { n: Math.floor(seconds / 3600) });
  return t("age.days", { n: Math.floor(seconds / 86_400) });
}

/** A duration: whole milliseconds, or seconds with one decimal from ten seconds on. */
export function duration(milliseconds) {
  if (milliseconds >= 10_000) return t("unit.s", { value: number(milliseconds / 1000, 1) });
  return t("unit.ms", { value: number(Math.round(milliseconds)) });
}

/** A country's name by its two-letter code; the code itself where the browser does not know it. */
export function country(iso2) {
  try {
    return new Intl.DisplayNames([INTL[language().tag]], { type: "region" }).of(iso2) ?? iso2;
  } catch {
    return iso2;
  }
}

/** The language in use: its words, its direction and its rules for plurals. */

import ar from "./words/ar.js";
import en from "./words/en.js";
import faAF from "./words/fa-AF.js";
import fr from "./words/fr.js";
import psAF from "./words/ps-AF.js";

const ISOLATE = "⁨";
const END_ISOLATE = "⁩";
/** Digits and their separators stay together by themselves in either direction; a sign or a letter needs isolation. */
const PLAIN_NUMBER = /^[\p{Nd}.,٫٬\s]+$/u;

/** Every language of the console, in the order of the menu. Each is named in itself. */
export const LANGUAGES = [
  { tag: "en", label: "English", dir: "ltr", words: en },
  { tag: "fr", label: "Français", dir: "ltr", words: fr },
  { tag: "ar", label: "العربية", dir: "rtl", words: ar },
  { tag: "fa-AF", label: "دری", dir: "rtl", words: faAF },
  { tag: "ps-AF", label: "پښتو", dir: "rtl", words: psAF },
];

let current = LANGUAGES[0];
let plurals = new Intl.PluralRules("en");
let formatNumber = (value) => String(value);

/** The language in use. */
export function language() {
  return current;
}

/** The language of `tags` (a browser's or an operator's wishes, in order) that we speak; English where none is. */
export function bestLanguage(tags) {
  for (const tag of tags) {
    const base = tag?.split("-")[0];
    const match =
      LANGUAGES.find((each) => each.tag === tag) ?? LANGUAGES.find((each) => each.tag.split("-")[0] === base);
    if (match) return match.tag;
  }
  return "en";
}

/** Use a language from now on, and tell the page so. `numbers` formats the numbers inside sentences. */
export function useLanguage(tag, numbers) {
  current = LANGUAGES.find((each) => each.tag === tag) ?? LANGUAGES[0];
  plurals = new Intl.PluralRules(current.tag);
  formatNumber = numbers;
  document.documentElement.lang = current.tag;
  document.documentElement.dir = current.dir;
}

function pick(entry, count) {
  if (typeof entry !== "object") return entry;
  return entry[plurals.select(count)] ?? entry.other;
}

/**
 * The words for `key`. Numbers in `values` are written in the language's digits, texts are isolated so that they can't
 * turn the sentence around, and the plural follows `values.n`.
 */
export function t(key, values = {}) {
  const entry = current.words[key] ?? en[key];
  if (entry === undefined) return key;
  return pick(entry, values.n ?? 0).replaceAll(/\{(\w+)\}/g, (_, member) => {
    const value = values[member];
    if (typeof value === "number") return formatNumber(value);
    const text = String(value ?? "");
    return PLAIN_NUMBER.test(text) ? text : ISOLATE + text + END_ISOLATE;
  });
}

/** Whether the language in use has words for `key`, or English has. */
export function has(key) {
  return key in current.words || key in en;
}

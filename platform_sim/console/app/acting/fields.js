/** The fields of the forms: each knows its name, its element, what was entered and what is missing. */

import { fill, h } from "../elements.js";
import { t } from "../language.js";

const MICRO_DIGITS = 6;
const LONGEST_WHOLE = 9;

function framed(label, control, hint) {
  if (!hint) return h("label", { class: "field" }, h("span", {}, label), control);
  const id = `${control.id}-hint`;
  control.setAttribute("aria-describedby", id);
  const below = h("p", { class: "caption", id }, hint);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, below);
}

function missing(label) {
  return t("form.missing", { field: label });
}

/**
 * A line of text, or several.
 *
 * @param {{name: string, label: string, hint?: string, required?: boolean, lines?: number, most?: number,
 *   value?: string, more?: object}} parts
 */
export function textField({ name, label, hint, required = false, lines = 1, most = 200, value = "", more = {} }) {
  const attributes = { id: `field-${name}`, maxlength: most, autocomplete: "off", dir: "auto", ...more };
  const control =
    lines > 1
      ? h("textarea", { ...attributes, rows: lines }, value)
      : h("input", { type: "text", value, ...attributes });
  if (required) control.required = true;
  const read = () => control.value.trim();
  const check = () => (required && read() === "" ? missing(label) : null);
  return { name, control, read, check, element: framed(label, control, hint) };
}

/**
 * One of several. `offer` puts other choices in their place, `say` other words under it.
 *
 * @param {{name: string, label: string, hint?: string, value?: string, required?: boolean,
 *   groups: {label?: string, options: {value: string, text: string}[]}[]}} parts
 */
export function choiceField({ name, label, hint, groups, value = "", required = false }) {
  const control = h("select", { id: `field-${name}` });
  const offer = (offered) => {
    const chosen = control.value || value;
    const option = (each) => h("option", { value: each.value, selected: each.value === chosen }, each.text);
    const group = ({ label: above, options }) =>
      above ? h("optgroup", { label: above }, options.map(option)) : options.map(option);
    fill(control, offered.map(group));
  };
  offer(groups);
  if (required) control.required = true;
  const read = () => control.value;
  const check = () => (required && read() === "" ? missing(label) : null);
  const element = framed(label, control, hint);
  const say = (words) => element.querySelector(".caption")?.replaceChildren(words);
  return { name, control, read, check, element, offer, say };
}

/** Yes or no. */
export function switchField({ name, label, value = false }) {
  const control = h("input", { type: "checkbox", id: `field-${name}`, checked: value });
  const element = h("label", { class: "toggle" }, control, h("span", {}, label));
  return { name, control, read: () => control.checked, element };
}

/** A whole number. */
export function countField({ name, label, value = 1, least = 1, most = 999 }) {
  const field = textField({
    name,
    label,
    value: String(value),
    most: 3,
    required: true,
    more: { inputmode: "numeric", dir: "ltr" },
  });
  const read = () => Number(latinDigits(field.read()));
  const check = () => {
    const count = read();
    return Number.isInteger(count) && count >= least && count <= most ? null : t("form.number", { field: label });
  };
  return { ...field, read, check };
}

/** An amount of money in this currency, read as the wire has it: micro-units as a text of digits. */
export function moneyField({ name, label, currency, value = "", hint }) {
  const words = `${label} (${currency})`;
  const more = { inputmode: "decimal", dir: "ltr", "data-currency": currency };
  const field = textField({ name, label: words, hint, value, most: 14, required: true, more });
  const read = () => {
    const amountMicro = microUnits(field.read());
    return amountMicro === null ? null : { amountMicro, currency };
  };
  const check = () => (read() === null ? t("form.money", { field: label }) : null);
  return { ...field, read, check };
}

/** Digits as a person types them, in any of the console's scripts, as 0 to 9. */
export function latinDigits(text) {
  return text.replaceAll(/\p{Nd}/gu, (digit) => {
    const point = digit.codePointAt(0);
    if (point >= 0x06f0 && point <= 0x06f9) return String(point - 0x06f0);
    return point >= 0x0660 && point <= 0x0669 ? String(point - 0x0660) : digit;
  });
}

/**
 * What was typed as an amount, in micro-units; null where it is none, or nothing. No number is made of it on the way, so
 * nothing is rounded. A single comma or Arabic decimal sign is a decimal sign; spaces may part thousands.
 */
export function microUnits(text) {
  const plain = latinDigits(text)
    .replaceAll(/[\s\u00a0\u202f٬]/g, "")
    .replace(/[,٫]/, ".");
  const parts = /^(\d+)(?:\.(\d{1,6}))?$/.exec(plain);
  if (!parts || parts[1].length > LONGEST_WHOLE) return null;
  const digits = BigInt(parts[1] + (parts[2] ?? "").padEnd(MICRO_DIGITS, "0"));
  return digits > 0n ? String(digits) : null;
}

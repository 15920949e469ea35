/** The second factor for one act: six digits, shown to the service, which gives an attestation to go with the act. */

import { code, h, name } from "../elements.js";
import { language, t } from "../language.js";
import { Problem, Unreachable } from "../problem.js";
import { latinDigits, textField } from "./fields.js";
import { openForm } from "./form-dialog.js";
import { freshCode } from "./totp.js";

const SIX_DIGITS = /^\d{6}$/;

/**
 * Ask for it. Whoever closes the dialog leaves the act where it is: in the tray, waiting for a second factor.
 *
 * @param {object} act that answered with a `stepUp`
 * @param {{session: object, acts: import("./acts.js").Acts, now: () => number, secret: string | null}} parts `secret` is
 *   the simulated person's, whose authenticator the console can play
 */
export function openStepUp(act, { session, acts, now, secret }) {
  const field = codeField();
  const play = async () => {
    field.control.value = await freshCode(secret, now());
    field.control.focus();
  };
  const { text, room, name: whose } = act.subject;
  const about = [whose && [" · ", name(whose)], room && [" · ", code(room)], text && [" · ", h("bdi", {}, text)]];
  const lead = h(
    "div",
    { class: "form-lead" },
    h("p", {}, h("strong", {}, t(`act.${act.kind}`)), about),
    h("p", { class: "caption" }, t("proof.lead")),
    secret &&
      h("button", { type: "button", class: "button button-small", "data-do": "play", onclick: play }, t("proof.play")),
  );
  openForm({
    title: t("proof.title"),
    lead,
    fields: [field],
    submit: t("proof.submit"),
    backTo: act.subject.id,
    done: ({ code: digits }, trouble) => prove(act, digits, { session, acts, trouble, field }),
  });
}

function codeField() {
  const field = textField({
    name: "code",
    label: t("proof.code"),
    most: 8,
    required: true,
    more: { inputmode: "numeric", autocomplete: "one-time-code", dir: "ltr", class: "six-digits" },
  });
  const read = () => latinDigits(field.read()).replaceAll(/\s/g, "");
  return { ...field, read, check: () => (SIX_DIGITS.test(read()) ? null : t("proof.six")) };
}

/** Show the code to the service. A wrong one leaves the dialog open, with the service's own words. */
async function prove(act, digits, { session, acts, trouble, field }) {
  const { action, resource, amount } = act.stepUp;
  const body = { factor: "totp", proof: digits, action, resource, ...(amount && { amount }) };
  const headers = { "X-Property-Id": act.who.propertyId, "Accept-Language": language().tag };
  try {
    const made = await session.json("POST", "/auth/mfa/step-up", { body, headers });
    acts.proven(act.id, made.attestationId);
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem) && !(problem instanceof Unreachable)) throw problem;
    const message = problem.userMessage;
    trouble.textContent = message?.text ?? t(problem instanceof Unreachable ? "feed.offline.plain" : "proof.failed");
    if (message) Object.assign(trouble, { lang: message.lang, dir: message.dir });
    field.control.select();
    return false;
  }
}

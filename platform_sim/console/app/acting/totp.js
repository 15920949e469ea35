/**
 * Codes of an authenticator application (RFC 6238: SHA-1, six digits, 30 s).
 *
 * People of the simulated world have no telephone; the world tells their secret, and the console can play their
 * authenticator. A desktop application has no such thing.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;
const DIGITS = 6;
/** The time just past and the next are accepted too; each code is good once. */
const STEPS = [0, 1, -1];
const used = new Set();

function base32(text) {
  const bits = [...text.replaceAll("=", "").toUpperCase()]
    .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const octet = (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2);
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, octet);
}

async function codeAt(secret, counter) {
  const key = await crypto.subtle.importKey("raw", base32(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const message = new DataView(new ArrayBuffer(8));
  message.setBigUint64(0, BigInt(counter));
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, message.buffer));
  const offset = digest.getUint8(digest.byteLength - 1) & 15;
  const number = digest.getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, "0");
}

/** A code that this page has not given away yet, by the server's time in ms. */
export async function freshCode(secret, now) {
  const counter = Math.floor(now / STEP_MS);
  const codes = await Promise.all(STEPS.map((step) => codeAt(secret, counter + step)));
  const code = codes.find((each) => !used.has(`${secret} ${each}`)) ?? codes[0];
  used.add(`${secret} ${code}`);
  return code;
}

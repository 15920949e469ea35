/** Proof of possession (RFC 9449): one signed statement for each request that the device's key made it. */

const encoder = new TextEncoder();

/** Base64url without padding (RFC 7515, section 2). */
export function base64url(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function encodeJson(value) {
  return base64url(encoder.encode(JSON.stringify(value)));
}

/** The `htu` of RFC 9449, section 4.2: the target without query and fragment. */
export function proofTarget(url) {
  const target = new URL(url);
  return target.origin + target.pathname;
}

/**
 * Make a proof for one request.
 *
 * @param {{publicJwk: {kty: string, crv: string, x: string, y: string}, sign: (input: Uint8Array) =>
 *   Promise<ArrayBuffer>}} key the device's key
 * @param {{method: string, url: string, accessToken?: string | null, nonce?: string | null, now: number}} request
 *   `now` is in milliseconds since the epoch, by the server's clock as far as we know it
 * @returns {Promise<string>} the compact JWS for the `DPoP` header
 */
export async function makeProof(key, { method, url, accessToken = null, nonce = null, now }) {
  const { kty, crv, x, y } = key.publicJwk;
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const claims = { jti: crypto.randomUUID(), htm: method, htu: proofTarget(url), iat: Math.floor(now / 1000) };
  if (accessToken) claims.ath = base64url(await crypto.subtle.digest("SHA-256", encoder.encode(accessToken)));
  if (nonce) claims.nonce = nonce;
  const input = `${encodeJson(header)}.${encodeJson(claims)}`;
  return `${input}.${base64url(await key.sign(encoder.encode(input)))}`;
}

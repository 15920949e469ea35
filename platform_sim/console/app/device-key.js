/**
 * The device's key. The browser makes it, keeps it, and signs with it; the private half can't be read by any script,
 * ours included, so a copied page or a leaked token is worth nothing on another machine.
 */

const DATABASE = "backoffice-console";
const STORE = "device-keys";
const KEY_ID = "this-device";
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function openDatabase() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return settled(opening);
}

async function readPair(database) {
  return settled(database.transaction(STORE).objectStore(STORE).get(KEY_ID));
}

/** Keep `pair` unless another tab was quicker: `add` refuses a second one, and then the first one counts. */
async function keepPair(database, pair) {
  try {
    await settled(database.transaction(STORE, "readwrite").objectStore(STORE).add(pair, KEY_ID));
    return pair;
  } catch (problem) {
    if (problem?.name !== "ConstraintError") throw problem;
    return readPair(database);
  }
}

/**
 * The key of this browser profile: the stored one, or a new one at the very first visit.
 *
 * @returns {Promise<{publicJwk: JsonWebKey, extractable: boolean, sign: (input: Uint8Array) => Promise<ArrayBuffer>}>}
 */
export async function openDeviceKey() {
  const database = await openDatabase();
  try {
    const stored = await readPair(database);
    const pair = stored ?? (await keepPair(database, await crypto.subtle.generateKey(CURVE, false, ["sign"])));
    const publicJwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return {
      publicJwk,
      extractable: pair.privateKey.extractable,
      sign: (input) => crypto.subtle.sign(SIGNATURE, pair.privateKey, input),
    };
  } finally {
    database.close();
  }
}

/** Refusals (RFC 9457) and what the desk is told about them. */

/** An answer that is no success. `document` is the problem document, or what could be made of the answer. */
export class Problem extends Error {
  constructor(status, document, response = null) {
    super(document?.detail ?? document?.title ?? `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.document = document ?? {};
    this.challenge = response?.headers.get("WWW-Authenticate") ?? "";
    this.requestId = this.document.requestId ?? response?.headers.get("X-Request-Id") ?? null;
  }

  /** The last part of the code, such as `TOKEN_EXPIRED`. */
  get code() {
    return String(this.document.code ?? "")
      .split(".")
      .at(-1);
  }

  /** The localized sentence for people: `{text, lang, dir}`, or null where the server gave none. */
  get userMessage() {
    return this.document.userMessage ?? null;
  }
}

/** Nobody answered: no connection, a cut connection, or a policy that forbids the address. */
export class Unreachable extends Error {
  constructor(origin, cause) {
    super(`no answer from ${origin}`, { cause });
    this.name = "Unreachable";
    this.origin = origin;
  }
}

/** Read a refusal from a response, whatever its body turns out to be. */
export async function readProblem(response) {
  const text = await response.text().catch(() => "");
  try {
    const document = JSON.parse(text);
    return new Problem(response.status, document?.error ?? document, response);
  } catch {
    return new Problem(response.status, { detail: text.slice(0, 200) }, response);
  }
}

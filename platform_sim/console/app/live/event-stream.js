/** Server-sent events from a response's body (WHATWG HTML, section 9.2): `EventSource` can't carry a proof. */

const LINE = /\r\n|\n|\r/;

/**
 * The events and the comments of a stream, as they come. A comment is `{comment}`; its text is what stands behind the colon.
 *
 * @param {Response} response
 * @returns {AsyncGenerator<{id?: string, event?: string, data?: string, comment?: string}>} ends with the body
 */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = {};
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(LINE);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (event.data !== undefined) yield event;
          event = {};
        } else if (line.startsWith(":")) yield { comment: line.slice(1).trim() };
        else take(event, line);
      }
    }
  } finally {
    // Whoever stops listening hangs up: a stream that nobody reads would stay open.
    await reader.cancel().catch(() => null);
  }
}

function take(event, line) {
  const colon = line.indexOf(":");
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "data") event.data = event.data === undefined ? value : `${event.data}\n${value}`;
  else if (field === "id" || field === "event") event[field] = value;
}

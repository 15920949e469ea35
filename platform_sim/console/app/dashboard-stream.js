/** The dashboard as it comes over the wire: one JSON frame a line, painted the moment its line is whole. */

/** A stream that ended without its `end` frame, or with a line that is no JSON: cut on the way. */
export class StreamCut extends Error {
  constructor(cause) {
    super("the dashboard stream ended without its end frame", { cause });
    this.name = "StreamCut";
  }
}

/** Split a byte stream into parsed lines. A chunk may end anywhere, also inside a letter. */
export async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const part of parts) if (part.trim()) yield JSON.parse(part);
    }
    if (rest.trim()) yield JSON.parse(rest);
  } finally {
    // A reader that stops early must also stop the sender, or its fan-out works for nobody.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Read the dashboard and yield every frame with the milliseconds since the request was sent.
 *
 * @param {import("./session.js").Session} session
 * @param {{language: string, propertyId: string, fresh?: boolean, signal: AbortSignal}} request
 * @throws {StreamCut} when the stream ended early
 */
export async function* dashboardFrames(session, { language, propertyId, fresh = false, signal }) {
  const sent = performance.now();
  const headers = { Accept: "application/x-ndjson", "Accept-Language": language, "X-Property-Id": propertyId };
  const path = `/dashboard?propertyId=${encodeURIComponent(propertyId)}`;
  const response = await session.send("GET", path, { headers, fresh, signal });
  let ended = false;
  try {
    for await (const frame of lines(response.body)) {
      ended ||= frame.frame === "end";
      yield { frame, atMs: performance.now() - sent };
    }
  } catch (problem) {
    if (signal.aborted) throw problem;
    throw new StreamCut(problem);
  }
  if (!ended) throw new StreamCut(null);
}

/** Read one widget again. The answer is its widget frame. */
export async function readWidget(session, id, { language, propertyId, fresh = true, signal }) {
  const headers = { "Accept-Language": language, "X-Property-Id": propertyId };
  const path = `/dashboard/widgets/${encodeURIComponent(id)}?propertyId=${encodeURIComponent(propertyId)}`;
  return session.json("GET", path, { headers, fresh, signal });
}

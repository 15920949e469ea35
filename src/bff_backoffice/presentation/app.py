"""The ASGI application, readable top to bottom: find the route, read the request, dispatch, answer, observe.

Pure ASGI, without a middleware stack: the order of refusals is a promise (contract, section 2.1), so it stands in one
function and not in the order in which layers were added.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.presentation import request_parts
from bff_backoffice.presentation.cors import Cors
from bff_backoffice.presentation.dispatch import Arrival, Dispatch, Learned, require_media_type
from bff_backoffice.presentation.errors import problem_document, problem_headers, refusal_of
from bff_backoffice.presentation.exchange import Held, Stream, Waited, Whole
from bff_backoffice.presentation.responses import (
    ClientGoneError,
    Receive,
    Send,
    StreamCutError,
    awaited,
    send_held,
    send_stream,
    send_whole,
)
from bff_backoffice.presentation.route_table import RouteTable
from bff_backoffice.presentation.words import choose_language

__all__ = ["BackofficeApp", "FreshNonce", "RequestObserver"]

_CODE_OF_SUCCESS: Final = ""


class RequestObserver(Protocol):
    """Counts and logs requests; knows routes and codes, never contents."""

    def began(self, route: str) -> None:
        """A request reached a route."""

    def ended(self, *, route: str, method: str, status: int, code: str, seconds: float, request_id: str) -> None:
        """It was answered; `code` is the refusal's, or empty."""

    def failed(self, failure: Exception, *, route: str, request_id: str) -> None:
        """Something that nobody foresaw was raised."""


class FreshNonce(Protocol):
    """The nonce that the next proof should carry, where nonces are on."""

    def __call__(self) -> str | None: ...


@dataclass(slots=True)
class _Progress:
    """What is known of a request so far, for whoever has to answer or to log it."""

    path: str
    method: str
    headers: dict[str, tuple[str, ...]]
    request_id: str
    traceparent: str
    learned: Learned = field(default_factory=Learned)
    route: str = "unmatched"
    of_route: tuple[tuple[str, str], ...] = ()
    status: int = 0
    code: str = _CODE_OF_SUCCESS
    started: float = field(default_factory=time.perf_counter)

    def forget_request(self) -> None:
        """Keep what the log wants to know at the end: credentials and proof make up most of a request."""
        self.headers.clear()
        self.learned = Learned()
        self.traceparent = ""


class BackofficeApp:
    """Answers HTTP requests with the use cases."""

    def __init__(
        self,
        *,
        table: RouteTable,
        use: UseCases,
        cors: Cors,
        observer: RequestObserver,
        fresh_nonce: FreshNonce,
        max_body_bytes: int,
    ) -> None:
        self._table = table
        self._dispatch = Dispatch(use)
        self._cors = cors
        self._observer = observer
        self._fresh_nonce = fresh_nonce
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI entry. Lifespan is the server's own affair (`server.py`), so only HTTP arrives here."""
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        headers = request_parts.header_map(scope["headers"])
        progress = _Progress(
            path=_requested_path(scope),
            method=scope["method"],
            headers=headers,
            request_id=request_parts.request_id(headers),
            traceparent=request_parts.traceparent(headers),
        )
        try:
            await self._serve(scope, receive, send, progress)
        except ClientGoneError:
            progress.code = "client_gone"
        except StreamCutError as cut:
            # Returning without the stream's end makes the server close the connection: the client sees a cut stream.
            self._noted(cut.failure, progress)
        finally:
            self._observer.ended(
                route=progress.route,
                method=progress.method,
                status=progress.status,
                code=progress.code,
                seconds=time.perf_counter() - progress.started,
                request_id=progress.request_id,
            )

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send, progress: _Progress) -> None:
        try:
            preflight = self._cors.preflight(progress.method, progress.headers)
            response = preflight or await self._dispatch(await self._arrival(scope, receive, progress))
            if isinstance(response, Stream | Held):
                progress.status = response.status
                own_headers = partial(self._own_headers, progress, stream=True)
                if isinstance(response, Stream):
                    await send_stream(response, own_headers, receive, send)
                else:
                    await send_held(response, own_headers, scope, send, progress.forget_request)
                return
            if isinstance(response, Waited):
                response = await awaited(response, receive)
        except (ClientGoneError, StreamCutError):
            raise
        except Exception as failure:  # noqa: BLE001 - the last place where a failure can become an answer
            response = self._refused(failure, progress)
        progress.status = response.status
        await send_whole(response, self._own_headers(progress, response.headers), send)

    async def _arrival(self, scope: dict[str, Any], receive: Receive, progress: _Progress) -> Arrival:
        match = self._table.match(progress.path)
        if match is None:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        route = match.routes.get(progress.method)
        if route is None:
            allowed = ", ".join(sorted(match.routes))
            raise Refusal(Code.METHOD_NOT_ALLOWED, f"This path takes {allowed}.", headers=(("Allow", allowed),))
        progress.route = route.path
        if route.deprecation is not None:
            progress.of_route = route.deprecation.headers
        self._observer.began(route.path)
        body = await self._body(receive, progress.headers)
        require_media_type(route, progress.headers, body)
        return Arrival(
            route=route,
            path=progress.path,
            parameters=dict(match.parameters),
            headers=progress.headers,
            query=scope["query_string"],
            body=body,
            request_id=progress.request_id,
            traceparent=progress.traceparent,
            learned=progress.learned,
        )

    async def _body(self, receive: Receive, headers: dict[str, tuple[str, ...]]) -> bytes:
        """The whole body, bounded.

        Raises:
            Refusal: PAYLOAD_TOO_LARGE, as soon as that is known.
        """
        declared = headers.get("content-length", ("0",))[0]
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body_bytes:
                raise self._too_large()
            chunks.append(chunk)
            more = message.get("more_body", False)
        return b"".join(chunks)

    def _too_large(self) -> Refusal:
        limit = f"At most {self._max_body_bytes} bytes."
        return Refusal(Code.PAYLOAD_TOO_LARGE, limit, errors=(FieldError("body", "too_large", limit),))

    def _noted(self, failure: Exception, progress: _Progress) -> Refusal:
        refusal = refusal_of(failure)
        if refusal.code is Code.INTERNAL:
            self._observer.failed(failure, route=progress.route, request_id=progress.request_id)
        progress.code = refusal.code.text
        return refusal

    def _refused(self, failure: Exception, progress: _Progress) -> Whole:
        refusal = self._noted(failure, progress)
        language = choose_language(
            ", ".join(progress.headers.get("accept-language", ())) or None, progress.learned.locale
        )
        body = problem_document(
            refusal,
            language=language,
            instance=progress.path,
            request_id=progress.request_id,
            trace_id=progress.traceparent.split("-")[1],
        )
        return Whole(status=refusal.code.status, body=body, headers=tuple(problem_headers(refusal, language=language)))

    def _own_headers(
        self, progress: _Progress, response: Sequence[tuple[str, str]], *, stream: bool = False
    ) -> list[tuple[str, str]]:
        """What every answer carries, but for what this one says itself."""
        given = {name.lower() for name, _ in response}
        headers = [
            ("X-Request-Id", progress.request_id),
            ("traceparent", progress.traceparent),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if "cache-control" not in given:
            headers.append(("Cache-Control", "private, no-store, no-transform" if stream else "private, no-store"))
        if "vary" not in given:
            headers.append(("Vary", "Accept, Accept-Language, Authorization, DPoP, Origin"))
        if progress.learned.language is not None and "content-language" not in given:
            headers.append(("Content-Language", progress.learned.language))
        nonce = self._fresh_nonce()
        if nonce is not None and "dpop-nonce" not in given:
            headers.append(("DPoP-Nonce", nonce))
        learned = progress.learned.headers
        headers.extend([each for each in learned if each[0].lower() not in given] if given else learned)
        headers.extend(progress.of_route)
        headers.extend(self._cors.headers(progress.headers))
        return headers


def _requested_path(scope: dict[str, Any]) -> str:
    """The path as it was requested, escapes and all: what a proof's `htu` must name."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")

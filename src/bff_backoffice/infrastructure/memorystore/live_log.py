"""The live log in Redis: one counter a tenant, one stream a channel, one atomic step to tell and one to read.

The log lives beside the sessions, where nothing is evicted. Fails closed: every method raises
`StoreUnavailableError("sessions")` when Redis is away.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bff_backoffice.domain.live_events import Audience, Channel, Cursor, History, LiveEvent, LoggedEvent
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore

__all__ = ["HISTORY_EVENTS", "RedisLiveLog", "logged_event"]

HISTORY_EVENTS: Final = 1000
"""How many events each channel of a tenant keeps: hours of alerts, and minutes of hints, which a reload replaces."""

_KEEP_SECONDS: Final = 86_400
"""A tenant whose desktops were told nothing for a day starts a new log; none of them has been away for less."""

_ONCE_SECONDS: Final = 3600
_LATELY_SECONDS: Final = 5
_PAGE: Final = 256
_FAR: Final = 10**15
"""A position that no log reaches."""

_LEAPS_BYTES: Final = 1024
"""How much is kept of where a log leapt: a few dozen restarts of its server."""

_CHANNELS: Final = tuple(Channel)

# KEYS: head, the logs of the four channels. ARGV[1]: an epoch in case that a new one begins; ARGV[2]: the wire.
#
# A server that is another run has forgotten what the last one was told unless its append-only log brought everything
# back: positions would then be given out twice, so they begin anew under another epoch. Also an append-only log may
# lack its last second, where the machine lost its power or its disk was slow. So another run leaps ahead, to a position
# that follows from the clock, so that a second loss in a row can't lead to the same one. What lies in between was given
# out by nobody, or by a memory that is gone: whoever has heard of a position in there is the witness of a loss. It is
# then told as a gap of every channel at new positions, so that also those who are beyond the leap hear of it.
_STANDING: Final = f"""
local function standing(epoch_seen, position_seen)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local kept = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'position', 'leaps')
  local epoch, position, leaps = kept[1], tonumber(kept[3]), kept[4] or ''
  if epoch and kept[2] ~= run then
    local persistence, replication = redis.call('INFO', 'persistence'), redis.call('INFO', 'replication')
    if string.find(persistence, 'aof_enabled:1', 1, true)
      and string.find(persistence, 'aof_last_write_status:ok', 1, true)
      and string.find(replication, 'role:master', 1, true)
      and string.find(replication, 'second_repl_offset:-1', 1, true) then
      local now = redis.call('TIME')
      local first = math.max(position + 1000000, now[1] * 100000 + math.floor(now[2] / 10))
      leaps = string.sub(leaps .. string.format('%d:%d,', position, first), -{_LEAPS_BYTES})
      redis.call('HSET', KEYS[1], 'run', run, 'position', string.format('%d', first), 'leaps', leaps)
      position = first
    else
      epoch = nil
    end
  end
  if not epoch then
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'run', run, 'position', 0)
    return ARGV[1], 0
  end
  if leaps ~= '' and epoch_seen == epoch then
    for last, first in string.gmatch(leaps, '(%d+):(%d+),') do
      if position_seen > tonumber(last) and position_seen < tonumber(first) then
        for _, channel in ipairs({{{", ".join(f"'{each}'" for each in Channel)}}}) do
          position = redis.call('HINCRBY', KEYS[1], 'position', 1)
          redis.call('HSET', KEYS[1], 'lost:' .. channel, position)
        end
        leaps = string.gsub(leaps, last .. ':' .. first .. ',', '')
        redis.call('HSET', KEYS[1], 'leaps', leaps)
        redis.call('PUBLISH', ARGV[2], 'g')
        break
      end
    end
  end
  return epoch, position
end
"""

# KEYS as above, then the mark of what was told once. ARGV: epoch, wire, number of the channel, its name, entry, how
# many it keeps, seconds of the mark (0: none), seconds of the log, epoch and position that the teller has seen, within
# how many milliseconds it must have been told not to be told again (none: ever). The log's keys end together: one that
# outlived the others would be a gap that nobody announces.
_TELL: Final = f"""{_STANDING}
local epoch, head = standing(ARGV[9], tonumber(ARGV[10]))
if ARGV[7] ~= '0' then
  local now, told = redis.call('TIME'), tonumber(redis.call('GET', KEYS[6]))
  now = now[1] * 1000 + math.floor(now[2] / 1000)
  if told and (ARGV[11] == '' or told >= now - ARGV[11]) then return {{epoch, head}} end
  redis.call('SET', KEYS[6], string.format('%d', now), 'EX', ARGV[7])
end
local position = redis.call('HINCRBY', KEYS[1], 'position', 1)
local log, most = KEYS[1 + ARGV[3]], tonumber(ARGV[6])
local surplus = redis.call('XLEN', log) + 1 - most
if surplus > 0 then
  local given_up = redis.call('XRANGE', log, '-', '+', 'COUNT', surplus)
  local last, lost = string.match(given_up[#given_up][1], '^%d+'), redis.call('HGET', KEYS[1], 'lost:' .. ARGV[4])
  if tonumber(last) > tonumber(lost or '0') then redis.call('HSET', KEYS[1], 'lost:' .. ARGV[4], last) end
  redis.call('XTRIM', log, 'MAXLEN', most - 1)
end
redis.call('XADD', log, string.format('%d-0', position), 'e', ARGV[5])
for number = 1, 5 do redis.call('EXPIRE', KEYS[number], ARGV[8]) end
local now = redis.call('TIME')
local told_at = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('PUBLISH', ARGV[2], string.format('e %s %d %d ', epoch, position, told_at) .. ARGV[5])
return {{epoch, position}}
"""

# KEYS: head, logs. ARGV: epoch, wire, position after which to read, most events of each channel, names of the
# channels, seconds of the log, epoch of the position. A log that is read is a log that is needed, so that its keys go
# on together.
_READ: Final = f"""{_STANDING}
local epoch, position = standing(ARGV[10], tonumber(ARGV[3]))
local answer = {{epoch, position}}
for number = 1, 4 do
  answer[number + 2] = {{
    redis.call('HGET', KEYS[1], 'lost:' .. ARGV[4 + number]),
    redis.call('XRANGE', KEYS[1 + number], '(' .. ARGV[3] .. '-0', '+', 'COUNT', ARGV[4]),
  }}
end
for number = 1, 5 do redis.call('EXPIRE', KEYS[number], ARGV[9]) end
return answer
"""


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An event as it is kept and sent to the replicas. `data` is ready for the wire: nobody encodes it again."""

    channel: Channel
    type: str
    data: msgspec.Raw
    property_id: str | None = None
    roles: tuple[OperatorRole, ...] | None = None
    operator_id: str | None = None
    device_id: str | None = None


_ENCODE: Final = msgspec.json.Encoder(enc_hook=str).encode
_DECODE: Final = msgspec.json.Decoder(_Entry).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisLiveLog:
    """Every tenant's log. `history_events` is how many events each channel keeps."""

    redis: RedisStore
    history_events: int = HISTORY_EVENTS
    _seen: dict[TenantId, Cursor] = field(default_factory=dict)
    """Where each tenant's log stood when this process told it something: it is a witness of what is lost of it."""

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Tell it, unless it was told before: one atomic step."""
        number = _CHANNELS.index(event.channel) + 1
        once = keys.live_once(tenant_id, hashlib.sha256((event.told_once or "").encode()).hexdigest()[:32])
        seen = self._seen.get(tenant_id) or Cursor("", 0)
        epoch, position = await self.redis.ask(
            "EVAL",
            _TELL,
            6,
            *_log_keys(tenant_id),
            once,
            _new_epoch(),
            keys.live_wire(tenant_id),
            number,
            event.channel,
            _entry(tenant_id, event),
            self.history_events,
            0 if event.told_once is None else _ONCE_SECONDS if event.told_since_s is None else _LATELY_SECONDS,
            _KEEP_SECONDS,
            seen.epoch,
            seen.position,
            # Two clocks that count whole milliseconds differ by less than one: rather tell twice than not at all.
            "" if event.told_since_s is None else int(event.told_since_s * 1000) - 1,
        )
        self._seen[tenant_id] = Cursor(epoch.decode(), int(position))

    async def now(self, tenant_id: TenantId) -> Cursor:
        """Where the log stands."""
        history = await self.read(tenant_id, _FAR)
        return Cursor(history.epoch, history.head)

    async def read(self, tenant_id: TenantId, after: int, *, epoch: str = "") -> History:
        """A page of what was told after the position."""
        answer = await self.redis.ask(
            "EVAL",
            _READ,
            5,
            *_log_keys(tenant_id),
            _new_epoch(),
            keys.live_wire(tenant_id),
            after,
            _PAGE,
            *_CHANNELS,
            _KEEP_SECONDS,
            epoch,
        )
        return _history(answer)


def logged_event(position: int, entry: bytes) -> LoggedEvent:
    """An entry of the log as the replicas know it.

    Raises:
        MsgspecError: a newer version of the service told something that this one does not know; it is for others.
    """
    kept = _DECODE(entry)
    return LoggedEvent(
        position=position,
        channel=kept.channel,
        type=kept.type,
        audience=Audience(
            property_id=None if kept.property_id is None else PropertyId(kept.property_id),
            roles=None if kept.roles is None else frozenset(kept.roles),
            operator_id=None if kept.operator_id is None else OperatorId(kept.operator_id),
            device_id=None if kept.device_id is None else DeviceId(kept.device_id),
        ),
        data=bytes(kept.data),
    )


def _log_keys(tenant_id: TenantId) -> tuple[str, ...]:
    return (keys.live_head(tenant_id), *(keys.live_channel(tenant_id, each) for each in _CHANNELS))


def _new_epoch() -> str:
    return secrets.token_hex(8)


def _entry(tenant_id: TenantId, event: LiveEvent) -> bytes:
    data: Mapping[str, object] = {
        "channel": event.channel,
        "type": event.type,
        "occurredAt": event.occurred_at,
        "tenantId": tenant_id,
        "propertyId": event.property_id,
        "payload": event.payload,
    }
    return _ENCODE(
        _Entry(
            channel=event.channel,
            type=event.type,
            data=msgspec.Raw(_ENCODE(data)),
            property_id=event.property_id,
            roles=None if event.roles is None else tuple(sorted(event.roles)),
            operator_id=event.operator_id,
            device_id=event.device_id,
        )
    )


def _position(row: Any) -> int:  # noqa: ANN401 - as the stream has it: id, fields
    return int(row[0].partition(b"-")[0])


def _history(answer: list[Any]) -> History:
    epoch, head, *channels = answer
    reaches, lost = int(head), {}
    events: list[LoggedEvent] = []
    for channel, (given_up, rows) in zip(_CHANNELS, channels, strict=True):
        if given_up is not None:
            lost[channel] = int(given_up)
        if len(rows) == _PAGE:
            # This channel may have more behind its last one, and what others have later than that must wait for it.
            reaches = min(reaches, _position(rows[-1]))
        for row in rows:
            with contextlib.suppress(msgspec.MsgspecError):
                events.append(logged_event(_position(row), row[1][1]))
    events.sort(key=lambda each: each.position)
    return History(
        epoch=epoch.decode(),
        head=int(head),
        reaches=reaches,
        events=tuple(each for each in events if each.position <= reaches),
        lost=lost,
    )

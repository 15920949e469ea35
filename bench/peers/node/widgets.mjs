// The board: what each widget reads, and how upstream answers become what it shows.
const ulid = (id) => id.slice(id.indexOf('_') + 1)
const money = (value) => ({ amountMicro: value.amountMicro, currency: value.currency })
const text = (words, locale) => words.values[locale] ?? words.values[words.default] ?? words.default
const READY = new Set(['inspected', 'ready'])

function aboutProperty(context, answer) {
  if (ulid(answer.propertyId) !== context.propertyUlid) throw new Error('an answer about another property')
  return answer
}

const figure = (name) => async (read, context) => {
  const path = `/api/v1/analytics/metrics/${name}/value?propertyId=ppt_${context.propertyUlid}`
  return read('analytics', path)
}

const kpi = (name) => async (read, context) => {
  const found = await figure(name)(read, context)
  return { value: money(found.value), previous: found.previous && money(found.previous), series: found.series.map(money) }
}

async function occupancy(read, context) {
  const property = `ppt_${context.propertyUlid}`
  const [percent, rooms] = await Promise.all([
    figure('occupancy')(read, context),
    read('inventory', '/api/v1/inventory/occupancy', property),
  ])
  aboutProperty(context, rooms)
  return {
    percent: percent.value,
    soldRooms: rooms.committed,
    sellableRooms: rooms.total - rooms.oosBlocked,
    outOfOrderRooms: rooms.oosBlocked,
    previousPercent: percent.previous,
  }
}

const movement = (kind) => async (read, context) => {
  const path = `/api/v1/reservations/${kind}/summary`
  const found = aboutProperty(context, await read('reservation', path, `ppt_${context.propertyUlid}`))
  return {
    date: found.date,
    totalRooms: found.totalRooms,
    remainingRooms: found.remainingRooms,
    totalGuests: found.totalGuests,
    next: found.next.map(({ id, code, guestName, roomNumber = null, expectedAt = null }) => ({
      reservationId: id, code, guestName, roomNumber, expectedAt,
    })),
  }
}

async function inHouse(read, context) {
  const path = '/api/v1/reservations/in-house/summary'
  const found = aboutProperty(context, await read('reservation', path, `ppt_${context.propertyUlid}`))
  const { totalRooms, remainingRooms, guests, stayoverRooms } = found
  return { totalRooms, remainingRooms, guests, stayoverRooms }
}

async function outlook(read, context) {
  const { items } = await read('inventory', '/api/v1/inventory/calendar?days=14', `ppt_${context.propertyUlid}`)
  const days = new Map()
  for (const row of items) {
    const day = days.get(row.stayDate) ?? { sold: 0, sellable: 0 }
    day.sold += row.committed
    day.sellable += row.total - row.oosBlocked
    days.set(row.stayDate, day)
  }
  return {
    days: [...days].sort(([one], [other]) => (one < other ? -1 : 1)).map(([date, { sold, sellable }]) => ({
      date,
      occupancyPercent: sellable > 0 ? Math.round((1000 * sold) / sellable) / 10 : 0,
      soldRooms: sold,
      availableRooms: sellable - sold,
    })),
  }
}

async function rooms(read, context) {
  const path = `/api/v1/housekeeping/rooms/summary?propertyId=prp_${context.propertyUlid}`
  const { counts, total } = aboutProperty(context, await read('housekeeping', path))
  const { dirty, cleaning, clean, inspected, ready } = counts
  return {
    dirty, cleaning, clean, inspected, ready,
    outOfOrder: counts.out_of_order, outOfService: counts.out_of_service, total,
  }
}

async function arrivalsAtRisk(read, context) {
  const due = '/api/v1/reservations/arrivals?status=due&dueWithinMinutes=180&limit=100'
  const states = `/api/v1/housekeeping/rooms?propertyId=prp_${context.propertyUlid}&limit=500`
  const [arrivals, found] = await Promise.all([
    read('reservation', due, `ppt_${context.propertyUlid}`),
    read('housekeeping', states),
  ])
  const statuses = new Map(found.items.map((room) => [ulid(room.roomId), room.status]))
  const items = arrivals.items
    .map(({ id, code, guestName, roomId, roomNumber = null, expectedAt = null }) => ({
      reservationId: id, code, guestName, roomNumber,
      roomStatus: (roomId && statuses.get(ulid(roomId))) ?? null, expectedAt,
    }))
    .filter((line) => !READY.has(line.roomStatus))
    .sort((one, other) => (one.expectedAt ?? '9').localeCompare(other.expectedAt ?? '9'))
  return { dueWithinMinutes: 180, total: items.length, items: items.slice(0, 10) }
}

async function workOrders(read, context) {
  const path = '/api/v1/maintenance/work-orders/summary'
  const found = await read('maintenance', path, `prop_${context.propertyUlid}`)
  return {
    open: found.open, critical: found.bySeverity.critical, high: found.bySeverity.high, overdue: found.overdue,
    roomsBlocked: found.roomsBlocked,
    items: found.top.map(({ id, title, severity, status, roomNumber = null }) => ({
      id, title, severity, status, roomNumber,
    })),
  }
}

async function rates(read, context) {
  const { items } = await read('pricing', `/v1/pricing/rates/snapshot?propertyId=pty_${context.propertyUlid}`)
  return {
    items: items.map(({ roomTypeId, name, price, available = null }) => {
      const [amountMicro, currency] = price?.split(':') ?? []
      return {
        roomTypeId, name: text(name, context.locale), price: price && { amountMicro, currency },
        availableRooms: available,
      }
    }),
  }
}

async function balances(read, context) {
  const found = await read('billing', `/api/v1/folios/summary?propertyId=prop_${context.propertyUlid}`)
  return {
    openFolios: found.openFolios, openBalance: money(found.openBalance), overdueFolios: found.overdueFolios,
    dayEndVariance: money(found.dayEnd.variance),
  }
}

async function alerts(read, context) {
  const path = `/api/v1/alerts?propertyId=ppt_${context.propertyUlid}&status=unread&limit=5`
  const found = await read('notification', path)
  return {
    unread: found.unread, critical: found.bySeverity.critical, warning: found.bySeverity.warning,
    items: found.items.map(({ id, severity, title, raisedAt }) => ({
      id, severity, title: text(title, context.locale), raisedAt,
    })),
  }
}

async function suggestions(read, context) {
  const path = `/api/v1/ai/suggestions?propertyId=ppt_${context.propertyUlid}&status=open&limit=5`
  const found = await read('ai-orchestrator', path)
  return {
    open: found.open,
    items: found.items.map(({ id, category, title, confidence }) => ({ id, category, title, confidence })),
  }
}

async function property(read, context) {
  const found = await read('property', `/api/v1/properties/ppt_${context.propertyUlid}`)
  return {
    id: found.id, name: text(found.name, context.locale), city: found.address.city, country: found.address.countryIso2,
    timezone: found.timezone, localDate: found.localDate, rooms: found.rooms,
    photoUrl: found.coverPhoto?.url ?? null, photoAlt: found.coverPhoto?.alt ?? null,
  }
}

async function devices(_read, context, stores) {
  const rows = await stores.devicesOf(context.tenantId, context.operatorId)
  return {
    items: rows.map((row) => ({
      deviceId: row.device_id, status: Date.now() - row.last_heartbeat_at < 120_000 ? 'online' : 'late',
      lastHeartbeatAt: row.last_heartbeat_at, queuedActions: row.queue_depth, appVersion: row.app_version,
      thisDevice: row.device_id === context.deviceId,
    })),
    queuedActions: rows.reduce((sum, row) => sum + row.queue_depth, 0),
  }
}

const widget = (id, kind, span, deadlineMs, sources, load, varies = []) => ({
  id, kind, span, deadlineMs, sources, load, varies,
  title: id, definition: `What ${id} counts, in a sentence as long as those that the service sends with it.`,
  skeleton: { kind, lines: 6 },
})

export const WIDGETS = [
  widget('occupancy', 'number', 4, 600, ['analytics-service', 'inventory-service'], occupancy),
  widget('adr', 'number', 4, 600, ['analytics-service'], kpi('adr')),
  widget('revpar', 'number', 4, 600, ['analytics-service'], kpi('revpar')),
  widget('arrivals', 'list', 4, 800, ['reservation-service'], movement('arrivals')),
  widget('departures', 'list', 4, 800, ['reservation-service'], movement('departures')),
  widget('in-house', 'number', 4, 800, ['reservation-service'], inHouse),
  widget('outlook', 'bars', 8, 600, ['inventory-service'], outlook),
  widget('rooms', 'bars', 4, 700, ['housekeeping-service'], rooms),
  widget('arrivals-at-risk', 'list', 6, 800, ['reservation-service', 'housekeeping-service'], arrivalsAtRisk),
  widget('work-orders', 'list', 6, 700, ['maintenance-service'], workOrders),
  widget('rates', 'list', 6, 600, ['pricing-service'], rates, ['locale']),
  widget('balances', 'number', 6, 600, ['billing-service'], balances),
  widget('alerts', 'list', 6, 500, ['notification-service'], alerts, ['locale']),
  widget('suggestions', 'list', 6, 500, ['ai-orchestrator-service'], suggestions),
  widget('property', 'card', 8, 600, ['property-service'], property, ['locale']),
  widget('devices', 'list', 4, 250, ['bff-backoffice-service'], devices, ['operatorId', 'deviceId']),
]

import { code, h } from "../elements.js";
import { age } from "../formats.js";
import { has, t } from "../language.js";
import { quiet, rows } from "./figures.js";

const MOST_SHOWN = 4;

export function devices(data, context) {
  if (data.items.length === 0) return [quiet(t("devices.none"))];
  const own = [...data.items].sort((one, other) => Number(other.thisDevice ?? false) - Number(one.thisDevice ?? false));
  return [
    rows(
      own.slice(0, MOST_SHOWN).map((device) => ({
        lead: h("span", { class: `dot dot-${device.status}`, "aria-hidden": "true" }),
        title: device.thisDevice ? t("devices.this") : code(`…${device.deviceId.slice(-6)}`),
        note: [
          has(`devices.${device.status}`) ? t(`devices.${device.status}`) : device.status,
          " · ",
          device.lastHeartbeatAt ? age(context.now() - Date.parse(device.lastHeartbeatAt)) : t("devices.never"),
        ],
        end: h(
          "span",
          { class: "caption" },
          device.queuedActions > 0 ? t("devices.queued", { n: device.queuedActions }) : t("devices.idle"),
        ),
      })),
    ),
    h("p", { class: "caption more" }, t("devices.note")),
  ];
}

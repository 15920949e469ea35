/** What this desk likes: kept in the browser's storage, and harmless if it is lost. */

const KEY = "backoffice-console.settings";
const DEFAULTS = { language: null, theme: "auto", shortcuts: true, sound: false, lastTenant: null, lastOperator: {}, devices: {} };

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

export const settings = {
  ...read(),

  /** Change some members and keep them. A browser without storage only forgets them at the next visit. */
  change(members) {
    Object.assign(this, members);
    const { change: _change, ...kept } = this;
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      return;
    }
  },
};

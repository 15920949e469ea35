// A bounded memory of what was used last; a Map keeps the order of insertion.
export class RecentlyUsed {
  #entries = new Map()
  #size

  constructor(size) {
    this.#size = size
  }

  get(key) {
    const value = this.#entries.get(key)
    if (value !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, value)
    }
    return value
  }

  put(key, value) {
    this.#entries.set(key, value)
    if (this.#entries.size > this.#size) this.#entries.delete(this.#entries.keys().next().value)
  }
}

// The key, and every request of the page: with the key, again when the connection was lost.

import { keep, kept } from "./keeping.js"
import { Signal } from "./scope.js"

const WAITS_MS = [300, 800, 1500, 3000, 5000]

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(status, message, code = "") {
    super(message)
    this.status = status
    this.code = code
  }

  /** The field of the request that the message names, or "". */
  get field() {
    return /^field "(?:edits\[\d+\]\.)?(\w+)"/.exec(this.message)?.[1] ?? ""
  }

  /** Which of several parts the message is of, from 0; null if it does not say. */
  get part() {
    const found = /^field "edits\[(\d+)\]/.exec(this.message)
    return found && Number(found[1])
  }
}

export class Session {
  key = kept("key", "")
  account = null // GET /v1/me
  lost = new Signal() // (true) when the server cannot be reached, (false) when it can again
  locked = new Signal() // (why) when a key is needed
  opened = new Signal() // () when a key works
  #isLost = false

  /** Find a key that works: the kept one, or the one that a service on this machine hands its page. */
  async open() {
    if (this.key && (await this.#works())) return true
    const wasWrong = Boolean(this.key)
    const welcome = await this.#bare("/v1/welcome")
    if (welcome.ok) {
      this.key = (await welcome.json()).key
      if (await this.#works()) return true
    }
    this.key = ""
    this.locked.tell(wasWrong ? "The key of your last visit no longer works." : "")
    return false
  }

  /** Use this key from now on; false if the server does not know it. */
  async use(key) {
    this.key = key.trim()
    return this.#works()
  }

  forget() {
    this.key = ""
    keep("key", null)
    this.locked.tell("")
  }

  /**
   * Ask the server; waits and asks again while it cannot be reached.
   * @param path of this server, with its query.
   * @param how as for fetch; `json` is sent as JSON, `again: false` gives up at once.
   * @throws Refused when the server says no; AbortError when the signal says so.
   */
  async ask(path, { json, again = true, headers = {}, ...how } = {}) {
    const sent = { ...how, headers: { Authorization: `Bearer ${this.key}`, ...headers } }
    if (json !== undefined) {
      sent.method ??= "POST"
      sent.body = JSON.stringify(json)
      sent.headers["Content-Type"] = "application/json"
    }
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#reach(path, sent, again)
      if (answer.status === 503 && again && tries < 3) {
        await pause(WAITS_MS[tries], how.signal)
        continue
      }
      if (answer.ok || answer.status === 304) return answer
      throw await this.#refusal(answer)
    }
  }

  async json(path, how) {
    return (await this.ask(path, how)).json()
  }

  async #reach(path, sent, again) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await fetch(path, sent)
        this.#found(true)
        return answer
      } catch (error) {
        if (error.name === "AbortError" || !(error instanceof TypeError)) throw error
        this.#found(false)
        if (!again) throw error
        await pause(WAITS_MS[Math.min(tries, WAITS_MS.length - 1)], sent.signal)
      }
    }
  }

  #found(reached) {
    if (reached === !this.#isLost) return
    this.#isLost = !reached
    this.lost.tell(this.#isLost)
  }

  async #refusal(answer) {
    const told = await answer.json().catch(() => ({}))
    const message = told.message || `the server answered ${answer.status} ${answer.statusText}`
    if (answer.status === 401) this.locked.tell("The server refused the key: it is wrong or was revoked.")
    return new Refused(answer.status, message, told.error_code ?? "")
  }

  async #works() {
    const answer = await this.#bare("/v1/me")
    if (!answer.ok) return false
    this.account = await answer.json()
    keep("key", this.key)
    this.opened.tell()
    return true
  }

  #bare(path) {
    return this.#reach(path, { headers: this.key ? { Authorization: `Bearer ${this.key}` } : {} }, true)
  }
}

export function pause(ms, signal) {
  return new Promise((wake, stop) => {
    const timer = setTimeout(wake, ms)
    signal?.addEventListener("abort", () => {
      clearTimeout(timer)
      stop(new DOMException("stopped", "AbortError"))
    })
  })
}

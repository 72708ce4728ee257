// The edit that is being written, and the one undo of the page.

import { keep, kept } from "./keeping.js"
import { Signal } from "./scope.js"

export const EMPTY = Object.freeze({
  song: "", // the address of a file of this server
  name: "", // what the song is called
  start: 0, // seconds from the start of the song
  end: 0,
  fromEnd: false, // whether the fields and the request count back from the end
  tags: [],
  lyrics: "",
  instrumental: false,
  seed: 0,
  locked: false, // whether the seed stays for the next edit
  takes: 2,
  engine: "auto",
  format: "source",
  options: {}, // creative parameters by their name in the request
  others: [], // further parts of the same edit, see parts.js; the fields above are those of the chosen one
})

const DEEPEST = 200
const ONE_CHANGE_MS = 1200

export class Draft {
  now = EMPTY
  changed = new Signal() // (now, before, label)
  #past = []
  #future = []
  #last = { merge: "", at: 0 }

  /** Bring back what the last visit left. */
  restore() {
    const before = this.now
    this.now = { ...EMPTY, ...kept("draft", {}) }
    this.changed.tell(this.now, before, "")
  }

  /**
   * Change some fields.
   * @param fields what becomes of them.
   * @param label what undo will say: "the region".
   * @param merge changes of the same name within a moment are one step of undo.
   */
  change(fields, label, merge = "") {
    const next = { ...this.now, ...fields }
    if (JSON.stringify(next) === JSON.stringify(this.now)) return
    const since = Date.now() - this.#last.at
    if (!(merge && merge === this.#last.merge && since < ONE_CHANGE_MS)) {
      this.#past.push({ state: this.now, label })
      if (this.#past.length > DEEPEST) this.#past.shift()
    }
    this.#last = { merge, at: Date.now() }
    this.#future = []
    this.#become(next, label)
  }

  /** Change without a step of undo: what the page does by itself. */
  set(fields) {
    this.#become({ ...this.now, ...fields }, "")
  }

  get canUndo() {
    return this.#past.length > 0
  }

  get canRedo() {
    return this.#future.length > 0
  }

  /** Take the last step back; gives its label, or "" if there is none. */
  undo() {
    const step = this.#past.pop()
    if (!step) return ""
    this.#future.push({ state: this.now, label: step.label })
    this.#last = { merge: "", at: 0 }
    this.#become(step.state, step.label)
    return step.label
  }

  redo() {
    const step = this.#future.pop()
    if (!step) return ""
    this.#past.push({ state: this.now, label: step.label })
    this.#become(step.state, step.label)
    return step.label
  }

  #become(next, label) {
    const before = this.now
    this.now = Object.freeze(next)
    keep("draft", next)
    this.changed.tell(next, before, label)
  }
}

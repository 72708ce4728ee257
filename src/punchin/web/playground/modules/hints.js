// Three hints for a first visit, where they help; each goes away by being followed or by its button.

import { find, show } from "./dom.js"
import { keep, kept } from "./keeping.js"

export class Hints {
  #done = new Set(kept("hints", []))

  constructor(scope) {
    for (const name of ["part", "tags", "judge"]) {
      const hint = find(`#hint-${name}`)
      show(hint, !this.#done.has(name))
      scope.listen(find("button", hint), "click", () => this.done(name))
    }
  }

  done(name) {
    if (this.#done.has(name)) return
    this.#done.add(name)
    keep("hints", [...this.#done])
    show(find(`#hint-${name}`), false)
  }
}

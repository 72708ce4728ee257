// One owner for everything that must be undone: listeners, timers, observers, children.

export class Scope {
  #ends = new Set()

  /** Undo this too when the scope ends; gives a function that undoes it earlier. */
  add(end) {
    const once = () => {
      if (this.#ends.delete(once)) end()
    }
    this.#ends.add(once)
    return once
  }

  /** Listen until the scope ends. */
  listen(target, names, heard, options) {
    for (const name of names.split(" ")) {
      target.addEventListener(name, heard, options)
      this.add(() => target.removeEventListener(name, heard, options))
    }
  }

  /** Call once, later, unless the scope has ended by then. */
  later(ms, call) {
    const timer = setTimeout(() => {
      forget()
      call()
    }, ms)
    const forget = this.add(() => clearTimeout(timer))
    return forget
  }

  /** Call before every frame that is painted. */
  everyFrame(call) {
    let asked = 0
    const step = () => {
      asked = requestAnimationFrame(step)
      call()
    }
    asked = requestAnimationFrame(step)
    return this.add(() => cancelAnimationFrame(asked))
  }

  /** A signal for fetch that aborts when the scope ends. */
  signal() {
    const control = new AbortController()
    this.add(() => control.abort())
    return control.signal
  }

  /** A scope that ends with this one, or earlier. */
  child() {
    const inner = new Scope()
    const forget = this.add(() => inner.end())
    inner.add(forget)
    return inner
  }

  end() {
    for (const end of [...this.#ends].reverse()) end()
  }
}

/** Tells listeners; the smallest thing that can be listened to. */
export class Signal {
  #heard = new Set()

  on(call, scope) {
    this.#heard.add(call)
    const off = () => this.#heard.delete(call)
    return scope ? scope.add(off) : off
  }

  tell(...what) {
    for (const call of [...this.#heard]) call(...what)
  }
}

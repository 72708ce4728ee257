// One live region for those who listen to the page; the same words twice are said once.

import { find } from "./dom.js"

let last = ""

export function announce(text) {
  if (text === last) return
  last = text
  find("#live").textContent = text
}

/** A short word at the lower edge that goes away by itself, and is also announced. */
export function toast(text, scope) {
  const place = find("#toast")
  place.textContent = text
  place.hidden = false
  announce(text)
  toast.forget?.()
  toast.forget = scope.later(3500, () => {
    place.hidden = true
  })
}

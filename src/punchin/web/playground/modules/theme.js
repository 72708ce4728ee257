// Light and dark: as the system says, until the person says otherwise.

import { find } from "./dom.js"
import { keep, kept } from "./keeping.js"
import { Signal } from "./scope.js"

export const repainted = new Signal()

export function startTheme(scope) {
  const system = matchMedia("(prefers-color-scheme: dark)")
  const button = find("#theme")
  const apply = () => {
    const chosen = kept("theme")
    const dark = chosen ? chosen === "dark" : system.matches
    document.documentElement.dataset.theme = dark ? "dark" : "light"
    button.setAttribute("aria-label", dark ? "Switch to light" : "Switch to dark")
    button.title = button.getAttribute("aria-label")
    repainted.tell()
  }
  scope.listen(system, "change", apply)
  scope.listen(button, "click", () => {
    const dark = document.documentElement.dataset.theme === "dark"
    keep("theme", dark ? "light" : "dark")
    apply()
  })
  apply()
}

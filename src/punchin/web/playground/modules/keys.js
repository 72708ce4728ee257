// Keys. A key that types or presses something keeps doing that.

import { find } from "./dom.js"

const TYPING = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]"
const PRESSED_BY_SPACE = "button, summary, a[href], input"

/**
 * Listen for the page's keys.
 * @param actions by key: {" ": play, "l": loop, …}; digits as "0" … "4".
 * @param submit what Ctrl-Enter does, wherever the person is.
 */
export function listenForKeys(actions, submit, scope) {
  let clicked = null
  scope.listen(document, "pointerdown", (event) => {
    clicked = event.target.closest?.(PRESSED_BY_SPACE) ?? null
  })
  scope.listen(document, "focusin", (event) => {
    if (event.target !== clicked) clicked = null
  })
  scope.listen(document, "keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault()
      submit()
      return
    }
    if (event.altKey || document.querySelector("dialog[open]")) return
    const key = event.key.toLowerCase()
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" || event.target.matches(TYPING)) return
    } else if (event.target.matches(TYPING)) return
    // Space presses the button that the keyboard went to; one that the mouse pressed is done with.
    if (key === " " && event.target.matches(PRESSED_BY_SPACE) && event.target !== clicked) return
    const act = actions[key]
    if (!act) return
    event.preventDefault()
    act(event)
  })
}

export function startHelp(scope) {
  const dialog = find("#help")
  scope.listen(find("#help-open"), "click", () => dialog.showModal())
  scope.listen(find("#help-close"), "click", () => dialog.close())
  scope.listen(dialog, "click", (event) => event.target === dialog && dialog.close())
  return () => dialog.showModal()
}

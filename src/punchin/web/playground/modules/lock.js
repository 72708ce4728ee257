// Asks for a key when there is none, or a wrong one.

import { find, show } from "./dom.js"
import { tellField } from "./errors.js"

export function startLock(session, scope, opened) {
  const dialog = find("#key")
  session.locked.on((why) => {
    find("#key-why").textContent = why
    show(find("#key-why"), Boolean(why))
    if (!dialog.open) dialog.showModal()
    find("#key-text").focus()
  }, scope)
  // Without a key there is nothing behind the dialog to go back to.
  scope.listen(dialog, "cancel", (event) => event.preventDefault())
  scope.listen(find("#key-form"), "submit", async (event) => {
    event.preventDefault()
    const text = find("#key-text").value.trim()
    if (!text) return tellField("key", "paste the key that punchin serve printed, or that its operator gave you")
    tellField("key", "")
    if (!(await session.use(text))) return tellField("key", "this server does not know that key")
    dialog.close()
    find("#key-text").value = ""
    opened()
  })
}

/** Says so while the server cannot be reached. */
export function startLost(session, scope) {
  session.lost.on((lost) => show(find("#lost"), lost), scope)
}

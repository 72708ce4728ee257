// Errors beside the field they concern; what concerns none is said above the button.

import { all, el, find } from "./dom.js"

const FIELD_OF = {
  audio: "song", audio_url: "song", start_time: "start", end_time: "end",
  start_time_relative_to: "start", end_time_relative_to: "end", variance: "options",
}

/** Show a sentence at a field (data-field in the page); "" takes it away. */
export function tellField(name, message) {
  const place = find(`[data-field="${name}"]`) ?? find('[data-field="request"]')
  const field = find("input, textarea, select, [data-described]", place)
  const id = `error-${place.dataset.field}`
  let told = document.getElementById(id)
  if (!message) {
    told?.remove()
    field?.removeAttribute("aria-invalid")
    unlink(field, id)
    return
  }
  if (!told) {
    told = el("p", { id, class: "error", role: "alert" })
    place.append(told)
  }
  told.textContent = sentence(message)
  if (field && place.dataset.field !== "request") {
    field.setAttribute("aria-invalid", "true")
    const ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean))
    field.setAttribute("aria-describedby", [...ids.add(id)].join(" "))
  }
}

function unlink(field, id) {
  if (!field) return
  const ids = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id)
  if (ids.length) field.setAttribute("aria-describedby", ids.join(" "))
  else field.removeAttribute("aria-describedby")
}

/** Show what the server refused where it belongs. */
export function tellRefusal(error) {
  const name = FIELD_OF[error.field] ?? error.field
  const place = name && find(`[data-field="${name}"]`) ? name : error.field ? "options" : "request"
  tellField(place, error.message.replace(/^field "edits\[(\d+)\]/, (_, at) => `part ${Number(at) + 1}, field "edits[${at}]`))
  const target = find(`[data-field="${place}"]`)
  target.closest("details")?.setAttribute("open", "")
  target.scrollIntoView({ block: "nearest" })
}

export function forgetErrors() {
  for (const place of all("[data-field]")) tellField(place.dataset.field, "")
}

/** A message as a sentence: a capital first, unless it begins with a name of something, and a stop last. */
export function sentence(text) {
  const trimmed = text.trim()
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`
  return /^[a-z]+[ ,]/.test(ended) ? ended.charAt(0).toUpperCase() + ended.slice(1) : ended
}

// Lyrics, with section marks; instrumental says that nobody sings.

import { find, show } from "./dom.js"

const MERGE = "lyrics"

export class Lyrics {
  constructor(draft, scope) {
    const text = find("#lyrics")
    const switched = find("#instrumental")
    scope.listen(text, "input", () => draft.change({ lyrics: text.value }, "the lyrics", MERGE))
    scope.listen(switched, "change", () => draft.change({ instrumental: switched.checked }, "instrumental"))
    scope.listen(find("#sections"), "click", (event) => {
      const mark = event.target.closest("button")?.dataset.mark
      if (!mark) return
      const at = text.selectionStart
      const before = text.value.slice(0, at)
      const broken = before && !before.endsWith("\n") ? "\n" : ""
      const added = `${broken}${mark}\n`
      text.value = before + added + text.value.slice(text.selectionEnd)
      text.selectionStart = text.selectionEnd = at + added.length
      draft.change({ lyrics: text.value }, "the lyrics")
      text.focus()
    })
    const paint = () => {
      const { lyrics, instrumental } = draft.now
      if (text.value !== lyrics) text.value = lyrics
      switched.checked = instrumental
      text.disabled = instrumental
      show(find("#sections"), !instrumental)
      if (lyrics) find("#lyrics-fold").open = true
    }
    draft.changed.on(paint, scope)
    paint()
  }
}

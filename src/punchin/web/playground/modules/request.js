// The request that the draft stands for, and how other programs would send it.

import { all, find } from "./dom.js"
import { toast } from "./announce.js"

export const MODEL = "wavespeed-ai/ace-step/audio-inpaint"
export const PATH = `/api/v3/${MODEL}`

/**
 * The request of a draft.
 * @param draft as in draft.js.
 * @param duration of the song in seconds.
 * @param mostTime how far from an end the server takes a time; 0: any.
 */
export function requestOf(draft, duration, mostTime = 0) {
  const body = { audio: draft.song, tags: draft.tags.join(", ") }
  for (const which of ["start", "end"]) {
    const at = draft[which]
    const far = mostTime > 0 && at > mostTime && duration - at <= mostTime
    const back = draft.fromEnd || far
    body[`${which}_time`] = Math.round((back ? duration - at : at) * 1000) / 1000
    if (back) body[`${which}_time_relative_to`] = "end"
  }
  const lyrics = draft.instrumental ? "[inst]" : draft.lyrics.trim()
  if (lyrics) body.lyrics = lyrics
  body.seed = draft.seed
  if (draft.takes > 1) body.takes = draft.takes
  if (draft.engine !== "auto") body.engine = draft.engine
  if (draft.format !== "source") body.output_format = draft.format
  return { ...body, ...draft.options }
}

/** The draft that a request stands for: exactly what was asked. */
export function draftOf(request, duration) {
  const first = { ...request, ...request.edits?.[0] }
  const at = (which, otherwise) => {
    const value = first[`${which}_time`] ?? otherwise
    return first[`${which}_time_relative_to`] === "end" ? duration - value : value
  }
  const plain = new Set(["audio", "audio_url", "tags", "lyrics", "seed", "takes", "engine", "output_format", "edits", "enable_sync_mode", "enable_base64_output", "webhook_url"])
  const options = Object.fromEntries(Object.entries(first).filter(([name]) => !plain.has(name) && !/^(start|end)_time/.test(name)))
  const instrumental = /^\s*\[(inst|instrumental)\]\s*$/i.test(first.lyrics ?? "")
  return {
    song: request.audio ?? request.audio_url ?? "",
    start: Math.min(at("start", 0), duration),
    end: Math.min(at("end", 30), duration),
    fromEnd: first.start_time_relative_to === "end" && first.end_time_relative_to === "end",
    tags: (first.tags ?? "").split(",").map((tag) => tag.trim()).filter(Boolean),
    lyrics: instrumental ? "" : (first.lyrics ?? ""),
    instrumental,
    takes: request.takes ?? 1,
    engine: request.engine ?? "auto",
    format: request.output_format ?? "source",
    options,
  }
}

/** The request in another language, ready to run: the key comes from the environment. */
export function codeOf(language, body, base) {
  const quoted = JSON.stringify(body, null, 2)
  if (language === "curl") {
    const safe = quoted.replaceAll("'", "'\\''")
    return `curl ${base}${PATH} \\\n  -H "Authorization: Bearer $PUNCHIN_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '${safe}'`
  }
  if (language === "python") {
    return [
      "import os",
      "from wavespeed import Client",
      "",
      `client = Client(api_key=os.environ["PUNCHIN_KEY"], base_url="${base}")`,
      `result = client.run("${MODEL}", ${pythonOf(body)})`,
      'print(result["outputs"])',
    ].join("\n")
  }
  return [
    'const { Client } = require("wavespeed")',
    "",
    `const client = new Client(process.env.PUNCHIN_KEY, { baseUrl: "${base}" })`,
    `client.run("${MODEL}", ${quoted})`,
    "  .then(({ outputs }) => console.log(outputs))",
  ].join("\n")
}

function pythonOf(body) {
  const lines = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${value === true ? "True" : value === false ? "False" : JSON.stringify(value)},`)
  return `{\n${lines.join("\n")}\n}`
}

/** Shows the request while it is written. */
export class RequestView {
  #current
  #language = "curl"

  constructor(current, draft, scope) {
    this.#current = current
    scope.listen(find("#languages"), "click", (event) => {
      const language = event.target.closest("button")?.dataset.language
      if (!language) return
      this.#language = language
      this.#show()
    })
    scope.listen(find("#copy"), "click", async () => {
      const text = find("#code").textContent
      try {
        await navigator.clipboard.writeText(text)
        toast("Copied", scope)
      } catch {
        // Pages without TLS have no clipboard: select it, so that Ctrl-C does it.
        getSelection().selectAllChildren(find("#code"))
        toast("Press Ctrl-C to copy", scope)
      }
    })
    draft.changed.on(() => this.#show(), scope)
    scope.listen(find("#request"), "toggle", () => this.#show())
    this.#show()
  }

  #show() {
    for (const button of all("#languages button")) button.setAttribute("aria-pressed", String(button.dataset.language === this.#language))
    if (find("#request").open) find("#code").textContent = codeOf(this.#language, this.#current(), location.origin)
  }
}

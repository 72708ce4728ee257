// The request that the draft stands for, and how other programs would send it.

import { all, find } from "./dom.js"
import { toast } from "./announce.js"
import { partsOf, withParts } from "./parts.js"

export const MODEL = "wavespeed-ai/ace-step/audio-inpaint"
export const PATH = `/api/v3/${MODEL}`

/**
 * The request of a draft.
 * @param draft as in draft.js.
 * @param duration of the song in seconds.
 * @param mostTime how far from an end the server takes a time; 0: any.
 */
export function requestOf(draft, duration, mostTime = 0) {
  const edits = partsOf(draft).map((part) => editOf(part, draft.fromEnd, duration, mostTime))
  const body = { audio: draft.song, ...(edits.length === 1 ? edits[0] : { edits }) }
  if (draft.takes > 1) body.takes = draft.takes
  if (draft.engine !== "auto") body.engine = draft.engine
  if (draft.format !== "source") body.output_format = draft.format
  return body
}

/** What is asked of one part. */
function editOf(part, fromEnd, duration, mostTime) {
  const edit = { tags: part.tags.join(", ") }
  for (const which of ["start", "end"]) {
    const at = part[which]
    const far = mostTime > 0 && at > mostTime && duration - at <= mostTime
    const back = fromEnd || far
    edit[`${which}_time`] = Math.round((back ? duration - at : at) * 1000) / 1000
    if (back) edit[`${which}_time_relative_to`] = "end"
  }
  const lyrics = part.instrumental ? "[inst]" : part.lyrics.trim()
  if (lyrics) edit.lyrics = lyrics
  edit.seed = part.seed
  return { ...edit, ...part.options }
}

/**
 * The draft that a request stands for: exactly what was asked.
 * @param request as it was sent, by whomever.
 * @param duration of the song in seconds.
 * @param seeds that the service drew, part by part in the order of the song, where the request left them to it.
 */
export function draftOf(request, duration, seeds = []) {
  const { edits = [{}], ...common } = request
  const asked = edits.map((edit) => ({ ...common, ...edit }))
  const parts = asked.map((edit) => partOf(edit, duration)).sort((one, other) => one.start - other.start)
  const seeded = parts.map((part, at) => ({ ...part, seed: part.seed >= 0 ? part.seed : (seeds[at] ?? 0), locked: true }))
  return {
    ...withParts(seeded, 0),
    song: request.audio ?? request.audio_url ?? "",
    fromEnd: asked.every((edit) => edit.start_time_relative_to === "end" && edit.end_time_relative_to === "end"),
    takes: request.takes ?? 1,
    engine: request.engine ?? "auto",
    format: request.output_format ?? "source",
  }
}

const PLAIN = new Set(["audio", "audio_url", "tags", "lyrics", "seed", "takes", "engine", "output_format", "edits", "enable_sync_mode", "enable_base64_output", "webhook_url"])

function partOf(edit, duration) {
  const at = (which, otherwise) => {
    const value = edit[`${which}_time`] ?? otherwise
    return Math.min(duration, edit[`${which}_time_relative_to`] === "end" ? duration - value : value)
  }
  const instrumental = /^\s*\[(inst|instrumental)\]\s*$/i.test(edit.lyrics ?? "")
  return {
    start: at("start", 0),
    end: at("end", 30),
    tags: (edit.tags ?? "").split(/[,;\n]/).map((tag) => tag.trim()).filter(Boolean),
    lyrics: instrumental ? "" : (edit.lyrics ?? ""),
    instrumental,
    seed: edit.seed ?? -1,
    options: Object.fromEntries(Object.entries(edit).filter(([name]) => !PLAIN.has(name) && !/^(start|end)_time/.test(name))),
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
  const lines = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${literal(value)},`)
  return `{\n${lines.join("\n")}\n}`
}

function literal(value) {
  if (typeof value === "boolean") return value ? "True" : "False"
  if (Array.isArray(value)) return `[\n${value.map((each) => `        ${literal(each)},`).join("\n")}\n    ]`
  if (typeof value !== "object") return JSON.stringify(value)
  return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${literal(each)}`).join(", ")}}`
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

// The takes of a finished job beside the original: to hear, to compare, to trust, to keep.

import { announce, toast } from "./announce.js"
import { all, el, fill, find, show } from "./dom.js"
import { sentence, tellField } from "./errors.js"
import { factorsTo, loudness } from "./loudness.js"
import { Signal } from "./scope.js"
import { Track } from "./sound.js"
import { clock } from "./time.js"
import { local } from "./upload.js"
import { readings, seamWords } from "./words.js"

const MOST_MATCHED_S = 30 // of a long part, so much is enough to compare levels

export class Judge {
  shown = new Signal() // (job) when takes can be heard
  job = null
  region = null // {start, end} in frames of the song
  #session
  #sounds
  #player
  #lanes
  #draft
  #scope
  #about = null
  #tracks = []
  #receipts = []
  #levels = null

  constructor({ session, sounds, player, lanes, draft }, scope) {
    Object.assign(this, { job: null })
    this.#session = session
    this.#sounds = sounds
    this.#player = player
    this.#lanes = lanes
    this.#draft = draft
    this.#scope = scope
    player.changed.on(() => this.#mark(), scope)
    scope.listen(find("#match"), "change", (event) => this.#match(event.target.checked))
    scope.listen(find("#use-take"), "click", () => this.#use())
    scope.listen(find("#download"), "click", () => this.#download())
  }

  /** Whether a job is of the song that is on the desk. */
  isOf(song) {
    return this.job !== null && local(this.job.request.audio) === local(song)
  }

  /** The song alone. */
  alone(about, address) {
    this.#about = about
    const original = new Track(this.#sounds, { address, frames: about.frames, rate: about.rate_hz, channels: about.channels, name: "Original" })
    this.#tracks = [original]
    this.#levels = null
    show(find("#judge"), false)
    this.#sounds.keepOnly([address])
    this.#player.use([original])
    this.#player.match(null)
    find("#match").checked = false
    this.#lanes.use([original], null, [])
    this.#switch()
  }

  /** No takes any more. */
  forget() {
    this.job = null
    this.region = null
  }

  /** Show a finished job of the song that is on the desk. */
  async show(job) {
    this.job = job
    const { takes } = job.report
    const frames = takes.flatMap((take) => take.regions).map((region) => [region.start_frame, region.end_frame])
    this.region = { start: Math.min(...frames.map(([start]) => start)), end: Math.max(...frames.map(([, end]) => end)) }
    const [abouts, receipts] = await Promise.all([
      Promise.all(job.outputs.map(({ url }) => this.#session.json(`/v1/sounds/about?of=${encodeURIComponent(url)}`))),
      this.#session.json(`/v1/jobs/${job.id}/receipts`),
    ])
    if (this.job !== job) return
    this.#receipts = receipts.receipts
    const [original] = this.#tracks
    const playable = abouts.every((about) => about.rate_hz === original.rate && about.channels === original.channels)
    this.#tracks = [original, ...(playable ? abouts.map((about, at) => this.#track(about, at, original)) : [])]
    this.#sounds.keepOnly(this.#tracks.map((track) => track.address))
    this.#levels = null
    this.#player.match(null)
    find("#match").checked = false
    this.#player.chosen = playable ? 1 : 0
    this.#player.use(this.#tracks)
    show(find("#judge"), true)
    this.#lanes.use(this.#tracks, this.region, takes.map((_, at) => `Take ${at + 1}`))
    this.#switch()
    this.#mark()
    if (!playable) tellField("request", "the takes have another sample rate or number of channels than the song: they can be downloaded, not compared here")
    const many = takes.length === 1 ? "Your take is ready" : `${takes.length} takes are ready`
    announce(`${many}. Press space to listen, 0 for the original, 1 to ${takes.length} for the takes.`)
    this.shown.tell(job)
  }

  #track(about, at, original) {
    const take = this.job.report.takes[at]
    const identical = take.proof?.identical && about.frames === original.frames
    const track = new Track(this.#sounds, {
      address: this.job.outputs[at].url,
      frames: about.frames,
      rate: about.rate_hz,
      channels: about.channels,
      name: `Take ${at + 1}`,
      base: identical ? original : null,
      changed: identical ? this.region : null,
    })
    track.outsideHash = this.#receipts[at]?.proof?.runs?.[0]?.output_sha256
    return track
  }

  /** The switch between original and takes. */
  #switch() {
    const choices = this.#tracks.length > 1 ? this.#tracks : []
    fill(
      find("#choices"),
      choices.map((track, number) =>
        el(
          "button",
          { type: "button", class: `choice take-${number}`, "aria-pressed": "false", "data-number": String(number), onclick: () => this.#player.choose(number) },
          el("kbd", {}, String(number)),
          number ? el("span", {}, el("span", { class: "word-only" }, "Take "), String(number)) : "Original",
        ),
      ),
    )
    show(find("#compare"), choices.length > 0)
    this.#mark()
  }

  #mark() {
    for (const button of all("#choices button")) button.setAttribute("aria-pressed", String(Number(button.dataset.number) === this.#player.chosen))
    if (this.job && this.#player.chosen > 0) this.#describe(this.#player.chosen)
    else if (this.job && !find("#judge").dataset.take) this.#describe(1)
  }

  /** Say everything about a take. */
  #describe(number) {
    const panel = find("#judge")
    const mark = `${this.job.id} ${number}`
    if (panel.dataset.take === mark) return
    panel.dataset.take = mark
    const take = this.job.report.takes[number - 1]
    const [first] = take.regions
    const word = take.regions.map((region) => region.seams?.word).find((each) => each && each !== "seamless") ?? first.seams?.word ?? ""
    panel.dataset.number = String(number)
    fill(find("#take-title"), `Take ${number}`, word && el("span", { class: `word ${word}` }, word))
    fill(find("#take-facts"), [`${clock(first.start_s)} – ${clock(first.end_s)}`, `seed ${first.seed}`, this.job.report.engine].map((fact) => el("span", { class: "fact" }, fact)))
    this.#seams(take)
    this.#tags(take)
    this.#warn(take)
    this.#prove(take, number)
  }

  #seams(take) {
    fill(
      find("#seams"),
      take.regions.flatMap(({ seams }) => [
        ["in", seams?.punch_in],
        ["out", seams?.punch_out],
      ]).map(([which, edge]) =>
        el(
          "li",
          {},
          el("span", { class: `dot ${edge?.word ?? "none"}`, "aria-hidden": "true" }),
          el("span", {}, seamWords(edge, which)),
        ),
      ),
    )
    const rows = (edge) => (edge ? readings(edge) : [])
    fill(
      find("#readings"),
      take.regions.flatMap(({ seams }) => [
        ...rows(seams?.punch_in).map((row) => ["in", ...row]),
        ...rows(seams?.punch_out).map((row) => ["out", ...row]),
      ]).map((row) => el("tr", {}, row.map((cell, at) => el(at === 1 ? "th" : "td", at === 1 ? { scope: "row" } : {}, cell)))),
    )
  }

  #tags(take) {
    const used = [...new Set(take.regions.flatMap((region) => region.tags_used ?? []))]
    const sung = take.regions.flatMap((region) => region.lyrics_used ?? [])
    const unused = take.regions.flatMap((region) => region.not_used ?? [])
    fill(find("#used"), used.map((tag) => el("li", { class: "chip used" }, tag)), sung.length > 0 && el("li", { class: "chip used" }, `sung: “${sung.join(" / ")}”`))
    show(find("#used-row"), used.length + sung.length > 0)
    fill(find("#unused"), unused.map(({ what, why }) => el("li", {}, el("span", { class: "what" }, what), ` – ${why}`)))
    show(find("#unused-row"), unused.length > 0)
  }

  #warn(take) {
    const warnings = [...new Set([...(this.job.report.warnings ?? []), ...(take.warnings ?? [])])]
    fill(find("#warnings"), warnings.map((warning) => el("li", {}, sentence(warning))))
    show(find("#warnings"), warnings.length > 0)
  }

  #prove(take, number) {
    const { proof } = this.#receipts[number - 1] ?? {}
    const identical = take.proof?.identical
    find("#proof-word").textContent = identical ? "Everything outside is identical, sample for sample." : "The rest could not be kept sample for sample in this format."
    find("#proof").classList.toggle("good", Boolean(identical))
    const { rate } = this.#tracks[0]
    fill(
      find("#hashes"),
      (proof?.runs ?? []).map((run) =>
        el("tr", {}, el("td", {}, `${clock(run.start_frame / rate)} – ${clock(run.end_frame / rate)}`), el("td", { class: "hash" }, run.source_sha256), el("td", {}, run.source_sha256 === run.output_sha256 ? "the same" : "differs")),
      ),
    )
    show(find("#hash-table"), Boolean(proof?.runs?.length))
    find("#verify").textContent = `punchin verify ${shell(this.#about.name)} ${shell(this.job.outputs[number - 1].name)}`
  }

  async #match(on) {
    if (!on) {
      this.#player.match(null)
      find("#match-note").textContent = ""
      return
    }
    try {
      this.#levels ??= await this.#measure()
    } catch (error) {
      find("#match").checked = false
      tellField("request", error.message)
      return
    }
    if (!find("#match").checked) return
    this.#player.match(this.#levels)
    find("#match-note").textContent = this.#levels
      .slice(1)
      .map((factor, at) => `take ${at + 1} ${signed(20 * Math.log10(factor))} dB`)
      .join(", ")
  }

  /** What brings every take to the loudness of the original in the region. */
  async #measure() {
    const { rate } = this.#tracks[0]
    const end = Math.min(this.region.end, this.region.start + MOST_MATCHED_S * rate)
    const measured = await Promise.all(this.#tracks.map(async (track) => loudness(await track.between(this.region.start, end), rate)))
    return factorsTo(measured[0], measured)
  }

  /** The chosen take becomes the song; undo goes back. */
  #use() {
    const number = Number(find("#judge").dataset.number)
    const output = this.job.outputs[number - 1]
    this.#draft.change({ song: output.url, name: output.name }, "using this take as the song")
    toast("This take is the song now. Z goes back.", this.#scope)
  }

  async #download() {
    const number = Number(find("#judge").dataset.number)
    const output = this.job.outputs[number - 1]
    const format = find("#download-format").value
    const part = find("#download-part").value
    if (format === "source" && part === "whole") return save(`${local(output.url)}?download=1`, output.name)
    const button = find("#download")
    button.disabled = true
    try {
      const query = new URLSearchParams({ of: output.url, format, part })
      if (part === "new") {
        query.set("start", this.region.start)
        query.set("frames", this.region.end - this.region.start)
      }
      const answer = await this.#session.ask(`/v1/sounds/rendered?${query}`)
      const address = URL.createObjectURL(await answer.blob())
      save(address, nameIn(answer) ?? output.name)
      this.#scope.later(10000, () => URL.revokeObjectURL(address))
    } catch (error) {
      tellField("download", error.message)
    } finally {
      button.disabled = false
    }
  }
}

function save(address, name) {
  const link = el("a", { href: address, download: name })
  document.body.append(link)
  link.click()
  link.remove()
}

function nameIn(answer) {
  const said = answer.headers.get("Content-Disposition") ?? ""
  const long = /filename\*=UTF-8''([^;]+)/i.exec(said)?.[1]
  return long ? decodeURIComponent(long) : /filename="([^"]+)"/.exec(said)?.[1]
}

const signed = (value) => `${value < -0.05 ? "−" : "+"}${Math.abs(value).toFixed(1)}`
const shell = (name) => (/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`)

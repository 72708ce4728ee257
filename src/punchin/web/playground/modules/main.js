// Puts the page together.

import { announce, toast } from "./announce.js"
import { Draft } from "./draft.js"
import { find, show } from "./dom.js"
import { forgetErrors, tellField } from "./errors.js"
import { Hints } from "./hints.js"
import { History } from "./history.js"
import { Job } from "./job.js"
import { Judge } from "./judge.js"
import { kept } from "./keeping.js"
import { listenForKeys, startHelp } from "./keys.js"
import { Lanes } from "./lanes.js"
import { startLock, startLost } from "./lock.js"
import { Lyrics } from "./lyrics.js"
import { Player } from "./player.js"
import { Parts, partsOf } from "./parts.js"
import { Grid, Part } from "./region.js"
import { RequestView, draftOf, requestOf } from "./request.js"
import { Scope } from "./scope.js"
import { Session } from "./session.js"
import { Settings, rolled } from "./settings.js"
import { SongPicker } from "./song.js"
import { Sounds } from "./sound.js"
import { Spectrum } from "./spectrum.js"
import { Tags } from "./tags.js"
import { startTheme } from "./theme.js"
import { Transport } from "./transport.js"
import { local } from "./upload.js"
import { Wave } from "./wave.js"

const ENGINES_AGAIN_MS = 1500

class Page {
  scope = new Scope()
  session = new Session()
  draft = new Draft()
  pending = null // a job to show once its song is there

  constructor() {
    const { scope, session, draft } = this
    startTheme(scope)
    startLost(session, scope)
    startLock(session, scope, () => this.#opened())
    this.sounds = new Sounds(session)
    this.player = new Player(scope)
    this.wave = new Wave(session, scope)
    this.grid = new Grid(session, this.wave, scope)
    this.part = new Part(draft, this.wave, this.grid, scope)
    this.parts = new Parts(draft, this.wave, () => this.song?.about?.duration_s ?? 0, scope)
    this.lanes = new Lanes(session, this.wave, this.player, scope)
    this.judge = new Judge({ session, sounds: this.sounds, player: this.player, lanes: this.lanes, draft }, scope)
    this.transport = new Transport(this.player, this.wave, () => this.#heardRegion(), scope)
    this.spectrum = new Spectrum(this.player, () => this.#heardRegion(), scope)
    this.tags = new Tags(draft, scope)
    this.lyrics = new Lyrics(draft, scope)
    this.settings = new Settings(session, draft, scope)
    this.job = new Job(session, scope)
    this.history = new History(session, scope)
    this.hints = new Hints(scope)
    this.song = new SongPicker(session, draft, scope)
    this.code = new RequestView(() => this.#request(), draft, scope)
    this.#connect()
  }

  async start() {
    if (await this.session.open()) this.#opened()
  }

  #opened() {
    find("#account").textContent = this.session.account.name
    this.#limits()
    this.tags.load(this.session).catch(() => {})
    this.#loadEngines()
    this.draft.restore()
    this.#roll()
    if (!this.draft.now.song) show(find("#empty"), true)
    this.job.resume()
    document.documentElement.dataset.ready = "yes"
  }

  async #loadEngines() {
    const found = await this.settings.load().catch(() => false)
    if (!found) this.scope.later(ENGINES_AGAIN_MS, () => this.#loadEngines())
  }

  #connect() {
    const { scope, draft } = this
    this.song.loaded.on((about) => this.#showSong(about), scope)
    draft.changed.on((now, before) => this.#draftChanged(now, before), scope)
    this.settings.changed.on(() => this.#limits(), scope)
    this.job.ended.on((job) => this.#ended(job), scope)
    this.job.began.on(() => this.#busy(), scope)
    this.job.refused.on((number) => this.parts.choose(number), scope)
    this.judge.shown.on(() => this.#shown(), scope)
    this.judge.gone.on(() => this.#goToRegion(), scope)
    this.history.opened.on((id) => this.open(id), scope)
    this.player.failed.on((error) => tellField("request", `playing stopped: ${error.message}`), scope)
    this.wave.dragged.on((start, end, over) => over && this.hints.done("part"), scope)
    scope.listen(find("#submit"), "click", () => this.submit())
    scope.listen(find("#undo"), "click", () => this.undo())
    scope.listen(find("#redo"), "click", () => this.redo())
    const help = startHelp(scope)
    const choose = (number) => () => this.player.choose(number)
    listenForKeys(
      {
        " ": () => this.player.toggle(),
        l: () => this.transport.toggleLoop(),
        "[": () => this.part.move("start", this.grid.snap(this.player.at)),
        "]": () => this.part.move("end", this.grid.snap(this.player.at)),
        z: (event) => (event.shiftKey ? this.redo() : this.undo()),
        s: () => this.#nextSnap(),
        f: () => this.transport.zoomToPart(),
        a: () => this.parts.add(),
        n: () => this.parts.next(),
        "+": () => this.wave.zoomBy(2),
        "=": () => this.wave.zoomBy(2),
        "-": () => this.wave.zoomBy(0.5),
        "?": help,
        ...Object.fromEntries([0, 1, 2, 3, 4].map((number) => [String(number), choose(number)])),
      },
      () => this.submit(),
      scope,
    )
  }

  /** What loops and zooming go around: the part that is chosen, or the new part while its takes are heard. */
  #heardRegion() {
    const { judge, draft } = this
    if (judge.region && judge.isOf(draft.now.song)) {
      const { rate } = this.player
      return { start: judge.region.start / rate, end: judge.region.end / rate }
    }
    return { start: draft.now.start, end: draft.now.end }
  }

  #request() {
    return requestOf(this.draft.now, this.song.about?.duration_s ?? 0, this.session.account?.limits?.max_time_s ?? 0)
  }

  #limits() {
    this.part.limits(this.session.account?.limits?.max_time_s ?? 0, this.settings.engine?.longest_s)
  }

  #showSong(about) {
    const { song } = this.draft.now
    this.judge.alone(about, song)
    this.part.song(about.duration_s)
    this.parts.song()
    this.transport.refresh()
    this.wave.show(about, song).catch((error) => error.name !== "AbortError" && tellField("song-bar", error.message))
    this.grid.song(song, about.duration_s)
    const job = this.pending ?? this.judge.job
    this.pending = null
    if (job && local(job.request.audio) === local(song)) this.#judge(job)
  }

  #draftChanged(now, before) {
    find("#undo").disabled = !this.draft.canUndo
    find("#redo").disabled = !this.draft.canRedo
    if (now.song !== before.song) {
      this.player.pause()
      this.parts.song()
    }
    if (now.start !== before.start || now.end !== before.end) {
      if (this.judge.isOf(now.song)) this.judge.near(now)
      this.transport.refresh()
    }
    this.#nameButton()
  }

  #nameButton() {
    const { takes } = this.draft.now
    find("#submit-words").textContent = this.job.running ? "Working …" : takes === 1 ? "Record a new take" : `Record ${takes} new takes`
  }

  #busy() {
    find("#submit").setAttribute("aria-disabled", String(this.job.running))
    this.#nameButton()
  }

  async submit() {
    if (this.job.running || !this.draft.now.song) return
    if (!this.#canBeSent()) return
    this.hints.done("tags")
    this.#roll()
    find("#submit").setAttribute("aria-disabled", "true")
    await this.job.submit(this.#request())
    this.#busy()
  }

  /** Whether every part has tags and a place of its own; says which one has not. */
  #canBeSent() {
    this.tags.settle()
    const lacking = partsOf(this.draft.now).findIndex((part) => !part.tags.length)
    if (lacking >= 0) this.parts.choose(lacking)
    return this.tags.check() && this.parts.check()
  }

  /** A new seed, the same for all parts that do not keep theirs: near ones can then be made together. */
  #roll() {
    const seed = rolled()
    const { locked, others } = this.draft.now
    this.draft.set({ ...(!locked && { seed }), others: others.map((other) => (other.locked ? other : { ...other, seed })) })
  }

  #ended(job) {
    this.#busy()
    if (job.state !== "completed") return
    if (local(job.request.audio) === local(this.draft.now.song) && this.song.about) this.#judge(job)
    else if (!this.song.about && local(job.request.audio) === local(this.draft.now.song)) this.pending = job
    else toast("Takes of another song are ready: they are in the history.", this.scope)
  }

  #judge(job) {
    this.judge.show(job).catch((error) => tellField("request", error.message))
  }

  #shown() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches
    // After the layout has settled: the verdict came, and the progress went.
    this.scope.later(60, () => find(".stage").scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" }))
    this.transport.zoomToPart()
    this.transport.refresh()
    // Browsers let a page sound only after somebody has touched it; after a reload nobody has.
    const mayPlay = navigator.userActivation?.hasBeenActive ?? true
    if (find("#play-when-done").checked && mayPlay) this.transport.listen("part")
    else this.player.seek(Math.max(0, this.#heardRegion().start - Number(find("#roll").value)))
  }

  /** Another region of the takes: seen, looped around, or where the playhead goes. */
  #goToRegion() {
    this.transport.zoomToPart()
    this.transport.refresh()
    if (this.transport.loop === "off") this.player.seek(Math.max(0, this.#heardRegion().start - Number(find("#roll").value)))
  }

  /** Open an edit of the history, exactly as it was. */
  async open(id) {
    forgetErrors()
    try {
      const job = await this.session.json(`/v1/jobs/${id}`)
      const audio = job.request.audio ?? job.request.audio_url
      const about = await this.session.json(`/v1/sounds/about?of=${encodeURIComponent(audio)}`)
      const seeds = seedsOf(job.report?.takes ?? [])
      const same = local(audio) === local(this.draft.now.song || "/")
      this.judge.forget()
      this.pending = job.state === "completed" ? job : null
      this.draft.change({ ...draftOf(job.request, about.duration_s, seeds), name: about.name }, "opening an edit")
      if (same) this.#showSong(this.song.about)
      if (job.state === "created" || job.state === "processing") this.job.follow(id)
      if (job.failure) tellField("request", job.failure.message)
    } catch (error) {
      tellField(this.draft.now.song ? "request" : "song", error.message)
    }
  }

  #nextSnap() {
    const snap = find("#snap")
    if (snap.disabled) return toast("This song has no steady beat to snap to.", this.scope)
    snap.selectedIndex = (snap.selectedIndex + 1) % snap.options.length
    snap.dispatchEvent(new Event("change"))
    toast(`Snap: ${snap.selectedOptions[0].textContent}`, this.scope)
  }

  undo() {
    const label = this.draft.undo()
    if (label) toast(`Undone: ${label}`, this.scope)
    else announce("Nothing to undo")
  }

  redo() {
    const label = this.draft.redo()
    if (label) toast(`Done again: ${label}`, this.scope)
  }
}

/** The seed that each region began with: its takes have the ones after it. */
function seedsOf(takes) {
  const regions = takes[0]?.regions ?? []
  return regions.map((_, at) => Math.min(...takes.map((take) => take.regions[at].seed)))
}

const page = new Page()
page.start()

/** A job named in the address, as in /#job=ID, is shown: links to edits work. */
const named = /^#job=(\w+)$/.exec(location.hash)?.[1]
if (named && kept("key")) page.session.opened.on(() => page.open(named))

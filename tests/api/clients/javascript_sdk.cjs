// Run with the npm package `wavespeed`, as its users would: argv is base address, key, song.
const { Client } = require("wavespeed")

const [base, key, song] = process.argv.slice(2)
const MODEL = "wavespeed-ai/ace-step/audio-inpaint"
const client = new Client(key, { baseUrl: base })

const messageOf = async (call) => {
  try {
    await call()
    return ""
  } catch (error) {
    return String(error.message)
  }
}

const main = async () => {
  const audio = await client.upload(song)
  const edit = { audio, tags: "lofi, chill", start_time: 2, end_time: 3.5, seed: 7 }
  const told = { audio }
  told.polled = (await client.run(MODEL, edit, { pollInterval: 0.2 })).outputs
  told.sync = (await client.run(MODEL, edit, { enableSyncMode: true })).outputs
  const late = { ...edit, start_time: 100, end_time: 120 }
  told.failed = await messageOf(() => client.run(MODEL, late, { pollInterval: 0.2, maxRetries: 1 }))
  told.refused = await messageOf(() => client.run(MODEL, { ...edit, seed: "seven" }))
  const stranger = new Client("wrong-key-of-nobody", { baseUrl: base })
  told.stranger = await messageOf(() => stranger.run(MODEL, edit))
  console.log(JSON.stringify(told))
}

main()

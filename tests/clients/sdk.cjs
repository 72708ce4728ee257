// Uses the npm package `wavespeed` as its users would: argv is folder of the package, base address, key, song.
// Prints one JSON object.
const [folder, baseUrl, key, song] = process.argv.slice(2)
const { Client } = require(folder)

const MODEL = 'wavespeed-ai/ace-step/audio-inpaint'
const client = new Client(key, { baseUrl })
const often = { pollInterval: 0.2 }

const messageOf = (promise) => promise.then(() => '', (error) => String(error.message))

async function main() {
  const audio = await client.upload(song)
  const edit = { audio, tags: 'lofi, chill', start_time: 2, end_time: 3.5, seed: 7 }
  const told = { audio }
  told.polled = (await client.run(MODEL, edit, often)).outputs
  told.sync = (await client.run(MODEL, edit, { enableSyncMode: true })).outputs
  told.failed = await client.runNoThrow(MODEL, { ...edit, start_time: 100, end_time: 120 }, often)
  // 0.3 gives an Error here, 0.2 a text.
  told.failed.detail.error = String(told.failed.detail.error.message ?? told.failed.detail.error)
  told.missing = await messageOf(client.run(MODEL, { audio }, often))
  told.refused = await messageOf(client.run(MODEL, { ...edit, seed: 'seven' }, often))
  const stranger = new Client('wrong-key-of-nobody', { baseUrl })
  told.stranger = await messageOf(stranger.run(MODEL, edit, often))
  told.strangerUpload = await messageOf(stranger.upload(song))
  console.log(JSON.stringify(told))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

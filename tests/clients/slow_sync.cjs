// Waits in sync mode for an edit that takes 11 s: argv is base address, key, song, folder of the package.
const [baseUrl, key, song, folder] = process.argv.slice(2)
const { Client } = require(folder)

async function main() {
  const client = new Client(key, { baseUrl })
  const edit = { audio: await client.upload(song), tags: 'wait 11', start_time: 2, end_time: 3.5, seed: 7 }
  const done = await client.run('punchin/unruly/audio-inpaint', edit, { enableSyncMode: true })
  console.log(JSON.stringify(done.outputs))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

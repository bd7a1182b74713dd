import { createInterface } from 'node:readline'
import { Follower } from '../../docs/clients/follow.ts'

// Follows, prints each deployment that it sees, and the version for each id that it reads, as lines of JSON.

const [model = ''] = process.argv.slice(2)
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
const onChange = (deployment: unknown) => print({ sees: deployment })
const follower = new Follower(model, { onChange })
for await (const line of createInterface(process.stdin)) print({ version: follower.versionFor(line) })
follower.close()

import { benchAnswers } from './answers.ts'
import { benchBackFill } from './back-fill.ts'
import { benchChat } from './chat.ts'
import { benchCompute } from './compute.ts'
import { benchEvaluate } from './evaluate.ts'
import { benchExplain } from './explain.ts'
import { benchIngest } from './ingest.ts'
import { benchLedger } from './ledger.ts'
import { benchOutcomes } from './outcomes.ts'
import { benchPointer } from './pointer.ts'
import { benchReport } from './report.ts'
import { benchSeal } from './seal.ts'
import { toTable } from './table.ts'
import { benchVerify } from './verify.ts'

// `npm run bench` for the whole table; `npm run bench -- ingest 500000` for a part of it.
const [part, size] = process.argv.slice(2)
const results = []
if (part === undefined || part === 'ingest') results.push(...(await benchIngest(Number(size ?? 4_000_000))))
if (part === undefined || part === 'compute') results.push(...(await benchCompute()))
if (part === undefined || part === 'back-fill') results.push(...(await benchBackFill()))
if (part === undefined || part === 'outcomes') results.push(...(await benchOutcomes(Number(size ?? 400_000))))
if (part === undefined || part === 'evaluate') results.push(...(await benchEvaluate()))
if (part === undefined || part === 'explain') results.push(...(await benchExplain(Number(size ?? 100_000))))
if (part === undefined || part === 'answers') results.push(...(await benchAnswers(Number(size ?? 400_000))))
if (part === undefined || part === 'pointer') results.push(...(await benchPointer(Number(size ?? 1000))))
if (part === undefined || part === 'seal') results.push(...(await benchSeal(Number(size ?? 1_000_000))))
if (part === undefined || part === 'verify') results.push(...(await benchVerify(Number(size ?? 1_000_000))))
if (part === undefined || part === 'ledger') results.push(...(await benchLedger(Number(size ?? 10_000_000))))
if (part === undefined || part === 'report') results.push(...(await benchReport(Number(size ?? 1_000_000))))
if (part === undefined || part === 'chat') results.push(...(await benchChat(Number(size ?? 20))))
console.log(toTable(results))

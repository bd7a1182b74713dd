import fc from 'fast-check'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/core/time.ts'

// What can happen to a request, at random.

export const people = [
	{ id: 'ana', role: 'approver', owner: 'ana@bank.example' },
	{ id: 'ana2', role: 'approver', owner: 'ANA@bank.example' },
	{ id: 'bob', role: 'approver', owner: 'bob@bank.example' },
	{ id: 'bob2', role: 'approver', owner: 'bob@bank.example' },
	{ id: 'eve', role: 'approver', owner: null },
	{ id: 'kim', role: 'viewer', owner: null },
	{ id: 'root', role: 'admin', owner: null },
] as const
export type Key = (typeof people)[number]['id']
export const keys = people.map((p) => p.id)
export const personOf = (key: Key) => (key === 'ana2' ? 'ana' : key === 'bob2' ? 'bob' : key)
/** How a process ends, or a statement fails, at its n-th use of the database. */
export type Fault = { at: number; how: 'dies-before' | 'dies-after' | 'busy' }
const answers = ['done', 'accepted', 'refused', 'error', 'error-after', 'late', 'throws', 'busy'] as const
export type Answer = (typeof answers)[number]

export type Op =
	| {
			op: 'vote'
			key: Key
			vote: 'approve' | 'reject'
			bad?: boolean
			glass?: boolean
			fault?: Fault | undefined
	  }
	| { op: 'votes'; keys: Key[] }
	| { op: 'revoke' | 'restore'; key: Key }
	| { op: 'advance' | 'setBack'; ms: number }
	| { op: 'execute'; faults: (Fault | undefined)[] }
	| { op: 'stall'; ms: number }
	| { op: 'cancel'; fault?: Fault | undefined }
	| { op: 'answers'; answers: Answer[] }
	| { op: 'moved' | 'unreadable' | 'readable' | 'arrives' }
	| { op: 'result'; status: 'done' | 'failed' }
export type Case = {
	/** What the target answers when nothing else is said. */
	usually: Answer
	pointer: boolean
	canRead: boolean
	canPoll: boolean
	coolingOff: number
	ops: Op[]
}

const fault = fc.option(
	fc.record({ at: fc.nat(24), how: fc.constantFrom('dies-before', 'dies-after', 'busy') } as const),
	{ nil: undefined, freq: 2 },
)
const key = fc.constantFrom(...keys)
const ms = fc.constantFrom(
	secondMs,
	11 * secondMs,
	minuteMs,
	5 * minuteMs,
	61 * minuteMs,
	25 * hourMs,
	8 * dayMs,
)
const kinds: fc.WeightedArbitrary<Op>[] = [
	{
		weight: 9,
		arbitrary: fc.record({
			op: fc.constant('vote' as const),
			key,
			vote: fc.constantFrom('approve', 'approve', 'approve', 'reject'),
			bad: fc.constantFrom(false, false, false, false, true),
			glass: fc.constantFrom(false, false, false, true),
			fault,
		}) as fc.Arbitrary<Op>,
	},
	{
		weight: 1,
		arbitrary: fc.record({
			op: fc.constant('votes' as const),
			keys: fc.array(key, { minLength: 2, maxLength: 4 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ op: fc.constantFrom('revoke' as const, 'restore' as const), key }) },
	{ weight: 3, arbitrary: fc.record({ op: fc.constant('advance' as const), ms }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('setBack' as const), ms }) },
	{
		weight: 8,
		arbitrary: fc.record({
			op: fc.constant('execute' as const),
			faults: fc.array(fault, { minLength: 1, maxLength: 2 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('stall' as const), ms }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('cancel' as const), fault }) as fc.Arbitrary<Op> },
	{
		weight: 3,
		arbitrary: fc.record({
			op: fc.constant('answers' as const),
			answers: fc.array(fc.constantFrom(...answers), { maxLength: 9 }),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			op: fc.constantFrom('moved', 'unreadable', 'readable', 'readable', 'arrives'),
		} as const),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			op: fc.constant('result' as const),
			status: fc.constantFrom('done' as const, 'failed' as const),
		}),
	},
]

/** Most requests are approved soon: what comes after that is the larger part. */
const firstVotes: fc.Arbitrary<Op[]> = fc.oneof(
	{ weight: 1, arbitrary: fc.constant<Op[]>([]) },
	{
		weight: 3,
		arbitrary: fc
			.tuple(fault, fault)
			.map((faults) =>
				(['bob', 'eve'] as const).map(
					(voter, i): Op => ({ op: 'vote', key: voter, vote: 'approve', fault: faults[i] }),
				),
			),
	},
)
const anything = fc.array(fc.oneof(...kinds), { minLength: 3, maxLength: 24 })

export const cases: fc.Arbitrary<Case> = fc.record({
	usually: fc.oneof({ weight: 3, arbitrary: fc.constant<Answer>('done') }, fc.constantFrom(...answers)),
	pointer: fc.constantFrom(true, false, false),
	canRead: fc.constantFrom(true, true, false),
	canPoll: fc.boolean(),
	coolingOff: fc.constantFrom(0, 0, 15 * minuteMs),
	ops: fc.tuple(firstVotes, anything).map(([first, then]) => [...first, ...then]),
})

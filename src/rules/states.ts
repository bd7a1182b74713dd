import type { SubjectState } from './step.ts'

export type RuleStates = ReadonlyMap<string, SubjectState>
/** Rule name -> subject key -> state, of one series. Inactive subjects are left out. */
export type States = ReadonlyMap<string, RuleStates>

export const noStates: States = new Map()

type Packed = [rule: string, subjects: [key: string, state: SubjectState][]][]

const byName = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1)

/** The states as text, equal for equal states; '' when every subject is inactive. */
export function packStates(states: States): string {
	if (states.size === 0) return ''
	const packed: Packed = [...states]
		.sort(byName)
		.map(([rule, of]) => [rule, [...of].sort(byName).map(([key, state]) => [key, ordered(state)])])
	return JSON.stringify(packed)
}

// A fixed order of members, so that equal states have equal texts.
const ordered = ({ status, since, count, clear, lostAt, alert, slot }: SubjectState): SubjectState => ({
	status,
	since,
	count,
	clear,
	...(lostAt === undefined ? {} : { lostAt }),
	...(alert === undefined ? {} : { alert }),
	...(slot === undefined ? {} : { slot }),
})

export function unpackStates(text: string): States {
	if (text === '') return noStates
	return new Map((JSON.parse(text) as Packed).map(([rule, of]) => [rule, new Map(of)]))
}

/** Replaces the state of one subject of a rule; undefined removes it. */
export function withState(
	states: States,
	rule: string,
	key: string,
	state: SubjectState | undefined,
): States {
	const of = new Map(states.get(rule))
	if (state) of.set(key, state)
	else of.delete(key)
	const after = new Map(states)
	if (of.size > 0) after.set(rule, of)
	else after.delete(rule)
	return after
}

/**
 * What is kept of one (rule, subject) while it is not inactive. `since` is the start of the first window of the run:
 * of true ones while pending or firing, of unknown ones otherwise.
 */
export type SubjectState = {
	/** `unknown`: had facts once and has none now. `never`: has had none so far. */
	status: 'pending' | 'firing' | 'unknown' | 'never'
	since: number
	/** Consecutive true windows, counted up to `for`. */
	count: number
	/** Consecutive clear windows while firing. */
	clear: number
	/** While firing or pending: start of the first window in which the facts have been unknown. */
	lostAt?: number
	/** The id of the alert, while firing. */
	alert?: string
	/** The last slot that was counted. */
	slot?: number
}

export type Thresholds = { for: number; keep: number; noDataMs: number | undefined }
/** Whether the conditions hold; undefined is unknown. `clear` is used only while firing. */
export type RuleStatus = { when: boolean | undefined; clear: boolean | undefined }
/** `slot`: for rules on the clock, the start of the current window; each slot counts once. */
export type Moment = { from: number; windowMs: number; slot?: number }

export type Step = { state: SubjectState | undefined; event?: 'fired' | 'resolved' }

/**
 * The states of a Prometheus alert, one window at a time: inactive (undefined) -> pending -> firing -> inactive again.
 * One window that is not true drops a pending subject; `keep` counts only while firing; an unknown window is recorded
 * and changes nothing else.
 */
export function step(
	state: SubjectState | undefined,
	status: RuleStatus,
	rule: Thresholds,
	at: Moment,
): Step {
	if (at.slot === undefined) return stepWindow(state, status, rule, at)
	if (state?.slot === at.slot && isCounted(state, status, rule)) return { state }
	const next = stepWindow(state, status, rule, at)
	return next.state ? { ...next, state: { ...next.state, slot: at.slot } } : next
}

/** Whether the slot was counted: it can still drop a pending subject, or be the last clear window that `keep` needs. */
function isCounted(state: SubjectState, { when, clear }: RuleStatus, rule: Thresholds): boolean {
	if (state.status === 'pending') return when === true
	return state.status === 'firing' && when !== true && clear === true && state.clear + 1 < rule.keep
}

function stepWindow(state: SubjectState | undefined, status: RuleStatus, rule: Thresholds, at: Moment): Step {
	if (state?.status === 'firing') return stepFiring(state, status, rule, at)
	if (status.when === undefined) return { state: stepUnknown(state, rule, at) }
	if (!status.when) return { state: undefined }
	const run = state?.status === 'pending' && !isStale(state, rule, at) ? state : undefined
	const count = (run?.count ?? 0) + 1
	const since = run?.since ?? at.from
	if (count >= rule.for)
		return { state: { status: 'firing', since, count: rule.for, clear: 0 }, event: 'fired' }
	return { state: { status: 'pending', since, count, clear: 0 } }
}

function stepFiring(state: SubjectState, { when, clear }: RuleStatus, rule: Thresholds, at: Moment): Step {
	if (when === undefined && clear === undefined)
		return { state: { ...state, lostAt: state.lostAt ?? at.from } }
	const { lostAt: _, ...known } = state
	// Above the first threshold, or between the two, the count of clear windows starts again.
	if (when === true || clear === false) return { state: { ...known, clear: 0 } }
	if (clear === undefined) return { state: known }
	if (state.clear + 1 >= rule.keep) return { state: undefined, event: 'resolved' }
	return { state: { ...known, clear: state.clear + 1 } }
}

function stepUnknown(
	state: SubjectState | undefined,
	rule: Thresholds,
	at: Moment,
): SubjectState | undefined {
	if (state?.status !== 'pending') return state
	if (isStale(state, rule, at))
		return { status: 'unknown', since: state.lostAt ?? at.from, count: 0, clear: 0 }
	return { ...state, lostAt: state.lostAt ?? at.from }
}

/** Windows too far apart are not consecutive, whether those between were unknown or do not exist. */
function isStale(state: SubjectState, rule: Thresholds, at: Moment): boolean {
	if (rule.noDataMs === undefined) return false
	return at.from - (state.since + state.count * at.windowMs) >= rule.noDataMs
}

/** Since when the facts have been unknown; undefined while they are known, or never were. */
export function unknownSince(state: SubjectState | undefined): number | undefined {
	if (state === undefined || state.status === 'never') return undefined
	return state.status === 'unknown' ? state.since : state.lostAt
}

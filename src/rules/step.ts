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
	/** Start of the first window of those in which the facts have been unknown, while firing or pending. */
	lostAt?: number
	/** The alert that a firing state stands for. */
	alert?: string
	/** The slot that was counted last. */
	slot?: number
}

export type Thresholds = { for: number; keep: number; noDataMs: number | undefined }
/** Undefined is unknown. `clear` is looked at only while firing. */
export type Verdict = { when: boolean | undefined; clear: boolean | undefined }
/** `slot`: for rules that look at the clock, the start of the window that now is in; each counts once. */
export type Moment = { from: number; windowMs: number; slot?: number }

export type Step = { state: SubjectState | undefined; event?: 'fired' | 'resolved' }

/**
 * Prometheus's alert, a window at a time: inactive (undefined) -> pending -> firing -> resolved (inactive again). One miss
 * drops a pending subject; `keep` counts only after firing; unknown changes nothing but is remembered.
 */
export function step(state: SubjectState | undefined, verdict: Verdict, rule: Thresholds, at: Moment): Step {
	if (at.slot === undefined) return stepWindow(state, verdict, rule, at)
	if (state?.slot === at.slot && isCounted(state, verdict, rule)) return { state }
	const next = stepWindow(state, verdict, rule, at)
	return next.state ? { ...next, state: { ...next.state, slot: at.slot } } : next
}

/** A slot that was counted says nothing new, unless it drops a pending subject or is the last clear one that it takes. */
function isCounted(state: SubjectState, { when, clear }: Verdict, rule: Thresholds): boolean {
	if (state.status === 'pending') return when === true
	return state.status === 'firing' && when !== true && clear === true && state.clear + 1 < rule.keep
}

function stepWindow(state: SubjectState | undefined, verdict: Verdict, rule: Thresholds, at: Moment): Step {
	if (state?.status === 'firing') return stepFiring(state, verdict, rule, at)
	if (verdict.when === undefined) return { state: stepUnknown(state, rule, at) }
	if (!verdict.when) return { state: undefined }
	const run = state?.status === 'pending' && !isStale(state, rule, at) ? state : undefined
	const count = (run?.count ?? 0) + 1
	const since = run?.since ?? at.from
	if (count >= rule.for)
		return { state: { status: 'firing', since, count: rule.for, clear: 0 }, event: 'fired' }
	return { state: { status: 'pending', since, count, clear: 0 } }
}

function stepFiring(state: SubjectState, { when, clear }: Verdict, rule: Thresholds, at: Moment): Step {
	if (when === undefined && clear === undefined)
		return { state: { ...state, lostAt: state.lostAt ?? at.from } }
	const { lostAt: _, ...known } = state
	// Between the two thresholds, or above the first, the run of clear windows starts again.
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

/** Windows that lie too far apart are not consecutive, whether those between were unknown or never there. */
function isStale(state: SubjectState, rule: Thresholds, at: Moment): boolean {
	if (rule.noDataMs === undefined) return false
	return at.from - (state.since + state.count * at.windowMs) >= rule.noDataMs
}

/** Since when the facts have been unknown; undefined while they are known, or never were. */
export function lostSince(state: SubjectState | undefined): number | undefined {
	if (state === undefined || state.status === 'never') return undefined
	return state.status === 'unknown' ? state.since : state.lostAt
}

/** What one value did: the state after it (a new object; the one given is left as it was) and what it raised. */
export type Step<State> = { state: State; drift: boolean; warning: boolean }

/**
 * A streaming detector of concept drift. Its state is plain JSON, so a stream can be stopped, stored and gone on with.
 * The first value after a drift starts a fresh stream, as in river: the drift is raised once.
 */
export type Detector<Options, State> = {
	/** RangeError on options out of range. */
	initial: (options?: Partial<Options>) => State
	/** RangeError on a value that is not a finite number. */
	update: (state: State, x: number) => Step<State>
}

export function requireFinite(x: number): void {
	if (!Number.isFinite(x)) throw new RangeError('a drift detector needs a finite number')
}

import { fourFifths, type Verdict } from '../stats/fairness/four-fifths.ts'
import type { GroupFinding } from './evaluation.ts'

export type AttributeVerdict = Verdict & { attribute: string; groups: readonly string[] }

/** The four-fifths rule on each attribute's lowest over its highest selection rate. */
export function verdicts(
	fairness: ReadonlyMap<string, ReadonlyMap<string, GroupFinding>>,
): AttributeVerdict[] {
	return [...fairness].flatMap(([attribute, findings]) => {
		const ratio = findings.get('fairness.demographic_parity_ratio')
		if (!ratio) return []
		const verdict = fourFifths(ratio)
		const [most, least] = ratio.groups
		const between = most === least ? '' : `${least} against ${most}: `
		const reason = Number.isNaN(ratio.value)
			? (ratio.reason ?? verdict.reason)
			: `${between}${verdict.reason}`
		return [{ attribute, verdict: verdict.verdict, reason, groups: ratio.groups }]
	})
}

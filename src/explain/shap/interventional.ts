import { decideAll, type TreeEnsemble } from '../trees/ensemble.ts'
import { fillInterventional } from './background-tables.ts'
import { linkPaths } from './paths.ts'
import type { ShapPlan } from './shap-plan.ts'
import { addTabled, planTables } from './tables.ts'
import { addWalks, type Decide, meanMargin, planWalks } from './walk-background.ts'

/**
 * Exact Shapley values of the game in which absent features are drawn together from the background's encoded rows:
 * `shap.TreeExplainer(data, feature_perturbation="interventional")`. Trees of few columns a path are looked up, the others
 * are walked. Throws RangeError when there is no row. `decide` where the ensemble's `feature` are players that stand for
 * several columns, so that it cannot tell by itself.
 */
export function planBackground(
	e: TreeEnsemble,
	rows: readonly Float64Array[],
	decide: Decide = (row, out) => decideAll(e, row, out),
): ShapPlan {
	if (rows.length === 0) throw new RangeError('a background needs a row')
	const paths = linkPaths(e)
	const walks = planWalks(e, paths, rows, decide)
	const tables = planTables(e, paths, fillInterventional(walks, paths))
	return {
		e,
		base: meanMargin(walks),
		addTree(tree, decisions, out, offset) {
			if (tables.has[tree] === 1) addTabled(tables, tree, decisions, out, offset)
			else addWalks(walks, tree, decisions, out, offset)
		},
	}
}

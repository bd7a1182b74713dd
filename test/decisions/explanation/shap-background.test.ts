import { expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes.ts'
import type { BackgroundContent } from '../../../src/decisions/explanation/background.ts'
import { compareWith } from '../../../src/decisions/explanation/explainer.ts'
import { openModel } from '../../../src/explain/open-model.ts'
import { modelCache } from '../../../src/registry/artifact/model-cache.ts'
import { linearFile } from '../../support/linear-model.ts'

const model = openModel('linear-json', utf8(linearFile()), { manifest: {}, features: [] })
const rows = Array.from({ length: 40 }, (_, i) => [i, i % 5])
const found = (digest: string) => ({
	digest,
	content: { features: ['income', 'debt'], all: rows, near: [] as unknown[][] } as BackgroundContent,
})
const contextOf = (limitBytes: number) => ({ models: modelCache(limitBytes, () => 0) })

it('whom a person is compared with is prepared once, and kept as far as it fits beside the models', () => {
	const roomy = contextOf(100 * model.bytes)
	const first = compareWith(roomy, model, found('a'), 'all-applicants')
	expect(first?.rows).toBe(40)
	compareWith(roomy, model, found('b'), 'all-applicants')
	expect(compareWith(roomy, model, found('a'), 'all-applicants')).toBe(first)
	const narrow = contextOf(6 * model.bytes)
	const again = compareWith(narrow, model, found('a'), 'all-applicants')
	expect(compareWith(narrow, model, found('a'), 'all-applicants')).toBe(again)
	compareWith(narrow, model, found('b'), 'all-applicants')
	expect(compareWith(narrow, model, found('a'), 'all-applicants')).not.toBe(again)
})

it('too few rows are nobody to be compared with', () => {
	const context = contextOf(1000)
	expect(compareWith(context, model, found('a'), 'approved-near-cut-off')).toBeUndefined()
	expect(compareWith(context, model, { ...found('a'), digest: null }, 'all-applicants')).toBeUndefined()
})

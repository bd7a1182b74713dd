import type { ReportDocument } from '../../src/evidence/reports/document.ts'
import type { Cell } from '../../src/evidence/reports/template.ts'

/** A report with each kind of content. */
export function reportDocument(changes: Partial<ReportDocument> = {}): ReportDocument {
	const days = Array.from({ length: 30 }, (_, i) => `2026-10-${String(i + 1).padStart(2, '0')}T00:00:00.000Z`)
	const features = ['income', 'debt_ratio', 'months_at_address', 'age']
	return {
		title: 'Model monitoring',
		template: 'model-monitoring',
		templateVersion: '1.0.0',
		status: 'draft',
		legalBasis: [
			{
				rule: 'SR 26-2',
				article: 'Ongoing monitoring',
				inForceFrom: '2026-04-17',
				source: 'https://www.federalreserve.gov/supervisionreg/srletters/sr2602.htm',
				confirm: true,
			},
			{
				rule: 'EU AI Act (Regulation (EU) 2024/1689)',
				article: 'Article 72',
				inForceFrom: '2026-08-02',
				source: 'https://eur-lex.europa.eu/eli/reg/2024/1689/oj',
				confirm: false,
			},
		],
		subject: { model: 'credit-default' },
		period: { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' },
		model: {
			model: 'credit-default',
			version: '4',
			artifactSha256: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
		},
		cut: { size: 48213, root: '5f0d9c6e3b7a1182c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b' },
		author: 'ana@bank.example',
		approvers: ['ben@bank.example', 'cho@bank.example'],
		rows: {
			included: 1_204_331,
			excluded: [
				{ reason: 'no outcome arrived within 90 days', rows: 20_118 },
				{ reason: 'the label is neither the positive nor the negative one', rows: 17 },
			],
		},
		sections: [
			{
				id: 'monitoring',
				title: 'Ongoing monitoring',
				status: 'complete',
				text: 'Drift of each feature is the population stability index against the baseline of version 4.\n\nValues above 0.25 open an incident.',
				charts: [
					{ id: 'psi', title: 'Drift of income', kind: 'trend', table: 'metrics', x: 'from', y: ['value'] },
					{
						id: 'importance',
						title: 'Rows by reason',
						kind: 'bars',
						table: 'reasons',
						x: 'reason',
						y: ['rows'],
					},
				],
				tables: [
					{
						id: 'metrics',
						title: 'Stored metrics',
						columns: ['metric', 'feature', 'segment', 'group', 'from', 'to', 'value', 'n', 'status'],
						rows: days.map((from, i): Cell[] => [
							'drift.psi',
							features[0] as string,
							null,
							null,
							from,
							days[i + 1] ?? '2026-10-31T00:00:00.000Z',
							0.02 + ((i * 7919) % 100) / 1000,
							40_000 + i,
							'ok',
						]),
					},
					{
						id: 'reasons',
						title: 'Reasons',
						columns: ['reason', 'rows', 'share'],
						rows: features.map((f, i): Cell[] => [`${f} is too low`, 900 - 123 * i, (900 - 123 * i) / 3000]),
					},
				],
			},
			{
				id: 'outcomes',
				title: 'Outcomes analysis',
				status: 'incomplete',
				text: 'No outcomes were reported for this period. Send outcomes to /v1/models/credit-default/outcomes.',
				tables: [
					{
						id: 'deciles',
						title: 'Predicted against actual',
						columns: ['decile', 'predicted', 'actual'],
						rows: [],
					},
				],
			},
		],
		...changes,
	}
}

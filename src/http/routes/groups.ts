import { z } from 'zod'
import { readGroups } from '../../ingest/read-prediction.ts'
import { GroupRow, StoredGroups } from '../../ingest/rows.schema.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { ingestEndpoint } from '../ingest/ingest-endpoint.ts'
import { modelPath, pathText } from '../parameters.ts'

const example = {
	subject: 'applicant-8841',
	timestamp: '2026-03-01T12:00:00Z',
	groups: { SEX: 'female', ethnicity: 'undisclosed' },
}

export const groups = {
	about:
		'Sensitive attributes that the model does not see. Fairness is measured by them; nobody but an auditor reads them back.',
	endpoints: [
		ingestEndpoint({
			kind: 'group',
			path: 'groups',
			id: 'postGroups',
			summary: 'Log sensitive attributes',
			description:
				'Joined by predictionId, or by subject to its predictions that have no groups yet and to those that come later; the predictionId wins. Attributes that the model does not name in `sensitive` are kept and not measured.',
			row: GroupRow,
			example,
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/groups/{predictionId}',
			id: 'getGroups',
			summary: 'Read the sensitive attributes of a prediction',
			description: 'For auditors alone.',
			access: 'auditor',
			params: z.object({
				...modelPath,
				predictionId: pathText('The id that the prediction was sent with.', '8841'),
			}),
			answers: {
				200: {
					description: 'What was sent for it',
					schema: StoredGroups,
					example: {
						predictionId: '8841',
						model: 'credit-risk',
						groups: [{ by: 'subject', timestamp: example.timestamp, groups: example.groups }],
					},
				},
			},
			handle: async ({ context, actor, params }) =>
				ok(await readGroups(context, actor, params.model, params.predictionId)),
		}),
	],
} satisfies Resource

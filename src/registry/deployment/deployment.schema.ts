import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'
import { Name } from '../model/name.ts'

export const DeploymentInput = z
	.strictObject({
		champion: Name.meta({ description: 'The version that decides.', example: '7' }),
		challenger: Name.nullish().meta({
			description: 'The version that is observed beside it without deciding.',
			example: '8',
		}),
		canary: z
			.strictObject({
				version: Name.meta({
					description: 'The version that receives a share of the traffic.',
					example: '8',
				}),
				percent: z.number().min(0).max(100).meta({ description: 'Its share of the traffic.', example: 5 }),
			})
			.nullish(),
	})
	.meta({ id: 'DeploymentInput', description: 'The deployment of an environment.' })
export type DeploymentInput = z.output<typeof DeploymentInput>

export const Deployment = z
	.strictObject({
		model: z.string(),
		environment: z.string(),
		revision: z.int(),
		champion: z.string(),
		challenger: z.string().nullable(),
		canary: z.strictObject({ version: z.string(), percent: z.number() }).nullable(),
		since: Time,
	})
	.meta({ id: 'Deployment' })
export type Deployment = Output<typeof Deployment>

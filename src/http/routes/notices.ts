import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { NoticeSettings, NoticeSettingsRecord } from '../../evidence/notices/notices.schema.ts'
import { getNotices, putNotices } from '../../evidence/notices/notices.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath } from '../parameters.ts'

const settings = {
	laws: ['ecoa-adverse-action', 'fcra-adverse-action'],
	creditor: { name: 'First Bank', address: '1 Main Street, Springfield, IL 62701' },
	agency: { name: 'Consumer Financial Protection Bureau', address: '1700 G Street NW, Washington, DC 20552' },
	actionTaken: 'We declined your application for a credit card.',
	consumerReports: [],
	score: { provider: 'First Bank' },
	procedure: 'A computer program estimates how likely it is that a credit card is paid late.',
	role: 'decides',
	contact: 'Write to review@bank.example.',
	corrections: 'Write to data@bank.example and name what is wrong.',
	dataSources: ['Your application', 'Our records of your accounts'],
	developer: 'First Bank, Credit Risk',
}
const example = {
	model: 'credit-default',
	revision: 1,
	since: '2026-03-02T00:00:00.000Z',
	settings,
}

const get = endpoint({
	method: 'get',
	path: '/v1/models/{model}/notices',
	id: 'getNotices',
	summary: 'Read what notices and letters say beyond what is logged',
	access: readers,
	params: z.strictObject(modelPath),
	answers: { 200: { description: 'The settings', schema: NoticeSettingsRecord, example } },
	handle: async ({ context, actor, params }) => ok(await getNotices(context, actor, params.model)),
})

const put = endpoint({
	method: 'put',
	path: '/v1/models/{model}/notices',
	id: 'putNotices',
	summary: 'Set what notices and letters say beyond what is logged',
	description:
		'Replaces all settings as a new revision; reports as of an earlier checkpoint keep the earlier ones. A report names each setting that it lacks. `laws` starts legal clocks.',
	access: 'admin',
	params: z.strictObject(modelPath),
	body: NoticeSettings,
	bodyExample: settings,
	answers: { 200: { description: 'The settings', schema: NoticeSettingsRecord, example } },
	errors: ['conflict'],
	handle: async ({ context, actor, params, body }) =>
		ok(await putNotices(context, actor, params.model, body)),
})

export const notices = {
	about: 'Who decides and who supervises, for notices and letters about decisions.',
	endpoints: [get, put],
} satisfies Resource

import { and, eq, gt, lt } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex, toBase64Url } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { peerText } from '../../core/peer-text.ts'
import { type Output, Time } from '../../core/schemas.ts'
import { formatTime, hourMs, minuteMs, secondMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { slackInstallSecrets } from '../../db/schema.ts'
import type { SlackApp } from '../../ports/slack-client.ts'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import { isActiveAdmin } from '../../registry/key/find-actor.ts'
import { botScopes } from '../manifest.ts'
import { type NewInstall, type SlackInstall, saveInstall } from './installs.ts'

const linkMs = hourMs
const stateMs = 10 * minuteMs
const timeoutMs = 10 * secondMs
const secretBytes = 32

export const InstallLink = z
	.strictObject({
		url: z.string().meta({ description: 'Open it in a browser to choose the workspace. It works once.' }),
		expiresAt: Time,
	})
	.meta({ id: 'SlackInstallLink', description: 'A one-time link to install the app in a workspace.' })
type InstallLink = Output<typeof InstallLink>

type Secret = typeof slackInstallSecrets.$inferSelect

/**
 * Makes a link with which a browser can connect one workspace. Only an admin of every model can: whoever has it decides
 * which workspace it is.
 */
export async function createInstallLink(context: Context, actor: Actor): Promise<InstallLink> {
	authoriseGlobs(actor, 'admin', ['*'])
	const secret = newSecret(context)
	const expiresAt = context.now() + linkMs
	const row = { ...(await rowOf('link', secret, actor, expiresAt)), browser: null }
	const entry = {
		action: 'create-slack-install-link',
		object: 'slack',
		details: { expiresAt: formatTime(expiresAt) },
	}
	await commit(context, actor, entry, [
		{ query: context.db.delete(slackInstallSecrets).where(lt(slackInstallSecrets.expiresAt, context.now())) },
		{ query: context.db.insert(slackInstallSecrets).values(row) },
	])
	return { url: `${context.publicUrl}/slack/install?link=${secret}`, expiresAt: formatTime(expiresAt) }
}

const newSecret = (context: Context): string => toBase64Url(context.random(secretBytes))

const rowOf = async (
	kind: Secret['kind'],
	secret: string,
	actor: Pick<Actor, 'id' | 'how'>,
	expiresAt: number,
) => ({
	hash: await sha256Hex(secret),
	kind,
	actor: actor.id,
	how: actor.how,
	expiresAt,
})

/** Who made a link, which from now on is used up. Throws `not-found`. */
export async function useInstallLink(context: Context, link: string): Promise<Pick<Actor, 'id' | 'how'>> {
	const used = await take(context, 'link', link)
	if (!used)
		throw new AppError(
			'not-found',
			'This link has expired or was used before. An admin makes a new one with `plumbline slack install`.',
		)
	return { id: used.actor, how: used.how }
}

/** Takes a secret out, so that it works once. `browser` is the cookie that came with it. */
async function take(
	context: Context,
	kind: Secret['kind'],
	secret: string,
	browser?: string,
): Promise<Secret | undefined> {
	const [taken] = await context.db
		.delete(slackInstallSecrets)
		.where(
			and(
				eq(slackInstallSecrets.hash, await sha256Hex(secret)),
				eq(slackInstallSecrets.kind, kind),
				gt(slackInstallSecrets.expiresAt, context.now()),
				browser === undefined ? undefined : eq(slackInstallSecrets.browser, await sha256Hex(browser)),
			),
		)
		.returning()
	return taken
}

/** The settings of the app. Throws `not-found` without them. */
export function slackApp(context: Context): SlackApp {
	if (context.slackApp) return context.slackApp
	throw new AppError(
		'not-found',
		'Installing in further workspaces is not set up: set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and PLUMBLINE_TOKEN_KEY.',
	)
}

const redirectUri = (context: Context) => `${context.publicUrl}/slack/oauth`

/** Where a browser chooses the workspace, and the cookie that binds the state to that browser. */
export async function beginInstall(
	context: Context,
	by: Pick<Actor, 'id' | 'how'>,
): Promise<{ url: string; cookie: string; maxAgeSeconds: number }> {
	const { clientId, apiUrl } = slackApp(context)
	const [state, cookie] = [newSecret(context), newSecret(context)]
	const row = await rowOf('state', state, by, context.now() + stateMs)
	await context.db.insert(slackInstallSecrets).values({ ...row, browser: await sha256Hex(cookie) })
	const url = new URL('/oauth/v2/authorize', apiUrl)
	url.search = String(
		new URLSearchParams({
			client_id: clientId,
			scope: botScopes.join(','),
			redirect_uri: redirectUri(context),
			state,
		}),
	)
	return { url: url.href, cookie, maxAgeSeconds: stateMs / secondMs }
}

export type Returned = {
	state?: string | undefined
	code?: string | undefined
	error?: string | undefined
	/** The cookie of the browser. */
	cookie: string | undefined
}

/**
 * Finishes an installation when Slack sends the browser back. The state works once, in the browser that began, for ten
 * minutes. Throws `forbidden` for another state, and `invalid` for what Slack refuses.
 */
export async function finishInstall(context: Context, returned: Returned): Promise<SlackInstall> {
	const app = slackApp(context)
	const { state = '', code, error, cookie = '' } = returned
	const begun = await take(context, 'state', state, cookie)
	if (!begun)
		throw new AppError(
			'forbidden',
			'This installation was not begun in this browser, has expired, or is finished already. Begin again with a new link of `plumbline slack install`.',
		)
	if (error !== undefined)
		throw new AppError(
			'invalid',
			error === 'access_denied'
				? 'The installation was cancelled at Slack. Nothing was connected.'
				: `Slack did not install the app: ${peerText(error)}. Nothing was connected.`,
		)
	if (!(await isActiveAdmin(context, begun.actor)))
		throw new AppError(
			'forbidden',
			`${begun.actor}, who made the link, is no longer an admin of every model.`,
		)
	const install = await exchange(context, app, code ?? '')
	return saveInstall(context, { id: begun.actor, how: begun.how }, app.keys, install)
}

const Id = z.string().regex(/^[A-Z0-9]{2,32}$/)
const Named = z.object({ id: Id, name: z.string().max(300).nullish() })

/** What `oauth.v2.access` answers. https://docs.slack.dev/reference/methods/oauth.v2.access */
const Access = z.object({
	ok: z.literal(true),
	access_token: z.string().regex(/^xoxb-[\w-]+$/),
	bot_user_id: z.string().max(64),
	scope: z.string().max(4000).default(''),
	team: Named.nullish(),
	enterprise: Named.nullish(),
	is_enterprise_install: z.boolean().nullish(),
	expires_in: z.number().optional(),
})

/** Exchanges the code for the token of the workspace. */
async function exchange(context: Context, app: SlackApp, code: string): Promise<NewInstall> {
	const { clientId: client_id, clientSecret: client_secret } = app
	const body = new URLSearchParams({ client_id, client_secret, code, redirect_uri: redirectUri(context) })
	let answer: unknown
	try {
		const response = await context.fetch(`${app.apiUrl}oauth.v2.access`, {
			method: 'POST',
			body,
			redirect: 'error',
			signal: AbortSignal.timeout(timeoutMs),
		})
		answer = await response.json()
	} catch (error) {
		throw new AppError(
			'unavailable',
			`Slack cannot be reached: ${peerText(error)}. Begin again with a new link.`,
		)
	}
	const { ok, error } = (answer ?? {}) as { ok?: unknown; error?: unknown }
	if (ok !== true)
		throw new AppError(
			'invalid',
			`Slack did not accept the code: ${peerText(error ?? 'no reason')}. Nothing was connected.`,
		)
	const access = Access.safeParse(answer)
	if (!access.success)
		throw new AppError('invalid', "Slack's answer has no bot token of a workspace. Nothing was connected.")
	return installOf(access.data)
}

function installOf(access: z.output<typeof Access>): NewInstall {
	if (access.expires_in !== undefined)
		throw new AppError(
			'invalid',
			'The app rotates its tokens, which is not supported. Switch token rotation off at Slack.',
		)
	const { team, enterprise } = access
	const place = access.is_enterprise_install ? enterprise : team
	if (!place) throw new AppError('invalid', "Slack's answer names no workspace. Nothing was connected.")
	return {
		team: place.id,
		name: place.name ?? place.id,
		enterprise: enterprise?.id ?? null,
		botUser: access.bot_user_id,
		scopes: access.scope.split(',').filter((scope) => scope !== ''),
		token: access.access_token,
	}
}

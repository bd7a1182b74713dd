import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { dayMs } from '../../../src/core/time.ts'
import { modelVersions } from '../../../src/db/schema.ts'
import { listEntries } from '../../../src/evidence/audit/list-entries.ts'
import { openVersion } from '../../../src/registry/artifact/open-version.ts'
import { findVersion } from '../../../src/registry/version/find-version.ts'
import { admin } from '../../support/actors.ts'
import { withContextPerTest } from '../../support/fixtures.ts'

import { digestOf, linearFile } from '../../support/linear-model.ts'
import { registerTestModel } from '../../support/model.ts'

const it = withContextPerTest()
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }

it.beforeEach(({ context }) => registerTestModel(context))

const register = (context: Context, version: string, more: object) =>
	context.db.insert(modelVersions).values({ model: 'm', version, features: [], createdAt: 0, ...more })
const open = async (context: Context, version: string) =>
	openVersion(context, await findVersion(context, 'm', version))
const why = async (context: Context, version: string) => {
	const opened = await open(context, version)
	return 'unavailable' in opened ? opened.unavailable : 'opened'
}

describe('a version', () => {
	it('without an artefact, or without its bytes, says what to upload', async ({ context }) => {
		await register(context, '2', { artifact })
		expect(await why(context, '1')).toMatch(
			/registered without an artefact: upload the model file of version "1" of "m"/,
		)
		expect(await why(context, '2')).toMatch(/never uploaded: upload .*version "2"/)
	})

	it('is opened from the store, and from memory after that', async ({ context, instance }) => {
		await register(context, '2', { artifact, manifest: { threshold: 0.4 } })
		await context.artifacts.put(artifact.sha256, new TextEncoder().encode(file))
		const opened = await open(context, '2')
		expect(opened).toMatchObject({ digest: artifact.sha256, manifest: { threshold: 0.4 } })
		expect('model' in opened && opened.model.features).toEqual(['income', 'debt'])
		await rm(join(instance.folder, 'test.db-artifacts'), { recursive: true })
		expect(await open(context, '2')).toBe(opened)
	})

	it('whose stored bytes are damaged says so, and opens once they are repaired', async ({
		context,
		clock,
	}) => {
		await register(context, '2', { artifact })
		await context.artifacts.put(artifact.sha256, new TextEncoder().encode(linearFile(3)))
		expect(await why(context, '2')).toMatch(/the stored artefact is damaged.*Upload the file again/)
		await context.artifacts.put(artifact.sha256, new TextEncoder().encode(file))
		clock.advance(10 * 60_000)
		expect(await why(context, '2')).toBe('opened')
	})

	it('whose manifest or file cannot be used says why', async ({ context }) => {
		await context.artifacts.put(artifact.sha256, new TextEncoder().encode(file))
		await register(context, '2', { artifact, manifest: { missing: 'x' } })
		await register(context, '3', { artifact: { ...artifact, format: 'xgboost-json' } })
		await register(context, '4', { artifact, manifest: { link: 'identity' } })
		expect(await why(context, '2')).toMatch(/manifest is invalid: missing: /)
		expect(await why(context, '3')).toMatch(/^the artefact cannot be used: /)
		expect(await why(context, '4')).toMatch(/The manifest's link is identity, and the file's is logit/)
	})
})

describe('a version that names a URI', () => {
	it('is read from there when it is first needed, checked, stored, and on the ledger', async ({
		context,
		instance,
	}) => {
		await writeFile(join(instance.folder, 'model.json'), file)
		await register(context, '2', { artifact: { ...artifact, uri: `file://${instance.folder}/model.json` } })
		expect(await context.artifacts.has(artifact.sha256)).toBe(false)
		expect(await why(context, '2')).toBe('opened')
		expect(await context.artifacts.has(artifact.sha256)).toBe(true)
		const { items } = await listEntries(context, admin, { limit: 10 })
		expect(items).toMatchObject([{ action: 'store-artifact', object: 'version:m@2' }])
	})

	it('that leads to another file is not opened, and both digests are named', async ({
		context,
		clock,
		instance,
	}) => {
		await writeFile(join(instance.folder, 'model.json'), linearFile(2))
		await register(context, '2', { artifact: { ...artifact, uri: 'file:model.json' } })
		const reason = await why(context, '2')
		expect(reason).toContain(artifact.sha256)
		expect(reason).toContain(digestOf(linearFile(2)))
		expect(await context.artifacts.has(artifact.sha256)).toBe(false)
		expect(await context.artifacts.has(digestOf(linearFile(2)))).toBe(false)
		// It is not read again for every question.
		await writeFile(join(instance.folder, 'model.json'), file)
		expect(await why(context, '2')).toBe(reason)
		clock.advance(dayMs)
		expect(await why(context, '2')).toBe('opened')
	})

	it('that cannot be read says so', async ({ context }) => {
		await register(context, '2', { artifact: { ...artifact, uri: 'file:none.json' } })
		await register(context, '3', { artifact: { ...artifact, uri: 'models:/credit/7' } })
		expect(await why(context, '2')).toBe(
			'the artefact cannot be read from file:none.json: there is no such file',
		)
		expect(await why(context, '3')).toMatch(/models: is not read here.*upload/)
	})
})

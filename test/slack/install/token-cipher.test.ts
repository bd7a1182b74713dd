import { describe, expect, it } from 'vitest'
import { openToken, readTokenKeys, sealToken } from '../../../src/slack/install/token-cipher.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
const token = 'xoxb-secret'

describe('a sealed token', () => {
	it('opens with its key and team alone, and never looks the same twice', async () => {
		const sealed = await sealToken([keyOf(1)], 'T1', token, random)
		expect(sealed).not.toContain(token)
		expect(await sealToken([keyOf(1)], 'T1', token, random)).not.toBe(sealed)
		expect(await openToken([keyOf(1)], 'T1', sealed)).toEqual({ token, isNewest: true })
		await expect(openToken([keyOf(1)], 'T2', sealed)).rejects.toThrow('of the workspace T2 was changed')
		await expect(openToken([keyOf(2)], 'T1', sealed)).rejects.toThrow('does not have the key')
		await expect(openToken([], 'T1', sealed)).rejects.toThrow('does not have the key')
		const parts = sealed.split('.')
		for (const changed of [
			'',
			'v1',
			`${sealed}x`,
			[...parts.slice(0, 3), '!'].join('.'),
			`v2${sealed.slice(2)}`,
		])
			await expect(openToken([keyOf(1)], 'T1', changed)).rejects.toMatchObject({ code: 'unavailable' })
	})

	it('opens with an older key, after which it is not the newest', async () => {
		const sealed = await sealToken([keyOf(1)], 'T1', token, random)
		expect(await openToken([keyOf(2), keyOf(1)], 'T1', sealed)).toEqual({ token, isNewest: false })
	})
})

describe('PLUMBLINE_TOKEN_KEY', () => {
	const base64 = (byte: number) => btoa(String.fromCharCode(...keyOf(byte)))
	const secrets: Record<string, string> = { 'env:KEYS': `${base64(3)}\n${base64(4)}`, 'file:/key': base64(5) }
	const readSecret = async (reference: string) => secrets[reference] ?? ''

	it('is base64 or references, the newest first', async () => {
		const keys = await readTokenKeys([base64(1), 'env:KEYS', 'file:/key'], readSecret)
		expect(keys.map((k) => k[0])).toEqual([1, 3, 4, 5])
		expect(await readTokenKeys([], readSecret)).toEqual([])
	})

	it('is refused without showing it when a key is not 32 bytes', async () => {
		await expect(readTokenKeys(['c2hvcnQ='], readSecret)).rejects.toThrow(
			/^PLUMBLINE_TOKEN_KEY is not 32 bytes in base64\./,
		)
		await expect(readTokenKeys([base64(1), '!!'], readSecret)).rejects.toThrow(
			/^PLUMBLINE_TOKEN_KEY has 2 keys, of which number 2 is not 32 bytes/,
		)
	})
})

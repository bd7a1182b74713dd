import { expect, it } from 'vitest'
import { peerText } from '../../src/core/peer-text.ts'
import { printable, printableCell } from '../../src/core/printable.ts'

it.each([
	['\u001b[2J\u001b[31mred', '\\u001b[2J\\u001b[31mred'],
	['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
	['\u009b31m\u0090q\u009c', '\\u009b31m\\u0090q\\u009c'],
	['over\rwritten\u0008', 'over\\u000dwritten\\u0008'],
	['abc\u202egnp.exe\u202c', 'abc\\u202egnp.exe\\u202c'],
	['\u2066x\u2069\u200f\u061c', '\\u2066x\\u2069\\u200f\\u061c'],
	['line\u2028line', 'line\\u2028line'],
	['Müller 東京 👩‍🔬\tزينب\n', 'Müller 東京 👩‍🔬\tزينب\n'],
])('writes %j without what a terminal would act on', (text, expected) => {
	expect(printable(text)).toBe(expected)
	const json = JSON.stringify({ [text]: [text] })
	expect(JSON.parse(printable(json))).toEqual({ [text]: [text] })
})

it('keeps a cell on one line', () => {
	expect(printableCell('a\nok  0.99\tb')).toBe('a\\nok  0.99\\tb')
})

it.each([
	['https://user:hunter2@mlflow.example/api?x=1', 'https://mlflow.example/api?…'],
	[
		'GET https://b.s3.amazonaws.com/k?X-Amz-Signature=abc123&X-Amz-Credential=AKIA failed',
		'GET https://b.s3.amazonaws.com/k?… failed',
	],
	['authorization: Bearer abc.def-123\r\nhost: x', 'authorization: … host: x'],
	['invalid token "Bearer sk-12345678"', 'invalid token "Bearer …"'],
	['Set-Cookie: session=abcdef', 'Set-Cookie: …'],
	['x-api-key: k-1', 'x-api-key: …'],
	['{"api_key": "s3cret", "why": "no"}', '{"api_key": …, "why": "no"}'],
	['password=hunter2&user=a', 'password=…&user=a'],
	['xoxb-1234567890-abcdef is revoked', '… is revoked'],
	['key AKIAABCDEFGHIJKLMNOP is unknown', 'key … is unknown'],
	['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig', '…'],
	['<html><body>502 Bad\nGateway</body></html>', '502 Bad Gateway'],
	['invalid_auth', 'invalid_auth'],
	[
		'SignatureDoesNotMatch: the signature we calculated',
		'SignatureDoesNotMatch: the signature we calculated',
	],
])('what another system said, %j, is kept without secrets', (said, kept) => {
	expect(peerText(new Error(said))).toBe(kept)
})

it('what another system said is short, whatever it said', () => {
	expect(peerText('word '.repeat(100_000)).length).toBeLessThanOrEqual(301)
	expect(peerText('x'.repeat(100_000)).length).toBeLessThanOrEqual(301)
	expect(peerText(undefined)).toBe('undefined')
})

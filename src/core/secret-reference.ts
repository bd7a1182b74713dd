import { AppError } from './errors.ts'

/** `env:NAME` or `file:PATH`. Settings hold the reference; the secret itself is in no database, log or ledger. */
export const secretReference = /^(?:env:([A-Za-z_]\w*)|file:(.+))$/

const noSecret = (reference: string, why: string) =>
	new AppError('invalid', `The secret ${reference} cannot be used: ${why}.`)

/** The secret that a reference names, without white space around it. Throws `invalid` if there is none. */
export function secretOf(
	reference: string,
	env: Readonly<Record<string, unknown>>,
	readFile?: (path: string) => string,
): string {
	const [, name, path] = secretReference.exec(reference) ?? []
	if (path !== undefined && readFile === undefined)
		throw noSecret(reference, 'there are no files here; bind it as a secret and name it as env:NAME')
	const text = path === undefined ? env[name ?? ''] : fileText(reference, path, readFile)
	const secret = typeof text === 'string' ? text.trim() : ''
	if (secret === '')
		throw noSecret(reference, path === undefined ? 'the variable is not set' : 'the file is empty')
	return secret
}

function fileText(reference: string, path: string, readFile: (path: string) => string = String): string {
	try {
		return readFile(path)
	} catch (error) {
		throw noSecret(reference, `the file cannot be read (${(error as { code?: string }).code ?? 'unknown'})`)
	}
}

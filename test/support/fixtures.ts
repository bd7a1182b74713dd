import { test } from 'vitest'
import { testContext } from './context.ts'
import { type TestServer, testServer } from './server.ts'

type Closable = { close(): Promise<void> }
type Cleanup = { onCleanup: (close: () => Promise<void>) => void }
// biome-ignore lint/suspicious/noExplicitAny: whatever the parameters are
export type ServerOf<Open extends (...parameters: any[]) => Promise<unknown>> = Awaited<ReturnType<Open>>

/** A fixture that `open` makes, closed after its last use. */
export const openedBy =
	<T extends Closable>(open: () => Promise<T>) =>
	// biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures that a fixture needs from its parameter
	async ({}, { onCleanup }: Cleanup): Promise<T> => {
		const opened = await open()
		onCleanup(() => opened.close())
		return opened
	}

/**
 * The test function of a file whose tests share one `server`: a fresh database with a fixed clock, opened for the first
 * hook or test that takes it and closed after the last. What one test writes, the next ones find.
 */
export const withServer = <S extends Closable = TestServer>(open?: () => Promise<S>) =>
	test.extend('server', { scope: 'file' }, openedBy((open ?? testServer) as () => Promise<S>))

/** The test function of a file each of whose tests has a `server` of its own. */
export const withServerPerTest = <S extends Closable = TestServer>(open?: () => Promise<S>) =>
	test.extend('server', openedBy((open ?? testServer) as () => Promise<S>))

/** The test function of a file whose tests share one context on a fresh database, with its `clock`. */
export const withContext = (open = testContext) =>
	test
		.extend('instance', { scope: 'file' }, openedBy(open))
		.extend('context', { scope: 'file' }, ({ instance }) => instance.context)
		.extend('clock', { scope: 'file' }, ({ instance }) => instance.clock)

/** The test function of a file each of whose tests has a context on a database of its own, with its `clock`. */
export const withContextPerTest = (open = testContext) =>
	test
		.extend('instance', openedBy(open))
		.extend('context', ({ instance }) => instance.context)
		.extend('clock', ({ instance }) => instance.clock)

/** The test function of a file whose tests call `open` with parameters of their own; what it opened is closed after each. */
export const withOpener = <P extends unknown[], T extends Closable>(
	opener: (...parameters: P) => Promise<T>,
) =>
	// biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures that a fixture needs from its parameter
	test.extend('open', async ({}, { onCleanup }) => {
		const opened: T[] = []
		onCleanup(async () => {
			for (const each of opened) await each.close()
		})
		return async (...parameters: P) => {
			const one = await opener(...parameters)
			opened.push(one)
			return one
		}
	})

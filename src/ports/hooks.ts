/** Takes a signed message of another system. Throws `unauthenticated` for a wrong signature, `invalid` for a wrong shape. */
export type Hook = (headers: Headers, body: Uint8Array<ArrayBuffer>) => Promise<Record<string, unknown>>

/** The systems that send messages. */
export const hookSources = ['mlflow', 'github'] as const
export type Hooks = Partial<Record<(typeof hookSources)[number], Hook>>

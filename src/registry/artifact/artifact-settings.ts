import { type S3, type S3Setting, s3Client } from './s3.ts'
import type { TrustedHosts } from './web-source.ts'

/** Where model files are kept and read from, as the environment says. */
export type ArtifactSettings = {
	/** `s3://bucket/prefix` or `file:folder`; absent: beside the database. */
	url: string | undefined
	s3: S3Setting | undefined
	/** The folder that `file:` URIs may lead into. */
	files: string | undefined
	hosts: TrustedHosts
}

export const s3Of = (
	{ s3 }: Pick<ArtifactSettings, 's3'>,
	context: { fetch: typeof fetch },
): S3 | undefined => s3 && s3Client(s3, context)

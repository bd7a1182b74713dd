import type { Context } from '../../context.ts'
import type { ArtifactSource } from '../../ports/artifacts.ts'
import { type ArtifactSettings, s3Of } from '../../registry/artifact/artifact-settings.ts'
import { artifactSource } from '../../registry/artifact/artifact-source.ts'
import { parseS3, s3Store } from '../../registry/artifact/s3.ts'
import { webSource } from '../../registry/artifact/web-source.ts'
import { anyFileSource, fileSource } from './file-source.ts'
import { folderStore } from './folder-store.ts'
import { publicFetch } from './public-fetch.ts'

/** Beside a database that is not a file. */
const defaultFolder = 'plumbline-artifacts'

/** The folder that artefacts are kept in; undefined when they are not kept in one. */
export function artifactFolder(settings: ArtifactSettings, databaseUrl: string): string | undefined {
	const { url } = settings
	if (url === undefined)
		return databaseUrl.startsWith('file:') ? `${databaseUrl.slice('file:'.length)}-artifacts` : defaultFolder
	return url.startsWith('file:') ? url.slice('file:'.length) : undefined
}

/** Beside a database that is a file, everything is on one machine; else the folder has to be named. */
function filesOf({ files }: ArtifactSettings, databaseUrl: string): ArtifactSource | undefined {
	if (files !== undefined) return fileSource(files)
	return databaseUrl.startsWith('file:') ? anyFileSource : undefined
}

/** The store of model files that the settings name, and where else they are read from. */
export function openArtifacts(
	settings: ArtifactSettings,
	databaseUrl: string,
): Pick<Context, 'artifacts' | 'artifactSource'> {
	const s3 = s3Of(settings, globalThis)
	const folder = artifactFolder(settings, databaseUrl)
	const place = parseS3(settings.url ?? '')
	const source = artifactSource({
		web: webSource(publicFetch(settings.hosts), settings.hosts),
		s3,
		file: filesOf(settings, databaseUrl),
	})
	if (folder !== undefined) return { artifacts: folderStore(folder), artifactSource: source }
	if (!s3 || !place) throw new Error('settings that name S3 have its credentials')
	return { artifacts: s3Store(s3, place), artifactSource: source }
}
